"""Decodes PNG, JPEG, WebP, BMP and TIFF: from a file's content to a `Raster`.

The content says which format it is, not the name. Sizes are read from the
header and bounded before a decoder allocates anything. OpenCV decodes PNG,
JPEG and WebP, Pillow BMP; `tiff.py` reads TIFF.
"""

import io
import struct

import cv2
import numpy as np

from nircolor_tf.errors import InputError
from nircolor_tf.images import chunks, metadata
from nircolor_tf.images.rasters import Raster, check_size

FORMATS = "PNG, TIFF, JPEG, WebP or BMP"

# Samples per pixel by the color type of a PNG; a palette gives RGBA.
_PNG_SAMPLES = {0: 1, 2: 3, 3: 4, 4: 2, 6: 4}
_PNG_GRAY_ALPHA = 4
# libpng's own limit.
_PNG_SIDE = 1_000_000
# Chunks that may hold EXIF; without them Pillow need not start.
_PNG_METADATA = {b"eXIf", b"tEXt", b"zTXt", b"iTXt"}
_JPEG_END = b"\xff\xd9"
_WEBP_ANIMATION = 2


def decode(data: bytes) -> Raster:
    """Decodes an image file.

    Args:
        data: The file's content.

    Raises:
        InputError: It is none of `FORMATS`, damaged, cut off, too large, or
            holds what cannot be an image of ours; the message says what.
    """
    for signature, decoder in _DECODERS.items():
        if data.startswith(signature):
            return decoder(data)
    raise InputError(f"not a readable image; expected {FORMATS}")


def _png(data: bytes) -> Raster:
    content = {}
    for kind, chunk in chunks.png_chunks(data):
        content.setdefault(kind, chunk)
    if len(content.get(b"IHDR", b"")) != 13:
        raise InputError("damaged: a PNG file without its header, IHDR")
    width, height, depth, kind = struct.unpack(">IIBB", content[b"IHDR"][:10])
    samples = _PNG_SAMPLES.get(kind, 4)
    check_size(width, height, samples * max(depth, 8) / 8, len(data))
    if max(width, height) > _PNG_SIDE:
        raise InputError(
            f"a PNG of {width} x {height} pixels; at most {_PNG_SIDE} in a row "
            "or column are read: divide it, or write a TIFF"
        )
    if b"acTL" in content:
        raise InputError("an animated PNG; expected a single image")
    image = _opencv(data, f"PNG of {width} x {height} pixels, {depth} bit")
    says = _PNG_METADATA & content.keys()
    raster = Raster.of(image, metadata.orientation(data) if says else 1)
    if kind == _PNG_GRAY_ALPHA:  # of which OpenCV makes color
        gray = np.ascontiguousarray(raster.bands[..., :1])
        return Raster(gray, raster.alpha)
    key = content.get(b"tRNS")
    if raster.alpha is None and key is not None and kind in (0, 2):
        return _keyed(raster, key, depth)
    return raster


def _keyed(raster: Raster, key: memoryview, depth: int) -> Raster:
    """Adds the alpha of a PNG that names one of its colors transparent."""
    if len(key) != 2 * raster.bands.shape[2]:
        raise InputError("damaged: chunk b'tRNS' has a wrong length")
    color = np.frombuffer(key, ">u2").astype(np.int64)
    high = np.iinfo(raster.bands.dtype).max
    if depth < 8:  # OpenCV has scaled the levels
        color = color * high // (2**depth - 1)
    opaque = (raster.bands != color).any(axis=2, keepdims=True)
    alpha = (opaque * high).astype(raster.bands.dtype)
    return Raster(raster.bands, alpha, raster.color)


def _jpeg(data: bytes) -> Raster:
    from PIL import JpegImagePlugin  # noqa: PLC0415 - PNG needs no Pillow

    try:
        header = JpegImagePlugin.JpegImageFile(io.BytesIO(data))
    except Exception as error:  # of many kinds, where the header is damaged
        raise InputError(
            f"a JPEG file whose header cannot be read: {error}"
        ) from error
    bands = len(header.getbands())
    check_size(*header.size, bands, len(data))
    width, height = header.size
    name = f"JPEG of {width} x {height} pixels, {bands} x 8 bit"
    if not data.rstrip(b"\0").endswith(_JPEG_END) and (
        data.rfind(_JPEG_END) < data.rfind(b"\xff\xda")
    ):
        raise InputError(f"cut off: a {name}, without an end")
    return Raster.of(_opencv(data, name), metadata.orientation(data))


def _webp(data: bytes) -> Raster:
    if data[8:12] != b"WEBP":
        raise InputError(f"not a readable image; expected {FORMATS}")
    content = {}
    for kind, chunk in chunks.webp_chunks(data):
        content.setdefault(kind, bytes(chunk[:10]))
    flags = content.get(b"VP8X") or b"\0"
    if flags[0] & _WEBP_ANIMATION:
        raise InputError("an animated WebP; expected a single image")
    try:
        width, height = _webp_size(content)
    except (KeyError, struct.error) as error:
        raise InputError("damaged: a WebP file without a header") from error
    check_size(width, height, 4, len(data))
    image = _opencv(data, f"WebP of {width} x {height} pixels")
    return Raster.of(image, metadata.orientation(data))


def _webp_size(content: dict[bytes, bytes]) -> tuple[int, int]:
    """The larger of the sizes of canvas and image, as both are allocated."""
    sizes = [(0, 0)]
    if b"VP8X" in content:
        low, middle, high = struct.unpack("<IHB", content[b"VP8X"][3:])
        sizes.append((1 + (low >> 8), 1 + (middle | high << 16)))
    if b"VP8L" in content:
        (bits,) = struct.unpack("<I", content[b"VP8L"][1:5])
        sizes.append((1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)))
    elif b"VP8 " in content:
        across, down = struct.unpack("<HH", content[b"VP8 "][6:10])
        sizes.append((across & 0x3FFF, down & 0x3FFF))
    else:
        raise KeyError
    return max(sizes, key=lambda size: size[0] * size[1])


def _bmp(data: bytes) -> Raster:
    from PIL import BmpImagePlugin  # noqa: PLC0415 - as above

    try:
        image = BmpImagePlugin.BmpImageFile(io.BytesIO(data))
    except Exception as error:
        raise InputError(
            f"a BMP file whose header cannot be read: {error}"
        ) from error
    check_size(*image.size, len(image.getbands()), len(data))
    try:
        if image.mode == "1":
            image = image.convert("L")
        elif image.mode == "P":
            image = image.convert("RGB")
        pixels = np.asarray(image)
    except Exception as error:
        width, height = image.size
        raise InputError(
            f"a BMP of {width} x {height} pixels that cannot be decoded: "
            f"{error}; damaged or cut off"
        ) from error
    if pixels.ndim == 3:
        pixels = pixels[..., [2, 1, 0, 3][: pixels.shape[2]]]
    return Raster.of(pixels)


def _opencv(data: bytes, name: str) -> np.ndarray:
    """Decodes as it is stored: not turned, in BGR order."""
    try:
        image = cv2.imdecode(
            np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED
        )
    except cv2.error:
        image = None
    if image is None:
        raise InputError(
            f"a {name}, that OpenCV cannot decode: damaged, cut off, or "
            "stored in a way that it does not know"
        )
    return image


def _tiff(data: bytes) -> Raster:
    from nircolor_tf.images import tiff  # noqa: PLC0415 - takes 0.1 s

    return tiff.decode(data)


_DECODERS = {
    chunks.PNG: _png,
    b"\xff\xd8\xff": _jpeg,
    b"RIFF": _webp,
    b"BM": _bmp,
    **dict.fromkeys((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), _tiff),
}
