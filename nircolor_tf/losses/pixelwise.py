"""Losses of pixels, and the weighted sum of all losses of an image."""

from keras import ops

from nircolor_tf.losses.colors import luminance
from nircolor_tf.losses.mixed import mix
from nircolor_tf.losses.registration import align

# Of images from 0 to 1: a quarter of a level of 8 bit.
_LEAST_SCALE = 1e-3


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


def laplace(prediction, truth, scale):
    """Mean negative log-likelihood of a Laplace distribution.

    |prediction - truth| / b + log 2 b, of Kendall & Gal (NeurIPS 2017), eq. 5
    with their Laplace in place of the Gaussian. Its minimum over b is at the
    mean absolute error.

    Args:
        prediction: (B, H, W, C).
        truth: The same shape.
        scale: b, (B, H, W, 1), above 0; at least 0.001 is reckoned with.
    """
    scale = ops.maximum(scale, _LEAST_SCALE)
    error = ops.abs(prediction - truth)
    return ops.mean(error / scale + ops.log(2 * scale))


def pixel(prediction, batch, weights, value_range: tuple[float, float]):
    """The weighted sum of the losses of an image and its truth.

    Args:
        prediction: (B, H, W, 3), made of batch["nir"].
        batch: "nir" (B, H, W, 1) and "rgb" (B, H, W, 3), the truth.
        weights: config.loss: l1, l2, chroma, mix with its mix_alpha and
            mix_form; a weight of 0 removes a term. shift: pixels by which the
            truth may be moved, see `align`.
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
            fake, real, value_range, weights.mix_alpha, weights.mix_form
        ),
    }
    values = {
        name: term(prediction, truth)
        for name, term in terms.items()
        if weights[name]
    }
    return sum(weights[name] * values[name] for name in values), values
