"""Writes an image in every way that its formats can store it."""

import dataclasses
import io
import struct
import zlib

import cv2
import numpy as np
import tifffile
from PIL import Image

from nircolor_tf.images.rasters import upright

ORIENTATION = 274
PNG_COLOR_TYPES = {"gray": 0, "rgb": 2, "gray+alpha": 4, "rgb+alpha": 6}
# Of each pass: first column and row, and the steps to the next ones.
ADAM7 = (
    *((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4)),
    *((1, 0, 2, 2), (0, 1, 1, 2)),
)
CHANNELS = {"gray": 1, "gray+alpha": 2, "rgb": 3, "rgb+alpha": 4}


def pixels(height, width, channels, dtype, seed=0):
    high = np.iinfo(dtype).max
    generator = np.random.default_rng(seed)
    shape = (height, width, channels)
    return generator.integers(0, high, shape, dtype, endpoint=True)


def stored_as(image, orientation):
    """The pixels of a file with this tag whose image, upright, is `image`."""
    inverse = {6: 8, 8: 6}.get(orientation, orientation)
    return np.ascontiguousarray(upright(image, inverse))


def exif(orientation, order="<"):
    mark = b"II*\0" if order == "<" else b"MM\0*"
    entry = struct.pack(order + "HHIHH", ORIENTATION, 3, 1, orientation, 0)
    return mark + struct.pack(order + "IH", 8, 1) + entry + bytes(4)


def png(
    samples, kind, orientation=1, late_exif=False, interlaced=False, extra=()
):
    """(H, W, C) of 8 or 16 bit as PNG; Pillow and OpenCV lack some kinds."""
    samples = stored_as(samples, orientation)
    height, width = samples.shape[:2]
    depth = 8 * samples.itemsize
    rows = samples.astype(samples.dtype.newbyteorder(">"))
    passes = ADAM7 if interlaced else [(0, 0, 1, 1)]
    parts = [rows[top::down, left::right] for left, top, right, down in passes]
    raw = b"".join(
        b"\0" + row.tobytes() for part in parts for row in part if part.size
    )
    header = struct.pack(
        ">IIBBBBB",
        width,
        height,
        depth,
        PNG_COLOR_TYPES[kind],
        0,
        0,
        interlaced,
    )
    tag = [] if orientation == 1 else [(b"eXIf", exif(orientation))]
    image = [(b"IDAT", zlib.compress(raw))]
    body = image + tag if late_exif else tag + image
    content = [(b"IHDR", header), *extra, *body, (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data))
        + name
        + data
        + struct.pack(">I", zlib.crc32(name + data))
        for name, data in content
    )


@dataclasses.dataclass(frozen=True)
class Tiff:
    """How a TIFF file stores its pixels."""

    kind: str = "gray"
    planes_apart: bool = False
    compression: str | None = None
    predictor: bool = False
    tiled: bool = False
    byteorder: str = "<"
    bigtiff: bool = False
    orientation: int = 1
    white_is_zero: bool = False

    def write(self, samples):
        """(H, W, C) -> the file's content."""
        samples = stored_as(samples, self.orientation)
        if self.white_is_zero:
            samples = np.iinfo(samples.dtype).max - samples
        photometric = "rgb" if self.kind.startswith("rgb") else "minisblack"
        options = {
            "photometric": "miniswhite" if self.white_is_zero else photometric,
            "compression": self.compression,
            "predictor": self.predictor or None,
            "tile": (32, 16) if self.tiled else None,
            "extratags": [(ORIENTATION, 3, 1, self.orientation, True)],
            "metadata": None,
        }
        if self.kind.endswith("alpha"):
            options["extrasamples"] = ["unassalpha"]
        if samples.shape[2] == 1:
            samples = samples[..., 0]
        else:
            apart = self.planes_apart
            options["planarconfig"] = "separate" if apart else "contig"
            samples = np.moveaxis(samples, -1, 0) if apart else samples
        buffer = io.BytesIO()
        with tifffile.TiffWriter(
            buffer, byteorder=self.byteorder, bigtiff=self.bigtiff
        ) as tiff:
            tiff.write(np.ascontiguousarray(samples), **options)
        return buffer.getvalue()


def lzw_tiff(samples, **options):
    """(H, W, C) of 8 or 16 bit, by options of tifffile's writer."""
    codes = []
    for index, byte in enumerate(
        samples.astype("<" + samples.dtype.str[1:]).tobytes()
    ):
        # Of the first 255 codes after a clear one each has nine digits.
        codes += [256, byte] if index % 250 == 0 else [byte]
    digits = "".join(f"{code:09b}" for code in [*codes, 257])
    digits += "0" * (-len(digits) % 8)
    buffer = io.BytesIO()
    tifffile.imwrite(
        buffer,
        iter([int(digits, 2).to_bytes(len(digits) // 8, "big")]),
        shape=samples.shape if samples.shape[2] > 1 else samples.shape[:2],
        dtype=samples.dtype,
        planarconfig="contig" if samples.shape[2] > 1 else None,
        compression="adobe_deflate",  # tifffile alone refuses LZW
        rowsperstrip=len(samples),
        metadata=None,
        **options,
    )
    deflate, lzw = (struct.pack("<HHII", 259, 3, 1, code) for code in (8, 5))
    return buffer.getvalue().replace(deflate, lzw)


def packed_tiff(levels, bits, photometric=1):
    """(H, W, 1) levels below 2**bits, one after the other."""
    height, width = levels.shape[:2]
    digits = "".join(f"{level:0{bits}b}" for level in levels.ravel())
    packed = int(digits, 2).to_bytes(len(digits) // 8, "big")
    tags = {256: width, 257: height, 258: bits, 259: 1, 262: photometric}
    tags |= {273: 8, 277: 1, 278: height, 279: len(packed)}
    entries = b"".join(
        struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items()
    )
    data = b"II*\0" + struct.pack("<I", 8 + len(packed)) + packed
    return data + struct.pack("<H", len(tags)) + entries + bytes(4)


def by_pillow(samples, image_format, orientation=1, **options):
    """8-bit (H, W, C), or 16-bit gray."""
    samples = stored_as(samples, orientation)
    image = Image.fromarray(
        samples[..., 0] if samples.shape[2] == 1 else samples
    )
    if orientation != 1:
        options["exif"] = Image.Exif()
        options["exif"][ORIENTATION] = orientation
    buffer = io.BytesIO()
    image.save(buffer, image_format, **options)
    return buffer.getvalue()


def by_opencv(samples, suffix):
    """(H, W, C) of RGB or RGBA order."""
    order = {1: [0], 3: [2, 1, 0], 4: [2, 1, 0, 3]}[samples.shape[2]]
    written, data = cv2.imencode(suffix, samples[..., order])
    assert written
    return data.tobytes()
