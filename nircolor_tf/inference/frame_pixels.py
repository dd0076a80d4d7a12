"""What a decoded frame of a video holds: NIR levels, upright.

    nir = nir_levels(frame, channel, "clip.mkv: frame 1", damaged=False)

FFmpeg's own conversions read the pixel formats: black is 0 and white is full
scale whatever the range of the file ("tv" or "pc"), and a format of more than
8 bit keeps its levels. As in FFmpeg, a format without chroma is full range.

They run in one thread: with several, of which each converts some of the rows,
FFmpeg writes up to 8 pixels beyond the last row of one into the first row of
the next, in frames of more than 8 bit.
"""

import av
import numpy as np
from av.video.reformatter import ColorRange

from nircolor_tf.errors import InputError
from nircolor_tf.images import rasters
from nircolor_tf.images.channels import Channel
from nircolor_tf.images.rasters import Raster

# FFmpeg has formats of so many bits for gray and for planes of RGB.
_DEPTHS = (9, 10, 12, 14, 16)

# Signs of a display matrix -> orientation of EXIF. libavutil/display.h: x, y is
# shown at a x + c y, b x + d y; the key is a, b, c, d.
_ORIENTATIONS = {
    (1, 0, 0, 1): 1,
    (-1, 0, 0, 1): 2,
    (-1, 0, 0, -1): 3,
    (1, 0, 0, -1): 4,
    (0, 1, 1, 0): 5,
    (0, 1, -1, 0): 6,
    (0, -1, -1, 0): 7,
    (0, -1, 1, 0): 8,
}


def orientation(frame: av.VideoFrame) -> int | None:
    """Reads which way is up, from the display matrix that phones write.

    Returns:
        The number that EXIF has for it; None where it turns by another angle
        than quarters of a circle.
    """
    data = frame.side_data
    for position in range(len(data)):
        if data[position].type.name == "DISPLAYMATRIX":
            matrix = np.frombuffer(data[position], np.int32)
            return _ORIENTATIONS.get(tuple(np.sign(matrix[[0, 1, 3, 4]])))
    return 1


def depth(pixel_format: av.VideoFormat, name: str) -> int:
    """Returns the bits of a level in `nir_levels`: 8 to 16.

    Args:
        pixel_format: Of a frame.
        name: Of the frame, for an error.

    Raises:
        InputError: The format is floating point, or of more bits.
    """
    stored = pixel_format.name
    if "f16" in stored or "32" in stored:
        raise InputError(
            f"{name}: holds {stored} pixels; expected integers, 8 to 16 bit"
        )
    bits = max(component.bits for component in pixel_format.components)
    if bits <= 8:
        return 8
    return bits if bits in _DEPTHS else 16


def nir_levels(
    frame: av.VideoFrame, channel: Channel, name: str, damaged: bool
) -> np.ndarray:
    """Returns the NIR channel of a frame, turned upright.

    Args:
        frame: Decoded, of any pixel format.
        channel: Which of its channels is NIR. With 'gray', chroma that is
            neutral but for compression counts as none; the frame is judged by
            the RGB image that it is.
        name: Of the frame, for an error.
        damaged: Whether its colors say nothing about the camera.

    Returns:
        (H, W, 1) uint8; uint16 where `depth` is more than 8: 0 to
        2**depth - 1.

    Raises:
        InputError: As `depth` and `Channel.of`.
    """
    bits = depth(frame.format, name)
    if _has_one_channel(frame.format):
        levels = channel.of(_raster(_gray(frame, bits), bits), name)
    elif channel.choice != "gray":
        levels = channel.of(_raster(_rgb(frame, bits), bits), name)
    else:
        if not damaged and not _is_neutral(frame):
            channel.of(_raster(_rgb(frame, bits), bits), name)
        levels = _gray(frame, bits)
    return np.ascontiguousarray(
        rasters.upright(levels, orientation(frame) or 1)
    )


def is_limited_gray(frame: av.VideoFrame) -> bool:
    """Whether a format without chroma has the tag of black at 16, white at 235.

    FFmpeg and players take such formats for full range, whatever the tag.
    """
    return (
        _has_one_channel(frame.format) and frame.color_range == ColorRange.MPEG
    )


def _has_one_channel(pixel_format: av.VideoFormat) -> bool:
    colors = [part for part in pixel_format.components if not part.is_alpha]
    return len(colors) == 1 and not pixel_format.has_palette


def known_bits(bits: int) -> int | None:
    """Returns `Raster.bits` of a frame, by its `depth`.

    Frames of 16 bit hold the levels of any camera.
    """
    return None if bits == 16 else bits


def _raster(bands: np.ndarray, bits: int) -> Raster:
    return Raster(bands, bits=known_bits(bits))


def _gray(frame: av.VideoFrame, bits: int) -> np.ndarray:
    """Luma, or the green of a format that stores RGB: (H, W, 1)."""
    if frame.format.is_rgb or frame.format.has_palette:
        return np.ascontiguousarray(_rgb(frame, bits)[..., 1, None])
    gray = "gray" if bits == 8 else f"gray{bits}le"
    return frame.reformat(format=gray, threads=1).to_ndarray()[..., None]


def _rgb(frame: av.VideoFrame, bits: int) -> np.ndarray:
    """(H, W, 3)."""
    if bits > 8 and frame.format.name.startswith("gbrap"):
        # FFmpeg, which drops this alpha by itself, leaves parts of rows as the
        # memory was.
        return frame.to_ndarray()[..., :3]
    rgb = "rgb24" if bits == 8 else f"gbrp{bits}le"
    return frame.reformat(format=rgb, threads=1).to_ndarray()


def _is_neutral(frame: av.VideoFrame) -> bool:
    """Whether planes of chroma are gray within a level of 8 bit.

    That moves the channels of RGB apart by 4 levels, `GRAY_TOLERANCE`. The
    planes are a quarter of the frame, and need no conversion.
    """
    pixel_format = frame.format
    chroma = [part for part in pixel_format.components if part.is_chroma]
    if pixel_format.is_rgb or [part.plane for part in chroma] != [1, 2]:
        return False
    bits = chroma[0].bits
    byte_order = ">" if pixel_format.is_big_endian else "<"
    dtype = np.dtype(np.uint8 if bits == 8 else f"{byte_order}u2")
    for plane in frame.planes[1:3]:
        if plane.line_size <= 0:  # upside down
            return False
        rows = np.frombuffer(plane, dtype).reshape(plane.height, -1)
        rows = rows[:, : plane.width]
        middle, level = 2 ** (bits - 1), 2 ** (bits - 8)
        if rows.min() < middle - level or rows.max() > middle + level:
            return False
    return True
