"""Degradations of a NIR image: the image of a worse camera.

Each has a few strengths, one of which changes nothing. They are applied one at
a time to the input of a model; the truth stays as it is. docs/robustness.md
describes them for users.

All work on the stored values in [0, 1], which are encoded for a display in
most NIR files. Only an exposure needs light: it decodes, scales and encodes.
"""

import dataclasses
import math
from collections.abc import Callable, Mapping

import cv2
import numpy as np

from nircolor_tf.images.conversions import to_float, to_integers


@dataclasses.dataclass(frozen=True)
class Degradation:
    """One way to degrade an image, in several strengths.

    Attributes:
        label: Its name in plots.
        unit: Of the strength.
        none: The strength that changes nothing.
        strengths: All, in the order of the plot; `none` is one of them.
        change: As `apply`, but neither clips nor knows `none`.
    """

    label: str
    unit: str
    none: float
    strengths: tuple[float, ...]
    change: Callable[[np.ndarray, float, np.random.Generator], np.ndarray]

    def apply(
        self, image: np.ndarray, strength: float, rng: np.random.Generator
    ) -> np.ndarray:
        """Degrades an image.

        Args:
            image: (H, W, 1) float32 in [0, 1].
            strength: In `unit`; not only one of `strengths`.
            rng: Source of the noise, see `generator`.

        Returns:
            The same shape, type and range; for `none` the image itself.
        """
        if strength == self.none:
            return image
        changed = self.change(image, strength, rng)
        return np.clip(changed, 0, 1).astype(np.float32)


def generator(name: str) -> np.random.Generator:
    """Returns the random numbers of an image.

    Args:
        name: Of the image. Every run and every strength has its noise pattern.
    """
    return np.random.default_rng(list(name.encode()))


def _blur(image, sigma, _):
    # The border is mirrored about the center of the outermost pixels.
    blurred = cv2.GaussianBlur(image, (0, 0), sigma)
    return blurred[..., None]


def _add_noise(image, deviation, rng):
    return image + deviation / 255 * rng.standard_normal(image.shape)


def _expose(image, stops, _):
    light = np.minimum(_decode(image) * 2.0**stops, 1)
    return _encode(light)


def _decode(values):
    """Linear light of display-encoded values, IEC 61966-2-1 (sRGB)."""
    values = values.astype(np.float64)
    return np.where(
        values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4
    )


def _encode(light):
    """The inverse of `_decode`."""
    return np.where(
        light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055
    )


def _change_contrast(image, factor, _):
    mean = image.mean(dtype=np.float64)
    return mean + factor * (image - mean)


def _compress(image, quality, _):
    # Not by the room `images`, whose checks are those of files from anywhere:
    # this is the loss of a codec, and no file.
    options = [cv2.IMWRITE_JPEG_QUALITY, int(quality)]
    _, data = cv2.imencode(".jpg", to_integers(image, 8), options)
    return to_float(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE))[..., None]


def _shift(image, pixels, _):
    border = int(pixels)
    padded = np.pad(image, ((border, 0), (border, 0), (0, 0)), mode="reflect")
    return padded[: image.shape[0], : image.shape[1]]


def _downscale(image, factor, _):
    height, width = image.shape[:2]
    small = (max(1, round(width / factor)), max(1, round(height / factor)))
    shrunk = cv2.resize(image, small, interpolation=cv2.INTER_AREA)
    enlarged = cv2.resize(
        shrunk, (width, height), interpolation=cv2.INTER_CUBIC
    )
    return enlarged[..., None]


DEGRADATIONS: Mapping[str, Degradation] = {
    "blur": Degradation("blur", "sigma, px", 0, (0, 0.5, 1, 2, 4), _blur),
    "noise": Degradation(
        "noise", "std, 8-bit levels", 0, (0, 5, 10, 20, 40), _add_noise
    ),
    "exposure": Degradation(
        "exposure", "stops (EV)", 0, (-2, -1, 0, 1, 2), _expose
    ),
    "contrast": Degradation(
        "contrast", "factor", 1, (0.25, 0.5, 1, 1.5, 2), _change_contrast
    ),
    "jpeg": Degradation(
        "JPEG", "quality", math.inf, (math.inf, 90, 60, 30, 10), _compress
    ),
    "shift": Degradation(
        "shift", "px right and down", 0, (0, 1, 2, 4, 8), _shift
    ),
    "downscale": Degradation(
        "downscaling", "factor", 1, (1, 2, 4, 8), _downscale
    ),
}
