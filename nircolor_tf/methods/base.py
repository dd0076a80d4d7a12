"""What a method, one paper, hands to the trainer.

A method holds networks, declares the optimizers that own them, and returns its
schedule as phases. Each phase has a function from a batch to losses, one per
optimizer. The trainer builds the optimizers, takes the gradients and keeps the
checkpoints. It knows no paper, and a method knows no trainer.

Conventions: images are (B, H, W, C) in `config.data.value_range`; nir and gray
have one channel, rgb has three. Scalars are logged as '<network>/<term>'.
"""

import dataclasses
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Generic, TypeVar

import keras
from ml_collections import ConfigDict

from nircolor_tf.errors import InputError
from nircolor_tf.inference.steps import GuidedParameters, Steps
from nircolor_tf.methods.schedules import Schedule

Item = TypeVar("Item")
Batch = Mapping[str, keras.KerasTensor]
Losses = Mapping[str, keras.KerasTensor]
Scalars = Mapping[str, keras.KerasTensor]

CHANNELS = {"nir": 1, "gray": 1, "rgb": 3}


@dataclasses.dataclass(frozen=True)
class Phase:
    """One stage of a paper's training schedule.

    Attributes:
        name: Shown in logs and TensorBoard, e.g. 'paired'.
        steps: Length, in train steps.
        losses: `batch -> (losses, scalars)`, a pure forward pass: one loss per
            optimizer that updates in this phase, and what to log under
            '<network>/<term>'.
        optimizers: Names of those optimizers; every other network is frozen.
        data: Data sets it reads. One name gives that batch; several give
            `{name: batch}`.
        rates: Optimizer name -> learning rate as a function of the progress
            within the phase, 0..1.
    """

    name: str
    steps: int
    losses: Callable[[Batch], tuple[Losses, Scalars]]
    optimizers: tuple[str, ...]
    data: tuple[str, ...]
    rates: Mapping[str, Schedule]

    @property
    def kind(self) -> tuple:
        """Phases of one kind share a compiled step, as those that alternate."""
        return self.losses, self.optimizers


@dataclasses.dataclass(frozen=True)
class InferencePath:
    """One way through a method's networks, from an image to an image.

    Attributes:
        source: What goes in: 'nir' or 'gray', (B, H, W, 1).
        target: What comes out: 'rgb', (B, H, W, 3), or 'nir' or 'gray'.
        networks: Names of the networks on the way.
        run: source -> target, in the method's value range; H and W multiples
            of its `size_multiple`.
    """

    source: str
    target: str
    networks: tuple[str, ...]
    run: Callable[[keras.KerasTensor], keras.KerasTensor]


@dataclasses.dataclass(frozen=True)
class ErrorPath:
    """The way to the error that is expected of a colored image.

    Attributes:
        networks: Names of the networks on the way.
        run: NIR (B, H, W, 1) and its colors (B, H, W, 3), both in [0, 1] ->
            (B, H, W, 1): the mean absolute error that is expected of each
            pixel; H and W multiples of the method's `size_multiple`.
    """

    networks: tuple[str, ...]
    run: Callable[[keras.KerasTensor, keras.KerasTensor], keras.KerasTensor]


class Named(Mapping, Generic[Item]):
    """Items by name, each name given once; an unknown name lists those."""

    def __init__(self, kind: str):
        self._kind = kind
        self._items: dict[str, Item] = {}

    def add(self, name: str, item: Item) -> None:
        """Adds an item.

        Raises:
            ValueError: The name is in use.
        """
        if name in self._items:
            raise ValueError(f"two {self._kind}s are called {name!r}")
        self._items[name] = item

    def __getitem__(self, name: str) -> Item:
        if name not in self._items:
            raise KeyError(
                f"no {self._kind} called {name!r}; there are: "
                f"{', '.join(self._items) or 'none'}"
            )
        return self._items[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)


@dataclasses.dataclass(frozen=True)
class OptimizerSettings:
    """An optimizer as a method declares it; the trainer builds it.

    Attributes:
        networks: Names of the networks that it alone updates.
        settings: beta_1, beta_2, epsilon and weight_decay of Adam.
    """

    networks: tuple[str, ...]
    settings: ConfigDict


@dataclasses.dataclass
class Pool:
    """A history of generated images (Shrivastava et al., CVPR 2017).

    Attributes:
        channels: Of its images.
        exchange: (B, H, W, channels) -> as many images of the history, into
            which these go. Until the trainer puts a history here, the same
            images come back.
    """

    channels: int
    exchange: Callable[[keras.KerasTensor], keras.KerasTensor]


class Method(keras.Model):
    """A paper: its networks, losses, schedule and inference path.

    A subclass calls `add_network` and `add_optimizer` in `__init__`, returns
    its schedule from `phases()`, and writes the inference path in
    `call(nir) -> rgb`. It never takes a gradient: the training step does,
    once per optimizer, from the losses its phase returns.

    Attributes:
        config_keys: Top-level keys of the config that the class reads besides
            those of every config (configs/common.py).
        starts_from: Methods besides its own that a training can start from:
            their networks are some of its networks, by name.
        needs_start: Whether a training has to start from a trained model.
        config: The whole experiment, as its config file gave it.
        networks: Every network, in the order added.
        inference_networks: Names of the networks on its inference paths. They
            are averaged over steps, kept as best and exported.
        optimizers: Networks and settings of each optimizer.
        pools: Histories of generated images, which the trainer keeps.
        size_multiple: Height and width that `call` takes are multiples of it.
    """

    config_keys: tuple[str, ...] = ()
    starts_from: tuple[str, ...] = ()
    needs_start: bool = False

    def __init__(self, config: ConfigDict, size_multiple: int):
        # Under mixed precision every network casts what it takes.
        super().__init__(autocast=False)
        self.config = config
        self.size_multiple = size_multiple
        self.networks: Named[keras.Model] = Named("network")
        self.inference_networks: tuple[str, ...] = ()
        self.optimizers: Named[OptimizerSettings] = Named("optimizer")
        self.pools: Named[Pool] = Named("pool")

    def add_network(
        self,
        name: str,
        network: keras.Model,
        channels: int,
        *,
        inference: bool,
        size: int | None = None,
    ) -> keras.Model:
        """Builds `network` for (B, size, size, channels), and returns it.

        Without `size` it takes any height and width.
        """
        # `network.build(shape)` would create no weights for a subclassed model.
        network(keras.Input((size, size, channels)))
        self.networks.add(name, network)
        if inference:
            self.inference_networks += (name,)
        return network

    def add_optimizer(
        self, name: str, networks: tuple[str, ...], settings: ConfigDict
    ) -> None:
        """Declares the only optimizer that updates these networks."""
        self.optimizers.add(name, OptimizerSettings(networks, settings))

    def add_pool(self, name: str, channels: int) -> None:
        """Declares a history of generated images, which the trainer keeps."""
        self.pools.add(name, Pool(channels, exchange=lambda images: images))

    def pooled(self, name: str, images: keras.KerasTensor):
        """Returns images of that history, as many, and puts `images` into it.

        Raises:
            KeyError: `add_pool` did not declare it.
        """
        return self.pools[name].exchange(images)

    def load_pretrained(self, others: Collection[str] = ()) -> None:
        """Takes over weights from elsewhere, once, before the first step.

        What is made again from a checkpoint needs none of it. Networks that
        know where theirs come from have a method of this name.

        Args:
            others: Names of networks that get weights in another way.

        Raises:
            InputError: They cannot be had, or do not fit.
        """
        for name, network in self.networks.items():
            if name not in others and hasattr(network, "load_pretrained"):
                network.load_pretrained()

    def count_steps(self) -> int:
        """Returns the steps of all phases."""
        return sum(phase.steps for phase in self.phases())

    def inference_paths(self) -> Mapping[str, InferencePath]:
        """Returns every way in which it is used, by name; `call`'s is first."""
        return {
            "n2c": InferencePath("nir", "rgb", self.inference_networks, self)
        }

    def error_path(self) -> ErrorPath | None:
        """Returns the way to its expected error; None where it has none."""
        return None

    def inference_path(self, name: str | None) -> InferencePath:
        """Returns the inference path of that name; the first for None.

        Raises:
            InputError: There is none of that name.
        """
        paths = self.inference_paths()
        if name is None:
            return next(iter(paths.values()))
        if name not in paths:
            raise InputError(
                f"path {name!r}: {self.config.method} has none of that name; "
                f"expected one of {', '.join(paths)}"
            )
        return paths[name]

    def visuals(
        self, nir: keras.KerasTensor, rgb: keras.KerasTensor
    ) -> Mapping[str, keras.KerasTensor]:
        """Returns images worth watching beside the colorized one, by name.

        Args:
            nir: (B, H, W, 1), H and W multiples of `size_multiple`.
            rgb: (B, H, W, 3), its truth.
        """
        del nir, rgb
        return {}

    def variables_of(self, optimizer: str) -> list[keras.Variable]:
        """Returns the trainable variables that the named optimizer owns."""
        return [
            variable
            for name in self.optimizers[optimizer].networks
            for variable in self.networks[name].trainable_variables
        ]

    @classmethod
    def epoch_data(cls, config: ConfigDict) -> tuple[str, ...]:
        """Returns the data sets of which an epoch shows every image.

        Args:
            config: A whole experiment, with a section `schedule`.

        Returns:
            Some of 'paired' and 'unpaired'; the largest counts.
        """
        del config
        return ("paired",)

    def phases(self) -> tuple[Phase, ...]:
        """Returns the training schedule."""
        raise NotImplementedError

    def inference_steps(self) -> Steps:
        """Returns what inference does to an image around its networks."""
        inference = self.config.inference
        guided = None
        if inference.guided_radius:
            guided = GuidedParameters(
                inference.guided_radius, inference.guided_epsilon
            )
        return Steps(
            size_multiple=self.size_multiple,
            working_size=inference.working_size or None,
            mirror=inference.mirror,
            guided=guided,
            half_share=inference.half_share,
            least_mean=inference.least_mean,
            stretch=inference.stretch,
            whiten=inference.whiten,
        )
