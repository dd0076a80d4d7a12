"""The seam: what a method (one paper) hands to the shared trainer."""

import dataclasses
from collections.abc import Callable, Mapping

import keras
from ml_collections import ConfigDict

from nircolor_tf.errors import InputError
from nircolor_tf.inference.steps import Steps

Batch = Mapping[str, keras.KerasTensor]
Losses = Mapping[str, keras.KerasTensor]
Scalars = Mapping[str, keras.KerasTensor]
Schedule = Callable[[float], float]

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


class Method(keras.Model):
    """A paper: its networks, losses, schedule and inference path.

    A subclass calls `add_network` and `add_optimizer` in `__init__`, returns
    its schedule from `phases()`, and writes the inference path in
    `call(nir) -> rgb`. It never takes a gradient: the training step does,
    once per optimizer, from the losses its phase returns.

    Attributes:
        config: The whole experiment, as its config file gave it.
        network_names: Every network, in the order added.
        inference_networks: Those that its inference paths use: what is
            averaged over steps, kept as best and exported.
        size_multiple: Height and width that `call` takes are multiples of it.
        pool_channels: Each history of generated images that it needs
            (Shrivastava et al., CVPR 2017), and their channels.
        pools: Those histories; filled in by the trainer.
    """

    def __init__(self, config: ConfigDict, size_multiple: int):
        # Under mixed precision every network casts what it takes.
        super().__init__(autocast=False)
        self.config = config
        self.size_multiple = size_multiple
        self.network_names: tuple[str, ...] = ()
        self.inference_networks: tuple[str, ...] = ()
        self.optimizer_networks: dict[str, tuple[str, ...]] = {}
        self.pool_channels: dict[str, int] = {}
        self.pools: dict[str, Callable] = {}

    def add_network(
        self,
        name: str,
        network: keras.Model,
        channels: int,
        *,
        inference: bool,
        size: int | None = None,
    ) -> None:
        """Builds `network` for (B, size, size, channels), stored as `name`.

        Without `size` it takes any height and width.
        """
        # `network.build(shape)` would create no weights for a subclassed model.
        network(keras.Input((size, size, channels)))
        setattr(self, name, network)
        self.network_names += (name,)
        if inference:
            self.inference_networks += (name,)

    def add_optimizer(
        self,
        name: str,
        optimizer: keras.optimizers.Optimizer,
        networks: tuple[str, ...],
    ) -> None:
        """Stores `optimizer` as the only one that updates `networks`."""
        setattr(self, name, optimizer)
        self.optimizer_networks[name] = tuple(networks)
        optimizer.build(self.variables_of(name))

    def add_pool(self, name: str, channels: int) -> None:
        """Declares a history of generated images, which the trainer keeps."""
        self.pool_channels[name] = channels

    def pooled(self, name: str, images: keras.KerasTensor):
        """Returns images of that history, as many, and puts `images` into it.

        Outside the trainer there is no history: `images` come back.
        """
        return self.pools[name](images) if name in self.pools else images

    def load_pretrained(self) -> None:
        """Takes over weights from elsewhere, once, before the first step.

        What is made again from a checkpoint needs none of it.

        Raises:
            InputError: They cannot be had, or do not fit.
        """

    def inference_paths(self) -> Mapping[str, InferencePath]:
        """Returns every way in which it is used, by name; `call`'s is first."""
        return {
            "n2c": InferencePath("nir", "rgb", self.inference_networks, self)
        }

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
        names = self.optimizer_networks[optimizer]
        return [v for n in names for v in getattr(self, n).trainable_variables]

    def phases(self) -> tuple[Phase, ...]:
        """Returns the training schedule."""
        raise NotImplementedError

    def inference_steps(self) -> Steps:
        """Returns what inference does to an image around its networks."""
        return Steps(
            size_multiple=self.size_multiple,
            minimum_size=self.size_multiple,
            working_size=self.config.inference.working_size or None,
        )
