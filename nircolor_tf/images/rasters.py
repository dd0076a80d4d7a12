"""What an image file holds, as it is meant to be seen: a `Raster`."""

import contextlib
import contextvars
import dataclasses
from collections.abc import Iterator

import numpy as np

from nircolor_tf.errors import InputError

# OpenCV's own limit.
MAX_PIXELS = 2**30
_limit = contextvars.ContextVar("limit", default=MAX_PIXELS)

# A compressed file decodes to no more than this multiple of its size: LZW
# reaches 2700, deflate 1032, a JPEG about 1000.
_LARGEST_RATIO = 3000
# Below this nothing is refused: an image of one color compresses well.
_SMALL = 64 * 2**20


@dataclasses.dataclass(frozen=True)
class Raster:
    """The pixels of an image file, upright.

    Attributes:
        bands: (H, W, C) uint8 or uint16, without alpha.
        alpha: (H, W, 1) of the same type, 0 where the image is transparent;
            None where the file has none.
        color: Whether the first three bands are red, green and blue.
        bits: Depth of the levels, where it is known: that of packed bits, 16
            of what fills 16 bit; None where the file says no more than the
            type of its values.
        pages: Of the file, whose bands follow each other.
    """

    bands: np.ndarray
    alpha: np.ndarray | None = None
    color: bool = False
    bits: int | None = None
    pages: int = 1

    @classmethod
    def of(cls, bgr: np.ndarray, orientation: int = 1) -> "Raster":
        """Takes an image as OpenCV decodes it.

        Args:
            bgr: uint8 or uint16, (H, W), or (H, W, 3 or 4) in BGR(A) order.
            orientation: As the file says how it is stored, see `upright`.

        Raises:
            InputError: It has another type or number of channels.
        """
        if bgr.dtype not in (np.uint8, np.uint16):
            raise InputError(
                f"holds {bgr.dtype} values; expected 8- or 16-bit unsigned "
                "integers"
            )
        bgr = upright(bgr, orientation)
        if bgr.ndim == 2:
            return cls(np.ascontiguousarray(bgr)[..., None])
        if bgr.shape[2] not in (3, 4):
            raise InputError(f"has {bgr.shape[2]} channels; expected 1, 3 or 4")
        alpha = bgr[..., 3:] if bgr.shape[2] == 4 else None
        return cls(
            np.ascontiguousarray(bgr[..., 2::-1]),
            None if alpha is None else np.ascontiguousarray(alpha),
            color=True,
        )


def upright(image: np.ndarray, orientation: int) -> np.ndarray:
    """Turns an image as its file says that it is to be seen.

    Args:
        image: (H, W) or (H, W, C).
        orientation: Of EXIF and TIFF, 1 to 8: where row 0 and column 0 of
            `image` are to be seen. Anything else counts as 1, upright.

    Returns:
        A view. From 5 to 8 on height and width change places.
    """
    if orientation in (5, 6, 7, 8):
        image = image.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        image = image[::-1]
    if orientation in (2, 3, 6, 7):
        image = image[:, ::-1]
    return image


@contextlib.contextmanager
def limited(pixels: int) -> Iterator[None]:
    """Refuses larger images in this thread until the block ends.

    Args:
        pixels: At most so many; by default `MAX_PIXELS`.
    """
    token = _limit.set(pixels)
    try:
        yield
    finally:
        _limit.reset(token)


def check_size(
    width: int, height: int, bytes_per_pixel: float, stored: int
) -> None:
    """Refuses sizes that a header claims, before anything is allocated.

    Args:
        width: Pixels.
        height: Pixels.
        bytes_per_pixel: Of the decoded image.
        stored: Bytes of the file.

    Raises:
        InputError: There is no pixel, there are more than `limited` allows, or
            more than a file of this length can hold.
    """
    if width < 1 or height < 1:
        raise InputError(f"has {width} x {height} pixels; expected at least 1")
    if width * height > (limit := _limit.get()):
        raise InputError(
            f"has {width} x {height} pixels; at most {limit} are read: divide "
            "it"
        )
    decoded = width * height * bytes_per_pixel
    if decoded > max(_SMALL, _LARGEST_RATIO * stored):
        raise InputError(
            f"claims {width} x {height} pixels, more than its {stored} bytes "
            "can hold: damaged or cut off"
        )
