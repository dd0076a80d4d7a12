"""Decodes TIFF files: planes, pages, photometric interpretation, bands.

tifffile reads the structure, and the pixels where it knows the compression;
LZW, JPEG and packed bits it knows only with the package imagecodecs. Without
that OpenCV decodes them, as far as it does it right.
"""

import dataclasses
import io
import itertools
import logging
import math

import cv2
import numpy as np
import tifffile
from tifffile import COMPRESSION, EXTRASAMPLE, PHOTOMETRIC

from nircolor_tf.errors import InputError
from nircolor_tf.images.rasters import Raster, check_size, upright

_MAX_PAGES = 1000
# Of an image of floating point beyond 1.
_FEWEST_LEVELS = 16
_ORIENTATION = 274
_REDUCED, _MASK = 1, 4  # bits of NewSubfileType

_GRAY = (PHOTOMETRIC.MINISBLACK, PHOTOMETRIC.MINISWHITE)
_COLOR = (PHOTOMETRIC.RGB, PHOTOMETRIC.PALETTE, PHOTOMETRIC.YCBCR)
_ALPHA = (EXTRASAMPLE.ASSOCALPHA, EXTRASAMPLE.UNASSALPHA)

# What OpenCV's wheel decodes and tifffile alone does not.
_OPENCV_COMPRESSIONS = (
    COMPRESSION.NONE,
    COMPRESSION.LZW,
    COMPRESSION.JPEG,
    COMPRESSION.PACKBITS,
)
_PACKED_BITS = (10, 12, 14)
# Of more bands than these it makes one luminance, of fewer bits than 16 it
# multiplies colors by their alpha.
_OPENCV_SAMPLES = {
    PHOTOMETRIC.MINISBLACK: (1,),
    PHOTOMETRIC.PALETTE: (1,),
    PHOTOMETRIC.RGB: (3, 4),
    PHOTOMETRIC.YCBCR: (3,),
}

# Pixels of the side at which a thumbnail and the image are compared, and their
# correlation at least: programs tone and sharpen thumbnails.
_MINIATURE = 16
_COPY = 0.9

_Pages = list[tifffile.TiffPage]

# tifffile reports in its log what it raises, too.
logging.getLogger("tifffile").setLevel(logging.CRITICAL)


def decode(data: bytes) -> Raster:
    """Decodes a TIFF file.

    Thumbnails, masks and smaller copies of the image are left out. The bands of
    several pages of one size follow each other.

    Args:
        data: The file's content.

    Raises:
        InputError: It is damaged, cut off or too large; holds several images
            that are no bands of one; its compression, its photometric
            interpretation or its values are not known.
    """
    try:
        with tifffile.TiffFile(io.BytesIO(data)) as file:
            pages, smaller = _pages(file, len(data))
            rasters = [_decode_page(page, data) for page in pages]
            _check_copies(smaller, rasters[0], data)
    except InputError:
        raise
    except Exception as error:  # of many kinds, where the file is damaged
        text = str(error) or type(error).__name__
        raise InputError(
            f"a TIFF file that is damaged or cut off: {text}"
        ) from error
    return _joined(rasters)


def _pages(file: tifffile.TiffFile, stored: int) -> tuple[_Pages, _Pages]:
    """Returns the pages that are the image, and those of a smaller size."""
    if file.is_imagej and (file.imagej_metadata or {}).get("images", 1) > 1:
        count = file.imagej_metadata["images"]
        raise InputError(f"an ImageJ stack of {count} images; expected one")
    every = [page.aspage() for page in itertools.islice(file.pages, _MAX_PAGES)]
    if not every:
        raise InputError("damaged or cut off: its directory is missing")
    if len(every) == _MAX_PAGES:
        raise InputError(f"holds {_MAX_PAGES} pages or more; expected one")
    pages = [
        page for page in every if not page.subfiletype & (_REDUCED | _MASK)
    ]
    if not pages:
        raise InputError(
            "holds thumbnails and masks alone; the image of a camera's raw "
            "file is not read"
        )
    for page in pages:
        _check_page(page, stored)
    largest = max(pages, key=_pixels)
    whole = [page for page in pages if _same_size(page, largest)]
    check_size(
        largest.imagewidth,
        largest.imagelength,
        sum(_bytes_per_pixel(page) for page in whole),
        stored,
    )
    return whole, [page for page in pages if page not in whole]


def _pixels(page: tifffile.TiffPage) -> int:
    return page.imagewidth * page.imagelength


def _bytes_per_pixel(page: tifffile.TiffPage) -> float:
    return max(page.bitspersample, 8) / 8 * page.samplesperpixel


def _same_size(page: tifffile.TiffPage, largest: tifffile.TiffPage) -> bool:
    """Tells a page of the image from a smaller copy of it."""
    size = page.imagewidth, page.imagelength
    whole = largest.imagewidth, largest.imagelength
    if size == whole:
        return True
    across, down = (part / side for part, side in zip(size, whole, strict=True))
    # As far apart as rounding a small copy's sides makes them.
    if abs(across - down) > 1 / min(whole) + 1 / min(size) * across:
        raise InputError(
            f"holds pages of {size[0]} x {size[1]} and {whole[0]} x {whole[1]} "
            "pixels, no copies of each other; expected one image"
        )
    return False


def _check_copies(smaller: _Pages, raster: Raster, data: bytes) -> None:
    """Refuses pages that show something else than the image, only smaller."""
    for page in smaller:
        copy = _decode_page(page, data)
        if not _similar(_miniature(copy), _miniature(raster)):
            raise InputError(
                f"holds a page of {page.imagewidth} x {page.imagelength} "
                "pixels that shows another image than its largest page; "
                "expected one image"
            )


def _miniature(raster: Raster) -> np.ndarray:
    """A small gray image of (H, W), which no way of shrinking changes much."""
    colors = np.ascontiguousarray(raster.bands[..., :3])
    size = (_MINIATURE, _MINIATURE)
    small = cv2.resize(colors, size, interpolation=cv2.INTER_AREA)
    return small.reshape(*size, -1).mean(axis=2)


def _similar(first: np.ndarray, second: np.ndarray) -> bool:
    """Whether images of one size are alike but for brightness and contrast."""
    deviations = first.std(), second.std()
    if min(deviations) == 0:
        return max(deviations) == 0
    change = (first - first.mean()) * (second - second.mean())
    return change.mean() >= _COPY * deviations[0] * deviations[1]


def _check_page(page: tifffile.TiffPage, stored: int) -> None:
    width, height = page.imagewidth, page.imagelength
    check_size(width, height, _bytes_per_pixel(page), stored)
    if page.imagedepth != 1:
        raise InputError(f"a volume of {page.imagedepth} slices; expected one")
    if page.photometric not in (*_GRAY, *_COLOR):
        raise InputError(
            f"photometric interpretation {_name(page.photometric)}; expected "
            "gray, RGB or a palette"
        )
    counts, places = page.databytecounts, page.dataoffsets
    expected = math.prod(page.chunked)
    if (
        len(counts) < expected
        or len(places) < expected
        or 0 in counts[:expected]
    ):
        raise InputError("damaged or cut off: parts of its pixels are missing")
    ends = map(sum, zip(places[:expected], counts[:expected], strict=True))
    if max(ends) > stored:
        raise InputError("cut off: its pixels lie beyond the end of the file")


def _name(value) -> str:
    return getattr(value, "name", str(value))


def _decode_page(page: tifffile.TiffPage, data: bytes) -> Raster:
    if (
        page.photometric == PHOTOMETRIC.YCBCR
        and page.compression != COMPRESSION.JPEG
    ):
        raise InputError(
            f"YCbCr with compression {_name(page.compression)}; expected RGB, "
            "or JPEG compression"
        )
    orientation = page.tags.valueof(_ORIENTATION, default=1)
    try:
        pixels = page.asarray()
    except (ValueError, ImportError, NotImplementedError) as error:
        if "imagecodecs" not in str(error) and not isinstance(
            error, ImportError
        ):
            raise
        return _decode_by_opencv(page, data)
    if page.planarconfig == tifffile.PLANARCONFIG.SEPARATE and pixels.ndim == 3:
        pixels = np.moveaxis(pixels, 0, -1)
    bands = pixels.reshape(*pixels.shape[:2], -1)
    if page.photometric == PHOTOMETRIC.PALETTE:
        bands = _painted(bands, page.colormap)
    levels = upright(to_levels(bands), orientation)
    bits = _depth(page, bands, levels)
    count = levels.shape[2] - _has_alpha(page, levels.shape[2])
    colors = np.ascontiguousarray(levels[..., :count])
    # Those of 1 bit are booleans, those of a palette have its colors.
    if page.photometric in _GRAY and 1 < page.bitspersample < 8:
        colors = colors * np.uint8(255 // (2**page.bitspersample - 1))
    if page.photometric == PHOTOMETRIC.MINISWHITE:
        colors = _white(page) - colors
    color = page.photometric in _COLOR
    if count == levels.shape[2]:
        return Raster(colors, None, color, bits)
    alpha = np.ascontiguousarray(levels[..., count:])
    if page.extrasamples[-1:] == (EXTRASAMPLE.ASSOCALPHA,):
        colors = _unassociated(colors, alpha)
    return Raster(colors, alpha, color, bits)


def _unassociated(colors: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Colors that were stored multiplied by their alpha -> the colors."""
    high = np.iinfo(colors.dtype).max
    scale = high / np.maximum(alpha, 1).astype(np.float64)
    return np.rint(np.minimum(colors * scale, high)).astype(colors.dtype)


def _has_alpha(page: tifffile.TiffPage, count: int) -> bool:
    if page.extrasamples:
        return page.extrasamples[-1] in _ALPHA
    # OpenCV writes alpha so, without a word on its kind.
    return page.photometric == PHOTOMETRIC.RGB and count == 4


def _white(page: tifffile.TiffPage) -> np.unsignedinteger:
    """The level of black where white is zero."""
    bits = 8 if page.bitspersample == 1 else min(page.bitspersample, 16)
    return np.uint8(255) if bits <= 8 else np.uint16(2**bits - 1)


def _painted(indices: np.ndarray, colors: np.ndarray) -> np.ndarray:
    """Palette indices (H, W, 1) and 16-bit colors (3, N) -> (H, W, 3)."""
    # Those of one bit are booleans.
    painted = np.moveaxis(colors[:, indices[..., 0].astype(np.intp)], 0, -1)
    # 8 bit were multiplied by 257, by some programs by 256.
    if all((colors % factor).any() for factor in (256, 257)):
        return painted
    return (painted >> 8).astype(np.uint8)


def to_levels(values: np.ndarray) -> np.ndarray:
    """Brings stored values of any type to uint8 or uint16, without a loss.

    Floating point in [0, 1] fills 16 bit. Beyond 1 it counts as levels, and
    is rounded to them, where it is whole or reaches 16 at least.

    Args:
        values: Of any shape.

    Raises:
        InputError: Values are negative, not finite or above 65535, or reach a
            little beyond 1.
    """
    if values.dtype in (np.uint8, np.uint16):
        return values
    if values.dtype == bool:
        return values.astype(np.uint8) * np.uint8(255)
    if values.dtype.kind not in "iuf":
        raise InputError(f"holds {values.dtype} values; expected real numbers")
    low, high = values.min().item(), values.max().item()
    if not (low >= 0 and high <= 65535):
        raise InputError(
            f"holds {values.dtype} values from {low} to {high}; expected 0 to "
            "1, or 0 to 65535"
        )
    if values.dtype.kind in "iu":
        return values.astype(np.uint8 if values.itemsize == 1 else np.uint16)
    if 1 < high < _FEWEST_LEVELS and (values % 1).any():
        raise InputError(
            f"holds {values.dtype} values up to {high:.6g}: neither of 0 to 1 "
            "nor levels; clip them to 1, or divide them by their largest"
        )
    scale = 65535 if high <= 1 else 1
    return np.rint(values.astype(np.float64) * scale).astype(np.uint16)


def _decode_by_opencv(page: tifffile.TiffPage, data: bytes) -> Raster:
    """Decodes a page that OpenCV reads right; it turns pixels upright."""
    bits, samples = page.bitspersample, page.samplesperpixel
    contiguous = page.planarconfig == tifffile.PLANARCONFIG.CONTIG
    unassociated = bits == 16 and page.extrasamples == (EXTRASAMPLE.UNASSALPHA,)
    if (
        page.compression not in _OPENCV_COMPRESSIONS
        or (samples > 1 and not contiguous)
        or samples not in _OPENCV_SAMPLES.get(page.photometric, ())
        or bits not in (8, 16, *_PACKED_BITS)
        or page.sampleformat != tifffile.SAMPLEFORMAT.UINT
        or (page.extrasamples and not unassociated)
    ):
        planes = "" if contiguous else ", planes apart"
        packed = "" if bits % 8 == 0 else ", packed"
        raise InputError(
            f"compression {_name(page.compression)} of {samples} x {bits} bit"
            f"{packed}{planes} needs the package imagecodecs: pip install "
            "nircolor-tf[tiff]"
        )
    decoded, images = cv2.imdecodemulti(
        np.frombuffer(data, np.uint8),
        cv2.IMREAD_UNCHANGED,
        range=(page.index, page.index + 1),
    )
    if not decoded or not images:
        raise InputError(
            f"a TIFF file with compression {_name(page.compression)} that "
            "OpenCV cannot decode: damaged or cut off"
        )
    image = images[0]
    if bits in _PACKED_BITS:
        image >>= 16 - bits  # OpenCV fills 16 bit
    return dataclasses.replace(Raster.of(image), bits=_packed_bits(page))


def _depth(
    page: tifffile.TiffPage, stored: np.ndarray, levels: np.ndarray
) -> int | None:
    """Returns `Raster.bits` of a page."""
    if levels.dtype == np.uint8:
        return None
    in_unit = stored.dtype.kind == "f" and stored.max() <= 1
    if in_unit or page.photometric == PHOTOMETRIC.PALETTE:
        return 16
    return _packed_bits(page)


def _packed_bits(page: tifffile.TiffPage) -> int | None:
    return page.bitspersample if page.bitspersample in _PACKED_BITS else None


def _joined(rasters: list[Raster]) -> Raster:
    """The bands of all pages, one after the other."""
    first = rasters[0]
    if len(rasters) == 1:
        return first
    types = {raster.bands.dtype for raster in rasters}
    sizes = {raster.bands.shape[:2] for raster in rasters}
    if len(types) > 1 or len(sizes) > 1:
        raise InputError(
            f"holds {len(rasters)} pages of several depths or orientations; "
            "expected one image"
        )
    bands = np.concatenate([raster.bands for raster in rasters], axis=2)
    depths = [raster.bits for raster in rasters]
    bits = None if None in depths else max(depths)
    return Raster(bands, first.alpha, first.color, bits, len(rasters))
