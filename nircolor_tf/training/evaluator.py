"""Measures a method on whole validation images during training."""

import contextlib
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import tensorflow as tf
from ml_collections import ConfigDict

from nircolor_tf.data import example_images
from nircolor_tf.data.manifest import Example
from nircolor_tf.data.value_range import from_range, to_range
from nircolor_tf.errors import InputError
from nircolor_tf.images import conversions, grid
from nircolor_tf.inference import resizing
from nircolor_tf.methods.base import Method
from nircolor_tf.metrics import protocols
from nircolor_tf.training import build

# Of the shorter side of an image in a grid, px.
_GRID_SIDE = 512


class EvaluationStoppedError(Exception):
    """It was asked to stop."""


class Evaluator:
    """Measures a method on validation images of any size.

    Args:
        method: Evaluated with the weights it has at the time.
        examples: Pairs; few are decoded once and kept.
        config: config.evaluate: protocols, grid_images, and paths: which
            inference paths to measure besides the method's own.

    Attributes:
        method: As it was given.

    Raises:
        InputError: The method has no such path, or an image is bad.
    """

    def __init__(
        self, method: Method, examples: Sequence[Example], config: ConfigDict
    ):
        self._config = config
        self.method = method
        # The method's own path, whose metrics have no prefix, and the others.
        self._paths = [
            (
                f"{name}/" if name else "",
                method.inference_path(name),
                build.make_colorizer(method, name),
            )
            for name in (None, *config.paths)
        ]
        self._pairs = example_images.open_pairs(examples)
        self._examples = examples

    def evaluate(
        self, is_stopped: Callable[[], bool] = lambda: False
    ) -> tuple[dict[str, float], dict[str, np.ndarray]]:
        """Colorizes every image.

        Args:
            is_stopped: Is asked before each image; True ends it.

        Returns:
            What `protocols.summarize` returns, as '<protocol>/<metric>', and
            as '<path>/<protocol>/<metric>' for the further paths; and
            grids (H, W, 3) uint8 of the first images by name, if any: NIR,
            colorized, truth, and the method's `visuals` where it has any.

        Raises:
            EvaluationStoppedError: It was ended.
        """
        keys = [
            f"{prefix}{protocol}"
            for prefix, _, _ in self._paths
            for protocol in self._config.protocols
        ]
        measurements = {key: [] for key in keys}
        pixels, rows = [], []
        for example, (nir, rgb) in zip(
            self._examples, self._pairs, strict=True
        ):
            if is_stopped():
                raise EvaluationStoppedError
            domains = conversions.domains(nir.unit, rgb.unit)
            pixels.append(example.height * example.width)
            for prefix, path, run in self._paths:
                source, truth = domains[path.source], domains[path.target]
                with _failures_named(example):
                    result = run(source)
                    for protocol in self._config.protocols:
                        measurements[f"{prefix}{protocol}"].append(
                            protocols.measure(result, truth, protocol)
                        )
                if not prefix and len(rows) < self._config.grid_images:
                    rows.append([_tile(one) for one in (source, result, truth)])
        metrics = {
            f"{key}/{metric}": value
            for key, each in measurements.items()
            for metric, value in protocols.summarize(each, pixels).items()
        }
        return metrics, self._grids(rows)

    def _grids(self, rows: list[list]) -> dict[str, np.ndarray]:
        """Returns the grids of the first images, with their visuals."""
        if not rows:
            return {}
        labels = [example.name for example in self._examples[: len(rows)]]
        headings = ("NIR", "colorized", "truth")
        grids = {", ".join(headings): grid.image_grid(rows, labels, headings)}
        visuals = []
        for index, example in enumerate(self._examples[: len(rows)]):
            nir, rgb = self._pairs[index]
            with _failures_named(example):
                visuals.append(self._visuals(nir.unit, rgb.unit))
        if all(visuals):
            headings = tuple(visuals[0])
            rows = [[_tile(one) for one in row.values()] for row in visuals]
            grids["visuals"] = grid.image_grid(rows, labels, headings)
        return grids

    def _visuals(self, nir: np.ndarray, truth: np.ndarray) -> dict:
        """The method's visuals of one pair, cut to the size it takes."""
        steps = self.method.inference_steps()
        nir, truth = (
            resizing.shrink_to_side(image, steps.working_size)
            for image in (nir, truth)
        )
        height, width = (
            side - side % steps.size_multiple for side in nir.shape[:2]
        )
        if not height or not width:
            return {}
        value_range = self.method.config.data.value_range
        pair = [
            to_range(image[None, :height, :width], value_range)
            for image in (nir, truth)
        ]
        return {
            name: np.clip(from_range(np.asarray(image[0]), value_range), 0, 1)
            for name, image in self.method.visuals(*pair).items()
        }


@contextlib.contextmanager
def _failures_named(example: Example) -> Iterator[None]:
    """Names the image where it cannot be colorized or measured."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{example.nir}: {error}") from error
    except tf.errors.ResourceExhaustedError as error:
        raise InputError(
            f"{example.nir}: {example.width}x{example.height} pixels do not "
            "fit into the memory of the device; expected smaller images in "
            "config.evaluate.split, or a config.inference.working_size"
        ) from error


def _tile(image: np.ndarray) -> np.ndarray:
    return resizing.shrink_to_side(image, _GRID_SIDE).clip(0, 1)
