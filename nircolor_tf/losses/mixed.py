"""L_mix: MS-SSIM and L1, as Zhao et al. compute it, and as a pyramid."""

from keras import ops

from nircolor_tf.errors import InputError
from nircolor_tf.losses.structure import pyramid_mix
from nircolor_tf.losses.windows import blur_within

# Zhao et al. 2016, section III-C: the Gaussians of the five scales.
SIGMAS = (0.5, 1.0, 2.0, 4.0, 8.0)
# Windows of 33x33 pixels.
REACH = 16
K_1, K_2 = 0.01, 0.03


def zhao_mix(prediction, truth, value_range: tuple[float, float], alpha: float):
    """L_mix = alpha (1 - l prod cs_i) + (1 - alpha) G |x - y|; 0 is ideal.

    cs_i is the contrast-structure term of SSIM under the Gaussian window of
    the i-th sigma, at full resolution; l the luminance term of the widest; G
    the widest itself, around every pixel. No term has an exponent. The mean
    is over pixels, channels and images. Values count as if they were in [0, 1],
    as theirs are: in (-1, 1) the error is halved.

    Source: Zhao, Gallo, Frosio & Kautz, Loss Functions for Image Restoration
    with Neural Networks, IEEE TCI 2016, eq. 7 to 14, alpha 0.84 there. Their
    code takes one pixel of a patch, with windows that end where the patch
    does and are scaled to sum to 1; so it is here at the border of an image,
    and in one that is smaller than the windows.

    Args:
        prediction: (B, H, W, C) with H and W known, of any size.
        truth: The same shape.
        value_range: (low, high) of both.
        alpha: The share of MS-SSIM, 0 to 1.
    """
    low, high = value_range
    span = high - low
    c_1, c_2 = (K_1 * span) ** 2, (K_2 * span) ** 2
    # Rounding of the variances is smallest around 0.
    middle = (low + high) / 2
    centered = prediction - middle, truth - middle
    moments = ops.concatenate(
        [
            *centered,
            centered[0] * centered[1],
            centered[0] ** 2 + centered[1] ** 2,
        ],
        axis=-1,
    )
    contrast = 1.0
    for sigma in SIGMAS:
        mean_p, mean_t, product, squares = ops.split(
            blur_within(moments, sigma, REACH), 4, axis=-1
        )
        covariance = product - mean_p * mean_t
        variances = squares - mean_p**2 - mean_t**2
        contrast *= (2 * covariance + c_2) / (variances + c_2)
    mean_p, mean_t = mean_p + span / 2, mean_t + span / 2
    light = (2 * mean_p * mean_t + c_1) / (mean_p**2 + mean_t**2 + c_1)
    error = blur_within(ops.abs(prediction - truth), SIGMAS[-1], REACH)
    return (
        alpha * (1.0 - ops.mean(light * contrast))
        + (1.0 - alpha) * ops.mean(error) / span
    )


MIX_LOSSES = {"pyramid": pyramid_mix, "zhao": zhao_mix}


def mix(
    prediction,
    truth,
    value_range: tuple[float, float],
    alpha: float,
    form: str,
):
    """The mixture of MS-SSIM and L1 that config.loss.mix_form names.

    Args:
        prediction: (B, H, W, C) with H and W known.
        truth: The same shape.
        value_range: (low, high) of both.
        alpha: The share of MS-SSIM, 0 to 1.
        form: 'zhao' or 'pyramid'.

    Raises:
        InputError: The form is unknown.
    """
    if form not in MIX_LOSSES:
        raise InputError(
            f"config.loss.mix_form is {form!r}; expected one of "
            f"{', '.join(MIX_LOSSES)}"
        )
    return MIX_LOSSES[form](prediction, truth, value_range, alpha)
