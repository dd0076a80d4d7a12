"""Functions of networks and images that adversarial methods share.

What a paper adds up, with which weights, stands in the paper's own file.
"""

from collections.abc import Mapping
from typing import NamedTuple

import keras
from keras import ops
from ml_collections import ConfigDict

from nircolor_tf.errors import InputError
from nircolor_tf.losses import GanLoss, luminance
from nircolor_tf.methods.base import InferencePath, Method, Scalars


class Translations(NamedTuple):
    """What two translators make of a NIR and a gray image.

    Attributes:
        gray: X_N2G, the NIR image translated to gray, (B, H, W, 1).
        nir: X_G2N, the gray image translated to NIR, likewise.
        same_gray: The gray image, translated to gray.
        same_nir: The NIR image, translated to NIR.
    """

    gray: keras.KerasTensor
    nir: keras.KerasTensor
    same_gray: keras.KerasTensor
    same_nir: keras.KerasTensor


def judge(
    name: str, discriminator: keras.Model, gan: GanLoss, real, fake
) -> tuple[keras.KerasTensor, Scalars]:
    """What a discriminator minimises.

    It sees real and generated images in one call, so that its spectral norms
    are estimated once a step. The generated ones pass no gradient to the
    generator.

    Args:
        name: Of the discriminator, for the scalars.
        discriminator: (B, H, W, C) -> logits.
        gan: The game.
        real: (B, H, W, C).
        fake: (B, H, W, C), generated in this step or taken from a history.

    Returns:
        The loss, a scalar, and scalars to log: it, and the mean logits, whose
        distance says who is winning.
    """
    images = ops.concatenate([real, ops.stop_gradient(fake)])
    logits = discriminator(images, training=True)
    real_logits, fake_logits = ops.split(logits, 2)
    loss = gan.discriminator(real_logits, fake_logits)
    return loss, {
        f"{name}/gan": loss,
        f"{name}/real_logits": ops.mean(real_logits),
        f"{name}/fake_logits": ops.mean(fake_logits),
    }


def judge_all(
    method: Method, images: Mapping[str, tuple]
) -> tuple[keras.KerasTensor, Scalars]:
    """The sum of what several discriminators of a method minimise.

    Args:
        method: Has them as attributes, and its game as `gan`.
        images: Real and generated ones, as of `judge`, by the attribute.

    Returns:
        The sum, and the scalars of all.
    """
    total, scalars = 0.0, {}
    for name, (real, fake) in images.items():
        discriminator = getattr(method, name)
        loss, logged = judge(name, discriminator, method.gan, real, fake)
        total, scalars = total + loss, scalars | logged
    return total, scalars


def check_alone(network: keras.Model, config: ConfigDict) -> None:
    """Refuses a network that `in_one_call` would change.

    Args:
        network: Has its variables.
        config: Its section.

    Raises:
        InputError: It has a state, as with BatchNorm: what it makes of an image
            may depend on the others of its batch.
    """
    if network.non_trainable_variables:
        raise InputError(
            f"config.network, {config.name!r}: has BatchNorm or dropout; "
            "expected a network that treats every image alone"
        )


def in_one_call(network: keras.Model, first, second) -> tuple:
    """Runs a network in training on two batches, and reads its weights once.

    Args:
        network: As `check_alone` asks for.
        first: (B, H, W, C).
        second: The same shape.

    Returns:
        What the network returns for the first batch, and for the second.
    """
    outputs = network(ops.concatenate([first, second]), training=True)

    def half(index):
        return keras.tree.map_structure(
            lambda image: ops.split(image, 2)[index], outputs
        )

    return half(0), half(1)


def cycle_visuals(colorizer, rgb_to_nir, nir, rgb) -> dict:
    """Both directions of a CycleGAN, there and back, of one pair."""
    fake_rgb, fake_nir = colorizer(nir), rgb_to_nir(rgb)
    return {
        "nir": nir,
        "fake rgb": fake_rgb,
        "cycled nir": rgb_to_nir(fake_rgb),
        "rgb": rgb,
        "fake nir": fake_nir,
        "cycled rgb": colorizer(fake_nir),
    }


def path_visuals(paths: Mapping[str, InferencePath], nir, rgb) -> dict:
    """What every inference path makes of a NIR image or of the gray of RGB.

    Args:
        paths: By name.
        nir: (B, H, W, 1).
        rgb: (B, H, W, 3).
    """
    sources = {"nir": nir, "gray": luminance(rgb)}
    return sources | {
        name: path.run(sources[path.source]) for name, path in paths.items()
    }
