"""Where the examples of a batch come from: sources of single examples.

A source gives the example that comes as a number since the start of training.
Everything random about it is a function of the seed and that number, so that a
resumed training sees the batches that it would have seen.
"""

import functools
from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf
from ml_collections import ConfigDict

# Keeps the draw of a mixture's source apart from the draws of its examples.
_MIXTURE = 500_009


class Source:
    """What batches come from."""

    def example(
        self, number, config: ConfigDict, seed: int
    ) -> dict[str, tf.Tensor]:
        """The example that comes as the given number since the start.

        Args:
            number: int64.
            config: config.data.
            seed: Of the shuffle and of every augmentation.

        Returns:
            Images, float32 in config.value_range.
        """
        raise NotImplementedError

    def batches(
        self,
        config: ConfigDict,
        seed: int,
        start_step: int,
        context: tf.distribute.InputContext | None = None,
    ) -> tf.data.Dataset:
        """An endless data set of augmented batches.

        Args:
            config: config.data.
            seed: Of the shuffle and of every augmentation.
            start_step: The first batch is that of this train step.
            context: Of one of several processes that share each batch; for
                this one come only its parts, one for each of its devices.
                None: whole batches.

        Returns:
            Batches of examples.
        """
        context = context or tf.distribute.InputContext()
        share = config.batch_size // context.num_input_pipelines
        first = context.input_pipeline_id * share
        counts = tf.data.Dataset.range(
            start_step * share, np.iinfo(np.int64).max
        )
        examples = counts.map(
            self._graph(config, seed, share, first),
            num_parallel_calls=tf.data.AUTOTUNE,
            deterministic=True,
        )
        size = context.get_per_replica_batch_size(config.batch_size)
        batches = examples.batch(size, drop_remainder=True)
        return batches.prefetch(tf.data.AUTOTUNE)

    @functools.cached_property
    def _graphs(self) -> dict[tuple, Callable]:
        return {}

    def _graph(
        self, config: ConfigDict, seed: int, share: int, first: int
    ) -> Callable:
        """Returns the example of a count, traced once for all phases.

        Phases that alternate, an epoch each, open their data hundreds of times.

        Args:
            config: As of `batches`.
            seed: Likewise.
            share: Examples of a batch that this process makes.
            first: The first of these.
        """
        key = config.to_json(), seed, share, first
        if key not in self._graphs:

            def example(count):
                step, place = count // share, count % share
                number = step * config.batch_size + first + place
                return self.example(number, config, seed)

            signature = [tf.TensorSpec([], tf.int64)]
            self._graphs[key] = tf.function(example, input_signature=signature)
        return self._graphs[key]


class Mixture(Source):
    """Examples of several sources, drawn by chance.

    The number of an example is that of its source, too. A source with a share
    of 0.3 gives 0.3 of its numbers: of its images, as many in each of its
    epochs, by chance, and the others in the next.

    Args:
        sources: Where they come from, one or more.
        shares: Of each, 0 or more, not all 0.
    """

    def __init__(self, sources: Sequence[Source], shares: Sequence[float]):
        self._sources = tuple(sources)
        # Of the last source there is no limit, whatever the rounding.
        self._limits = np.cumsum(shares)[:-1] / np.sum(shares)

    def example(self, number, config, seed):
        """As that of the source that is drawn."""
        place = tf.stack([seed + _MIXTURE, tf.cast(number, tf.int32)])
        draw = tf.random.stateless_uniform([], place)
        limits = tf.constant(self._limits, tf.float32)
        return tf.switch_case(
            tf.reduce_sum(tf.cast(draw >= limits, tf.int32)),
            [
                functools.partial(source.example, number, config, seed)
                for source in self._sources
            ],
        )


class Zoomed(Source):
    """Examples of a source at a scale of its own.

    Args:
        source: Where they come from.
        zoom: Takes the place of `config.zoom`.
    """

    def __init__(self, source: Source, zoom: tuple[float, float]):
        self._source, self._zoom = source, zoom

    def example(self, number, config, seed):
        """As that of the source, at this zoom."""
        own = config.copy_and_resolve_references()
        with own.unlocked():
            own.zoom = tuple(self._zoom)
        return self._source.example(number, own, seed)
