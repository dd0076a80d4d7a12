"""Functions that the methods with discriminators share."""

from typing import NamedTuple

import keras
from keras import ops

from nircolor_tf import losses
from nircolor_tf.methods.base import Losses, Method, Scalars


def cycle_losses(
    method: Method, nir, rgb, fake_nir, fake_rgb, pair: Scalars
) -> tuple[Losses, Scalars]:
    """A CycleGAN's total: GAN, cycle and pair terms, and the discriminators'.

    Source: Zhu et al., ICCV 2017, eq. 1-3; with the pair terms Yang & Chen,
    VCIP 2020, eq. 1, 2 and 5.

    Args:
        method: Has colorizer, rgb_to_nir, a discriminator of either domain,
            `gan`, a losses.GanLoss, and the weights gan, cycle, pair and
            discriminator in config.loss.
        nir: (B, H, W, 1).
        rgb: (B, H, W, 3), of the same scenes or not.
        fake_nir: rgb_to_nir(rgb).
        fake_rgb: colorizer(nir).
        pair: The pair terms, '<network>/pair' -> scalar; may be empty.

    Returns:
        The losses of generator_optimizer and discriminator_optimizer, and
        every term.
    """
    weights = method.config.loss
    cycled_nir = method.rgb_to_nir(fake_rgb, training=True)
    cycled_rgb = method.colorizer(fake_nir, training=True)
    cycle = {  # eq. 2
        "rgb_to_nir/cycle": losses.l1(cycled_nir, nir),
        "colorizer/cycle": losses.l1(cycled_rgb, rgb),
    }
    rgb_logits = method.rgb_discriminator(fake_rgb, training=False)
    nir_logits = method.nir_discriminator(fake_nir, training=False)
    gan = {  # eq. 1, as the generators see it
        "colorizer/gan": method.gan.generator(rgb_logits),
        "rgb_to_nir/gan": method.gan.generator(nir_logits),
    }
    generators = (
        weights.gan * sum(gan.values())
        + weights.cycle * sum(cycle.values())
        + weights.pair * sum(pair.values())
    )
    rgb_loss, rgb_scalars = judge(method, "rgb", rgb, fake_rgb)
    nir_loss, nir_scalars = judge(method, "nir", nir, fake_nir)
    return {
        "generator_optimizer": generators,
        "discriminator_optimizer": weights.discriminator
        * (rgb_loss + nir_loss),
    }, {**gan, **cycle, **pair, **rgb_scalars, **nir_scalars}


class Translations(NamedTuple):
    """What two translators make of a NIR and a gray image.

    Attributes:
        gray: (B, H, W, 1), of the NIR image.
        nir: (B, H, W, 1), of the gray image.
        same_gray: (B, H, W, 1), by the way to gray of the gray image.
        same_nir: (B, H, W, 1), by the way to NIR of the NIR image.
    """

    gray: keras.KerasTensor
    nir: keras.KerasTensor
    same_gray: keras.KerasTensor
    same_nir: keras.KerasTensor


def translate(nir_to_gray, gray_to_nir, nir, gray) -> Translations:
    """Translates a NIR and a gray image there, and each into itself.

    Args:
        nir_to_gray: (B, H, W, 1) -> the same shape.
        gray_to_nir: Likewise.
        nir: (B, H, W, 1).
        gray: (B, H, W, 1), of the same scenes or not.
    """
    translated_gray, same_gray = in_one_call(nir_to_gray, nir, gray)
    translated_nir, same_nir = in_one_call(gray_to_nir, gray, nir)
    return Translations(translated_gray, translated_nir, same_gray, same_nir)


def translation_losses(
    method: Method, nir_to_gray, gray_to_nir, nir, gray, made: Translations
) -> tuple[Losses, Scalars]:
    """A CycleGAN between NIR and gray, with identity terms.

    Source: MPFNet's eq. 1; CoColor's eq. 5, 7, 9 and 10; Zhu et al., ICCV
    2017, eq. 1, 2 and section 5.2.

    Args:
        method: Has nir_discriminator, gray_discriminator, `gan`, a
            losses.GanLoss, and the weights image_gan, cycle, identity and
            discriminator in config.loss.
        nir_to_gray: (B, H, W, 1) -> the same shape.
        gray_to_nir: Likewise.
        nir: (B, H, W, 1).
        gray: (B, H, W, 1), of the same scenes or not.
        made: `translate` of these.

    Returns:
        The losses of translator_optimizer and image_discriminator_optimizer,
        and every term.
    """
    weights = method.config.loss
    nir_logits = method.nir_discriminator(made.nir, training=False)
    gray_logits = method.gray_discriminator(made.gray, training=False)
    image_gan = {
        # CoColor's eq. 5 and 7; two terms of MPFNet's eq. 1.
        "gray_to_nir/gan": method.gan.generator(nir_logits),
        "nir_to_gray/gan": method.gan.generator(gray_logits),
    }
    cycle = {  # CoColor's eq. 9; L_cyc in MPFNet's eq. 1
        "nir_to_gray/cycle": losses.l1(nir_to_gray(made.nir), gray),
        "gray_to_nir/cycle": losses.l1(gray_to_nir(made.gray), nir),
    }
    identity = {  # CoColor's eq. 10; L_idt in MPFNet's eq. 1
        "nir_to_gray/identity": losses.l1(made.same_gray, gray),
        "gray_to_nir/identity": losses.l1(made.same_nir, nir),
    }
    translators = (
        weights.image_gan * sum(image_gan.values())
        + weights.cycle * sum(cycle.values())
        + weights.identity * sum(identity.values())
    )
    nir_loss, nir_scalars = judge(method, "nir", nir, made.nir)
    gray_loss, gray_scalars = judge(method, "gray", gray, made.gray)
    return {
        "translator_optimizer": translators,
        "image_discriminator_optimizer": weights.discriminator
        * (nir_loss + gray_loss),
    }, {**image_gan, **cycle, **identity, **nir_scalars, **gray_scalars}


def in_one_call(network, first, second) -> tuple:
    """The outputs for two batches, whose weights are read once.

    Only for networks that treat every image alone, such as those with
    InstanceNorm.
    """
    return tuple(ops.split(network(ops.concatenate([first, second])), 2))


def judge(method: Method, domain: str, real, fake) -> tuple:
    """What the discriminator of a domain minimises.

    It sees real and generated images in one call, so that its spectral norms
    are estimated once a step. The generated ones come from the method's pool
    'fake_<domain>' and pass no gradient to the generator.

    Args:
        method: Has a network '<domain>_discriminator' and `gan`, the game.
        domain: 'rgb', say.
        real: (B, H, W, C).
        fake: (B, H, W, C), generated in this step.

    Returns:
        The loss, a scalar, and scalars to log: it, and the mean logits, whose
        distance says who is winning.
    """
    name = f"{domain}_discriminator"
    fake = method.pooled(f"fake_{domain}", ops.stop_gradient(fake))
    both = ops.concatenate([real, fake])
    logits = getattr(method, name)(both, training=True)
    real_logits, fake_logits = ops.split(logits, 2)
    loss = method.gan.discriminator(real_logits, fake_logits)
    scalars: Scalars = {
        f"{name}/gan": loss,
        f"{name}/real_logits": ops.mean(real_logits),
        f"{name}/fake_logits": ops.mean(fake_logits),
    }
    return loss, scalars


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


def path_visuals(method: Method, nir, rgb) -> dict:
    """Every inference path, of a NIR image and of the gray of its RGB."""
    sources = {"nir": nir, "gray": losses.luminance(rgb)}
    return sources | {
        name: path.run(sources[path.source])
        for name, path in method.inference_paths().items()
    }
