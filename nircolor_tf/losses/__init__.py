"""Loss functions: pure, from tensors to a scalar mean over the batch.

The losses of images take `prediction` and `truth` of shape (B, H, W, C) in one
value range `(low, high)`; those that need its width take `value_range`. The
adversarial ones take logits.
"""

from nircolor_tf.losses.colors import luminance
from nircolor_tf.losses.games import (
    GAN_LOSSES,
    GanLoss,
    gan_loss,
    least_squares_discriminator,
    least_squares_generator,
    log_discriminator,
    log_generator,
    non_saturating_generator,
)
from nircolor_tf.losses.mixed import MIX_LOSSES, mix, zhao_mix
from nircolor_tf.losses.pixelwise import (
    chroma_l1,
    l1,
    l2,
    l2_penalty,
    laplace,
    pixel,
)
from nircolor_tf.losses.registration import align, check_shift
from nircolor_tf.losses.structure import (
    SSIM_WINDOW,
    ms_ssim,
    pyramid_mix,
    window_weights,
)

__all__ = [
    "GAN_LOSSES",
    "MIX_LOSSES",
    "SSIM_WINDOW",
    "GanLoss",
    "align",
    "check_shift",
    "chroma_l1",
    "gan_loss",
    "l1",
    "l2",
    "l2_penalty",
    "laplace",
    "least_squares_discriminator",
    "least_squares_generator",
    "log_discriminator",
    "log_generator",
    "luminance",
    "mix",
    "ms_ssim",
    "non_saturating_generator",
    "pixel",
    "pyramid_mix",
    "window_weights",
    "zhao_mix",
]
