"""Networks that one can work in one's head, and images of one color."""

import sys
from collections.abc import Mapping

import keras
import pytest
import smoke
import tensorflow as tf
from contract import shared_method

from nircolor_tf import losses
from nircolor_tf.methods import METHODS
from nircolor_tf.methods.base import Method
from nircolor_tf.training import build


class Affine:
    """gain * image + offset, of the image's first channel.

    Attributes:
        gain: A variable, so that what reaches the network can be asked for.
        offset: Likewise.
        channels: Of the output, all alike.
        non_trainable_variables: None; it treats every image alone.
    """

    non_trainable_variables = ()

    def __init__(self, gain: float, offset: float, channels: int = 1):
        self.gain, self.offset = tf.Variable(gain), tf.Variable(offset)
        self.channels = channels

    def __call__(self, image, training=False):
        del training
        image = self.gain * image[..., :1] + self.offset
        return tf.repeat(image, self.channels, axis=-1)


class Pyramid(Affine):
    """An Affine at a quarter, half and full size.

    At half the size the image is 0.1 brighter, at a quarter 0.2.
    """

    def __call__(self, image, training=False):
        image = super().__call__(image)
        return image[:, ::4, ::4] + 0.2, image[:, ::2, ::2] + 0.1, image


class Pointwise(keras.Model):
    """A 1x1 convolution, which is quick to make.

    Args:
        channels: Of the output.
        scales: At so many sizes, the coarsest first; 0: the image alone.
    """

    size_multiple = 32

    def __init__(self, channels: int, scales: int = 0):
        super().__init__()
        self.scales = scales
        self.convolution = keras.layers.Conv2D(channels, 1)

    def call(self, image, training=False):
        del training
        image = self.convolution(image)
        if not self.scales:
            return image
        factors = [2**scale for scale in reversed(range(self.scales))]
        return tuple(image[:, ::factor, ::factor] for factor in factors)


def without_networks(monkeypatch: pytest.MonkeyPatch, module) -> None:
    """The method of a module has these in place of its networks."""
    monkeypatch.setattr(
        module,
        "make_network",
        lambda config, key: Pointwise(
            config.get("output_channels", 1), config.get("scales", 0)
        ),
    )


def one_layer_method(
    monkeypatch: pytest.MonkeyPatch, name: str, variant: str
) -> Method:
    """A method on networks of one layer, with L1 for L_mix."""
    config = smoke.smoke_config(name, variant)
    module = sys.modules[METHODS[config.method].__module__]
    without_networks(monkeypatch, module)
    monkeypatch.setattr(losses, "mix", lambda *images: losses.l1(*images[:2]))
    return build.make_method(config)


def flat(side: int, *color: float):
    """An image of one color, (1, side, side, channels)."""
    return tf.broadcast_to(tf.constant(color), (1, side, side, len(color)))


def values(result) -> dict[str, float]:
    """The losses and the scalars that a phase returns, as numbers."""
    losses, scalars = result
    return {name: float(x) for name, x in {**losses, **scalars}.items()}


def gradients(losses, optimizer: str, networks, batch) -> list[float | None]:
    """Of an optimizer's loss in a phase, by the gain of each Affine."""
    gains = [network.gain for network in networks]
    with tf.GradientTape() as tape:
        total, _ = losses(batch)
    found = tape.gradient(total[optimizer], gains)
    return [None if each is None else float(each) for each in found]


def tiny_method(name: str) -> Method:
    """The method of a config file's smoke variant, one for all tests."""
    return shared_method(name, "smoke")


def experiment(
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    variant: str = "",
    networks: Mapping[str, Affine] | None = None,
    **weights: float,
) -> Method:
    """The losses and phases of a variant, on networks that are quick to make.

    Args:
        monkeypatch: Makes it a method of the smoke variant again.
        name: Of the method and its config file.
        variant: As published by default.
        networks: In place of the method's own, by attribute.
        weights: In place of those in config.loss.
    """
    method, config = tiny_method(name), smoke.load_config(name, variant)
    config.loss.update(weights)
    monkeypatch.setattr(method, "config", config)
    for attribute, network in (networks or {}).items():
        monkeypatch.setattr(method, attribute, network)
        monkeypatch.setitem(method.networks._items, attribute, network)
    return method
