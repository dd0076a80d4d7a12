"""The levels of a camera's images that are black and white.

Cameras of 8, 10, 12, 14 and 16 bit write files of 8 or 16 bit. An `InputRange`
finds the levels that become 0 and 1:

    low, high = parse("auto").of(image)
    unit = to_unit(image, low, high)
"""

import dataclasses

import cv2
import numpy as np

from nircolor_tf.errors import InputError

# Bit depths of cameras.
DEPTHS = (8, 10, 12, 14, 16)

# Share of values above white, beyond which a range is worth a word.
CLIPPED = 0.05

# Fractions of the pixels below black and below white, for `percentile`.
_DARKEST, _BRIGHTEST = 0.005, 0.995


@dataclasses.dataclass(frozen=True)
class InputRange:
    """Finds the levels of black and white of an image.

    Attributes:
        choice: (LOW, HIGH), levels for every image, or the name of a rule
            that finds them in each one. 'auto': 0 and the largest value of
            the smallest camera, of 8, 10, 12, 14 or 16 bit, that holds the
            image. 'max': 0 and the image's largest value. 'percentile': the
            image's percentiles 0.5 and 99.5. Where these are one level,
            the range of 'auto'.
    """

    choice: str | tuple[int, int]

    def of(self, image: np.ndarray, bits: int | None = None) -> tuple[int, int]:
        """Returns the levels (LOW, HIGH) that become 0 and 1, LOW < HIGH.

        Args:
            image: uint8 or uint16, not empty; one channel but for 'auto'.
            bits: Depth of its values, where it is known, which 'auto' takes.

        Raises:
            InputError: HIGH was given and is more than the image can hold.
            ValueError: Another type.
        """
        if image.dtype not in (np.uint8, np.uint16):
            raise ValueError(f"expected uint8 or uint16, got {image.dtype}")
        if isinstance(self.choice, tuple):
            low, high = self.choice
            if high > np.iinfo(image.dtype).max:
                raise InputError(
                    f"--range={low},{high}: the image is stored in 8 bit; "
                    "expected HIGH to be 255 at most"
                )
            return low, high
        if self.choice == "auto" and bits is not None:
            return 0, 2**bits - 1
        low, high = _RULES[self.choice](image)
        return (low, high) if low < high else AUTO.of(image, bits)


AUTO = InputRange("auto")


def _auto(image: np.ndarray) -> tuple[int, int]:
    if image.dtype == np.uint8:
        return 0, 255
    needed = int(image.max()).bit_length()
    return 0, 2 ** min(bits for bits in DEPTHS if bits >= needed) - 1


def _max(image: np.ndarray) -> tuple[int, int]:
    return 0, int(image.max())


def _percentile(image: np.ndarray) -> tuple[int, int]:
    levels = int(np.iinfo(image.dtype).max) + 1
    # np.percentile sorts: many times as long, and a copy of the image.
    counts = cv2.calcHist([image], [0], None, [levels], [0, levels])
    below = np.cumsum(counts, dtype=np.float64) / image.size
    low, high = np.searchsorted(below, [_DARKEST, _BRIGHTEST])
    return int(low), int(high)


_RULES = {"auto": _auto, "max": _max, "percentile": _percentile}


def parse(text: str) -> InputRange:
    """Reads the value of --range.

    Args:
        text: auto, max, percentile or LOW,HIGH in stored integer levels.

    Raises:
        InputError: It is none of these.
    """
    if text in _RULES:
        return InputRange(text)
    try:
        low, high = (int(level) for level in text.split(","))
    except ValueError:
        low, high = 0, 0
    if not 0 <= low < high <= 65535:
        raise InputError(
            f"--range={text}: expected auto, max, percentile or LOW,HIGH, two "
            "integers with 0 <= LOW < HIGH <= 65535"
        )
    return InputRange((low, high))


def clipped(image: np.ndarray, high: float) -> float:
    """Returns the share of an image's values above its white level, 0 to 1.

    Args:
        image: uint8 or uint16, not empty.
        high: The level.
    """
    return np.count_nonzero(image > high) / image.size


def to_unit(image: np.ndarray, low: float, high: float) -> np.ndarray:
    """Scales stored levels to float32 in [0, 1], clipped to it.

    Args:
        image: uint8 or uint16 of any shape.
        low: Level that becomes 0.
        high: Level that becomes 1, above `low`.

    Returns:
        float32 of the same shape.
    """
    unit = image.astype(np.float32)
    unit -= low
    unit /= high - low
    return unit.clip(0, 1, out=unit)


def describe(low: float, high: float, dtype: np.dtype) -> str:
    """Describes a range, as in 'values 0..4095 (12 bit) -> 0..1'.

    Args:
        low: Level that becomes 0.
        high: Level that becomes 1.
        dtype: Of the image, uint8 or uint16.
    """
    for bits in DEPTHS:
        if (low, high) == (0, 2**bits - 1):
            stored = 8 * np.dtype(dtype).itemsize
            file = f", in a {stored}-bit file" if bits == 8 < stored else ""
            return f"values 0..{high} ({bits} bit{file}) -> 0..1"
    return f"values {low}..{high} -> 0..1"
