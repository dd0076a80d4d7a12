"""Pictures of a report: read, shrunk, and encoded for an HTML page."""

import base64
from pathlib import Path

import cv2
import numpy as np

from nircolor_tf.data import example_images
from nircolor_tf.data.manifest import Example
from nircolor_tf.evaluation.runs import Run
from nircolor_tf.images import conversions, image_files
from nircolor_tf.inference import resizing

# Errors of this size and above have the last color, in [0, 1].
LARGEST_ERROR = 0.5

_LONGEST_SIDE = 512
# Of WebP, up to 100; the numbers come from the uncompressed images.
_QUALITY = 90
_ERROR_QUALITY = 50


def source_and_truth(
    example: Example, run: Run
) -> tuple[np.ndarray, np.ndarray]:
    """Reads source and truth of a run, (H, W, 1) and (H, W, C) uint8."""
    pair = example_images.read_domains(example)
    source, truth = (
        conversions.to_8bit(pair[domain], example.name)
        for domain in (run.source, run.target)
    )
    return source, truth


def read_picture(path: Path) -> np.ndarray:
    """Reads the picture of a prediction, (H, W, 1) or (H, W, 3) uint8."""
    picture = image_files.read_image(path)
    return picture if picture.ndim == 3 else picture[..., None]


def picture_uri(image: np.ndarray) -> str:
    """Returns a picture (H, W, 1 or 3) uint8 as a data URI."""
    return _webp_uri(image, _QUALITY)


def error_uri(prediction: np.ndarray, truth: np.ndarray) -> str:
    """Returns the error map of a prediction as a data URI.

    The absolute error, mean over the channels, in colors from black, 0, to
    yellow, `LARGEST_ERROR` or more.

    Args:
        prediction: (H, W, C) uint8.
        truth: Likewise.
    """
    error = np.abs(prediction.astype(np.float32) - truth).mean(axis=-1) / 255
    levels = np.rint(255 * np.minimum(error / LARGEST_ERROR, 1))
    bgr = cv2.applyColorMap(levels.astype(np.uint8), cv2.COLORMAP_INFERNO)
    return _webp_uri(bgr[..., ::-1], _ERROR_QUALITY)


def data_uri(kind: str, data: bytes) -> str:
    """Returns the data URI of a file's bytes; `kind` is its media type."""
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"


def _webp_uri(image: np.ndarray, quality: int) -> str:
    small = resizing.shrink_longer_side(
        np.ascontiguousarray(image), _LONGEST_SIDE
    )
    return data_uri("image/webp", image_files.encode(small, ".webp", quality))
