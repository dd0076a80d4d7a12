"""Adversarial games: what generator and discriminator minimise.

They take logits of any shape: the raw outputs of a discriminator, one per
patch or per image.
"""

import dataclasses
from collections.abc import Callable

from keras import ops

from nircolor_tf.errors import InputError


@dataclasses.dataclass(frozen=True)
class GanLoss:
    """What the two players of one adversarial game minimise.

    Attributes:
        discriminator: (real_logits, fake_logits) -> scalar.
        generator: fake_logits -> scalar.
    """

    discriminator: Callable
    generator: Callable


def least_squares_discriminator(real_logits, fake_logits):
    """(D(real) - 1)^2 + D(fake)^2; Zhu et al., CycleGAN, ICCV 2017, section 4.

    Mao et al., LSGAN, ICCV 2017, have half of it.
    """
    return ops.mean(ops.square(real_logits - 1.0)) + ops.mean(
        ops.square(fake_logits)
    )


def least_squares_generator(fake_logits):
    """(D(fake) - 1)^2; CycleGAN, section 4; LSGAN has half of it."""
    return ops.mean(ops.square(fake_logits - 1.0))


def log_discriminator(real_logits, fake_logits):
    """-log D(real) - log(1 - D(fake)), D the sigmoid of the logits.

    Source: Goodfellow et al. 2014, eq. 1; ATCycleGAN's and DCGAN's eq. 1.
    """
    return ops.mean(ops.softplus(-real_logits)) + ops.mean(
        ops.softplus(fake_logits)
    )


def log_generator(fake_logits):
    """log(1 - D(fake)): the game as the papers write it; at most 0.

    Its gradient vanishes where the discriminator is sure (Goodfellow et al.
    2014, section 3). Source: ATCycleGAN's eq. 1, DCGAN's eq. 2.
    """
    return -ops.mean(ops.softplus(fake_logits))


def non_saturating_generator(fake_logits):
    """-log D(fake): the same fixed point as `log_generator`, more gradient.

    Source: Goodfellow et al. 2014, section 3.
    """
    return ops.mean(ops.softplus(-fake_logits))


GAN_LOSSES = {
    "least_squares": GanLoss(
        least_squares_discriminator, least_squares_generator
    ),
    "log": GanLoss(log_discriminator, log_generator),
    "non_saturating": GanLoss(log_discriminator, non_saturating_generator),
}


def gan_loss(form: str) -> GanLoss:
    """Returns the game that config.gan.form names.

    Raises:
        InputError: The form is unknown.
    """
    if form not in GAN_LOSSES:
        raise InputError(
            f"config.gan.form is {form!r}; expected one of "
            f"{', '.join(sorted(GAN_LOSSES))}"
        )
    return GAN_LOSSES[form]
