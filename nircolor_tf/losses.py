"""Loss functions: pure, from tensors to a scalar mean over the batch.

The pixel losses take `prediction` and `truth` of shape (B, H, W, C) in one
value range `(low, high)`; those that need its width take `value_range`. The
adversarial ones take logits of any shape: the raw outputs of a discriminator,
one per patch or per image.
"""

import dataclasses
import itertools
import math
from collections.abc import Callable

import numpy as np
from keras import ops

from nircolor_tf.errors import InputError

# Wang, Simoncelli & Bovik 2003: weights of the five scales, finest first.
MS_SSIM_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
SSIM_WINDOW = 11
SSIM_SIGMA = 1.5
# Noise is no edge; with a wider window small crops were aligned less well.
EDGE_WINDOW = 5
EDGE_SIGMA = 1.0


def l1(prediction, truth):
    """Mean absolute error."""
    return ops.mean(ops.abs(prediction - truth))


def l2(prediction, truth):
    """Mean squared error.

    ColorNet's eq. 4 and 5, as a mean where the paper has a sum, so that the
    learning rate does not depend on the crop.
    """
    return ops.mean(ops.square(prediction - truth))


def l2_penalty(variables):
    """Half the sum of squares: its gradient is the variables themselves.

    What 'weight decay' meant before AdamW parted the two (Loshchilov & Hutter
    2019): Adam scales it as any gradient.

    Args:
        variables: Of any shapes.
    """
    return 0.5 * sum(ops.sum(ops.square(variable)) for variable in variables)


def chroma_l1(prediction, truth):
    """Mean absolute error of color less luminance (BT.601)."""
    return l1(
        prediction - luminance(prediction),
        truth - luminance(truth),
    )


def luminance(rgb):
    """BT.601 luma of (B, H, W, 3), as (B, H, W, 1)."""
    weights = ops.convert_to_tensor([0.299, 0.587, 0.114], dtype=rgb.dtype)
    return ops.sum(rgb * weights, axis=-1, keepdims=True)


def ms_ssim(prediction, truth, value_range: tuple[float, float]):
    """Mean multi-scale structural similarity, 1 for identical images.

    Source: Wang, Simoncelli & Bovik 2003, eq. 7, with the constants of
    Zhao et al. 2016. Where an image is too small for the 11x11 window on
    every one of the five scales, the coarsest are left out and the remaining
    weights are scaled to sum to one; the number of scales follows from the
    static shape.

    Args:
        prediction: (B, H, W, C) with H and W known and at least 11.
        truth: The same shape.
        value_range: (low, high) of both.
    """
    height, width = prediction.shape[1:3]
    scales = _number_of_scales(min(height, width))
    weights = np.asarray(MS_SSIM_WEIGHTS[:scales]) / sum(
        MS_SSIM_WEIGHTS[:scales]
    )
    low, high = value_range
    prediction, truth = prediction - low, truth - low
    result = 1.0
    for scale, weight in enumerate(weights):
        if scale:
            prediction = ops.average_pool(prediction, 2, 2, padding="valid")
            truth = ops.average_pool(truth, 2, 2, padding="valid")
        similarity, contrast = _ssim_terms(prediction, truth, high - low)
        term = similarity if scale == scales - 1 else contrast
        # A negative mean has no real power; such images are dissimilar enough.
        result *= ops.maximum(term, 1e-6) ** float(weight)
    return ops.mean(result)


def mix(prediction, truth, value_range: tuple[float, float], alpha: float):
    """L_mix = alpha (1 - MS-SSIM) + (1 - alpha) Gaussian-weighted L1.

    Source: Zhao et al., Loss Functions for Image Restoration, 2016, eq. 14,
    alpha 0.84 there. As in the paper the Gaussian is that of the coarsest
    scale; small images have fewer scales, and with them a narrower one.
    """
    structure = 1.0 - ms_ssim(prediction, truth, value_range)
    error = ops.abs(prediction - truth)
    weights = window_weights(*error.shape[1:3])
    weighted = ops.mean(error * weights[None, :, :, None])
    return alpha * structure + (1.0 - alpha) * weighted


def pixel(prediction, batch, weights, value_range: tuple[float, float]):
    """The weighted sum of the losses of an image and its truth.

    Args:
        prediction: (B, H, W, 3), made of batch["nir"].
        batch: "nir" (B, H, W, 1) and "rgb" (B, H, W, 3), the truth.
        weights: config.loss: l1, l2, chroma, mix and its mix_alpha; a weight
            of 0 removes a term. shift: pixels by which the truth may be moved,
            see `align`.
        value_range: (low, high) of all images.

    Returns:
        The sum, and {name: value} of its terms, not weighted.
    """
    truth = batch["rgb"]
    if weights.shift:
        truth = align(prediction, truth, batch["nir"], weights.shift)
    terms = {
        "l1": l1,
        "l2": l2,
        "chroma": chroma_l1,
        "mix": lambda fake, real: mix(
            fake, real, value_range, weights.mix_alpha
        ),
    }
    values = {
        name: term(prediction, truth)
        for name, term in terms.items()
        if weights[name]
    }
    return sum(weights[name] * values[name] for name in values), values


def align(prediction, truth, nir, shift: int):
    """Moves each truth onto its NIR image, before any pixel loss.

    As for ESA's PROBA-V score (Maertens et al., Astrodynamics 2019) and the
    loss of DeepSUM (Molini et al., IEEE TGRS 2020), each image has a
    displacement of its own, the best of all whole pixels up to `shift`. Those
    two take what comes nearest to the prediction, and so leave the network
    free to displace what it makes. Here the truth is aligned with the input,
    as in Zhang et al., Learning RAW-to-sRGB Mappings with Inaccurately Aligned
    Supervision, ICCV 2021: by edges, which NIR and color share although their
    tones differ.

    Args:
        prediction: (B, H, W, 3), made of `nir`.
        truth: (B, H, W, 3) in the same range, perhaps displaced.
        nir: (B, H, W, 1) in any range.
        shift: Pixels, as `check_shift` takes them.

    Returns:
        The truth, moved; (B, H, W, 3). Where nothing is known, up to `shift`
        pixels wide at the border, it is the prediction, without a gradient:
        what lies there counts as right.

    Raises:
        InputError: The images are too small for `shift`.
    """
    height, width = truth.shape[1:3]
    check_shift(shift, min(height, width))
    moved = _displacement(nir, luminance(truth), shift)
    rows = (moved[:, :1] + np.arange(height))[:, :, None, None]
    columns = (moved[:, 1:] + np.arange(width))[:, None, :, None]
    known = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    rows = ops.clip(rows, 0, height - 1)
    columns = ops.clip(columns, 0, width - 1)
    truth = ops.take_along_axis(truth, rows, axis=1)
    truth = ops.take_along_axis(truth, columns, axis=2)
    return ops.where(known, truth, ops.stop_gradient(prediction))


def check_shift(shift: int, side: int) -> None:
    """Checks that images of this side can be aligned.

    What is compared has to be larger than what is searched.

    Args:
        shift: config.loss.shift, pixels; 0 aligns nothing.
        side: The shorter side of the images, pixels.

    Raises:
        InputError: `shift` is negative or too large.
    """
    largest = max((side - EDGE_WINDOW - 2) // 4, 0)
    if not 0 <= shift <= largest:
        raise InputError(
            f"config.loss.shift is {shift}; expected 0 to {largest} for "
            f"crops of {side} px"
        )


def window_weights(height: int, width: int) -> np.ndarray:
    """What each pixel counts in the Gaussian-weighted L1, 1 on average.

    Zhao et al. weigh the error around a pixel by the Gaussian of the coarsest
    scale. Over an image, whose every pixel is the center of one window, all
    pixels away from the edges then count the same; those at an edge count
    about half, those in a corner about a quarter, as fewer windows reach them
    (two thirds and two fifths where there is only one scale).

    Args:
        height: Pixels, at least 11.
        width: Likewise.

    Returns:
        (height, width) float32.
    """
    factor = 2 ** (_number_of_scales(min(height, width)) - 1)
    reach = (SSIM_WINDOW // 2) * factor
    gauss = _gauss(np.arange(-reach, reach + 1), SSIM_SIGMA * factor)
    rows, columns = (
        np.convolve(np.ones(size), gauss)[reach : reach + size]
        for size in (height, width)
    )
    weights = np.outer(rows, columns)
    return (weights / weights.mean()).astype("float32")


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
    """(D(real) - 1)^2 + D(fake)^2; Mao et al., LSGAN, ICCV 2017, eq. 9."""
    return ops.mean(ops.square(real_logits - 1.0)) + ops.mean(
        ops.square(fake_logits)
    )


def least_squares_generator(fake_logits):
    """(D(fake) - 1)^2; Mao et al., LSGAN, ICCV 2017, eq. 9."""
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


def _displacement(nir, gray, shift: int):
    """How far the content of `gray` lies below and to the right of NIR's.

    Their edges have the largest covariance there; nircolor_tf.data.shift
    measures whole photos much like this. What has no edges is not moved.

    Returns:
        (B, 2) int32, rows and columns, -shift to shift.
    """
    nir_edges, gray_edges = _edges(nir), _edges(gray)
    height, width = (side - 2 * shift for side in nir_edges.shape[1:3])
    inner = nir_edges[:, shift:, shift:][:, :height, :width]
    inner = inner - ops.mean(inner, axis=(1, 2), keepdims=True)
    # The smallest first: of equals argmax takes the first.
    moves = sorted(
        itertools.product(range(-shift, shift + 1), repeat=2),
        key=lambda move: math.hypot(*move),
    )
    scores = []
    for down, right in moves:
        cut = gray_edges[:, shift + down :, shift + right :]
        cut = cut[:, :height, :width]
        scores.append(ops.mean(inner * cut, axis=(1, 2, 3)))
    best = ops.argmax(ops.stack(scores, axis=-1), axis=-1)
    return ops.take(np.asarray(moves, "int32"), best, axis=0)


def _edges(image):
    """Root of the gradient's magnitude, of (B, H, W, 1), without the border."""
    smooth = _blur(image, EDGE_WINDOW, EDGE_SIGMA)
    across = smooth[:, 1:-1, 2:] - smooth[:, 1:-1, :-2]
    down = smooth[:, 2:, 1:-1] - smooth[:, :-2, 1:-1]
    # The root keeps a few hard edges from deciding alone.
    return (ops.square(across) + ops.square(down)) ** 0.25


def _number_of_scales(side: int) -> int:
    if side < SSIM_WINDOW:
        raise ValueError(
            f"MS-SSIM needs images of at least {SSIM_WINDOW} px, got {side}"
        )
    fitting = int(math.log2(side / SSIM_WINDOW)) + 1
    return min(len(MS_SSIM_WEIGHTS), fitting)


def _ssim_terms(prediction, truth, span: float):
    """Returns SSIM and its contrast-structure part, each (B, C)."""
    c1, c2 = (0.01 * span) ** 2, (0.03 * span) ** 2
    mean_p, mean_t, product, squares = (
        _blur(image, SSIM_WINDOW, SSIM_SIGMA)
        for image in (
            prediction,
            truth,
            prediction * truth,
            prediction**2 + truth**2,
        )
    )
    covariance = product - mean_p * mean_t
    variances = squares - mean_p**2 - mean_t**2
    contrast = (2 * covariance + c2) / (variances + c2)
    light = (2 * mean_p * mean_t + c1) / (mean_p**2 + mean_t**2 + c1)
    return (
        ops.mean(light * contrast, axis=(1, 2)),
        ops.mean(contrast, axis=(1, 2)),
    )


def _blur(image, window: int, sigma: float):
    """A Gaussian of window x window pixels, without padding."""
    offsets = np.arange(window) - window // 2
    gauss = _gauss(offsets, sigma).astype("float32")
    channels = image.shape[-1]
    for shape in ((window, 1, 1, 1), (1, window, 1, 1)):
        kernel = np.tile(gauss.reshape(shape), (1, 1, channels, 1))
        image = ops.depthwise_conv(image, kernel, padding="valid")
    return image


def _gauss(offsets: np.ndarray, sigma: float) -> np.ndarray:
    """A Gaussian at these offsets, in pixels; sums to 1."""
    gauss = np.exp(-(offsets**2) / (2 * sigma**2))
    return gauss / gauss.sum()
