"""What the page shows of an image: before, after, and its stored levels."""

import dataclasses
from pathlib import Path

import cv2
import numpy as np

from nircolor_tf.images import channels, conversions, image_files, ranges
from nircolor_tf.inference import resizing
from nircolor_tf.web.uploads import Pair, Settings

# Longest side that a browser gets, px; a download has all pixels.
_SHOWN = 4096

_BARS = 128
# Of the histogram, in its own units.
_WIDTH, _HEIGHT, _FOOT = 512, 120, 42


@dataclasses.dataclass(frozen=True)
class View:
    """An image before and after, for a browser.

    Attributes:
        before: WebP of the NIR, black and white at the ends of the range.
        after: WebP of the result, of the same size.
        histogram: SVG of the stored levels and the range.
        caption: Size, depth and range in words.
    """

    before: Path
    after: Path
    histogram: str
    caption: str


def view(pair: Pair, settings: Settings) -> View:
    """Prepares an image and its result to be shown.

    Args:
        pair: An image that was colorized.
        settings: As it was colorized.

    Returns:
        The view; its files lie beside the result.

    Raises:
        InputError: A file cannot be read any more.
    """
    raster = image_files.read_raster(pair.source)
    nir = channels.parse(settings.channel).of(raster, pair.source.name)
    low, high = ranges.parse(settings.input_range).of(nir, raster.bits)
    result = image_files.read_raster(pair.result).bands
    folder = pair.result.parent.parent / "shown" / pair.source.name
    folder.mkdir(parents=True, exist_ok=True)
    # Integers are shrunk, so that no large image becomes one of floats.
    before, after = folder / "before.webp", folder / "after.webp"
    small = ranges.to_unit(resizing.shrink_longer_side(nir, _SHOWN), low, high)
    image_files.write_image(before, conversions.to_integers(small, 8))
    small = conversions.to_8bit(
        resizing.shrink_longer_side(result, _SHOWN), pair.result.name
    )
    image_files.write_image(after, small)
    height, width, _ = nir.shape
    below, above = np.mean(nir < low), np.mean(nir > high)
    caption = (
        f"{width} x {height} px, {8 * nir.itemsize}-bit file, "
        f"{ranges.describe(low, high, nir.dtype)}; "
        f"{below:.1%} of the pixels are darker, {above:.1%} brighter"
    )
    return View(before, after, histogram(nir, low, high), caption)


def histogram(nir: np.ndarray, low: int, high: int) -> str:
    """Draws the stored levels of an image, and its range.

    Args:
        nir: (H, W, 1) uint8 or uint16.
        low: Level that is black.
        high: Level that is white.

    Returns:
        SVG. A bar's height is the square root of its number of pixels, so that
        rare levels show. The first and last level drawn are 0 and the
        largest of the camera's depth, or `high` if that is more.
    """
    top = max(high, ranges.AUTO.of(nir)[1])
    edges = np.linspace(0, top + 1, min(_BARS, top + 1) + 1)
    levels = cv2.calcHist([nir], [0], None, [top + 1], [0, top + 1]).ravel()
    # The levels of a bar are those from one edge to below the next.
    counts = np.add.reduceat(levels, np.ceil(edges[:-1]).astype(int))
    heights = _HEIGHT * np.sqrt(counts / counts.max())
    bar = _WIDTH / len(counts)
    outline = "".join(f"V{_HEIGHT - height:.1f}h{bar:g}" for height in heights)
    marks = _mark("low", low, top, 1) + _mark("high", high, top, 2)
    return (
        f'<svg viewBox="-2 0 {_WIDTH + 4} {_HEIGHT + _FOOT}" role="img" '
        f'aria-label="stored levels 0 to {top}, low {low}, high {high}">'
        f'<path d="M0 {_HEIGHT}{outline}V{_HEIGHT}Z" fill="currentColor" '
        f'opacity="0.5"/>{marks}</svg>'
    )


def _mark(name: str, level: int, top: int, line: int) -> str:
    """A vertical line at a level, with its name in a line below the bars."""
    x = _WIDTH * level / top
    anchor = "start" if x < _WIDTH / 2 else "end"
    return (
        f'<line x1="{x:.1f}" x2="{x:.1f}" y2="{_HEIGHT}" stroke="#d9480f" '
        f'stroke-width="2"/><text x="{x:.1f}" y="{_HEIGHT + 18 * line}" '
        f'text-anchor="{anchor}" fill="currentColor" font-size="16">'
        f"{name} {level}</text>"
    )
