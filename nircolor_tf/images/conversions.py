"""Integers as files hold them, floats in [0, 1], and the gray of a color."""

import numpy as np

from nircolor_tf.errors import InputError

# Gray that JPEG or a video stores as color: each plane of chroma is off by one
# 8-bit level at most, which moves red, green and blue apart by four. Of white.
GRAY_TOLERANCE = 4 / 255

# Of red, green and blue: the luma of BT.601.
LUMA = np.float32([[0.299], [0.587], [0.114]])


def to_float(integers: np.ndarray) -> np.ndarray:
    """Scales uint8 or uint16 values to float32 in [0, 1].

    Args:
        integers: uint8 or uint16 of any shape; the type's largest value
            becomes 1.

    Returns:
        float32 of the same shape.

    Raises:
        ValueError: Another type.
    """
    if integers.dtype not in (np.uint8, np.uint16):
        raise ValueError(f"expected uint8 or uint16, got {integers.dtype}")
    return integers.astype(np.float32) / np.iinfo(integers.dtype).max


def domains(nir: np.ndarray, rgb: np.ndarray) -> dict[str, np.ndarray]:
    """Returns a pair in every domain of an inference path.

    Args:
        nir: (H, W, 1) float32 in [0, 1].
        rgb: (H, W, 3) likewise.

    Returns:
        'nir', 'rgb' and 'gray', the BT.601 luma of rgb, (H, W, 1), likewise.
    """
    return {"nir": nir, "gray": to_gray(rgb), "rgb": rgb}


def to_gray(rgb: np.ndarray) -> np.ndarray:
    """Returns the BT.601 luma: (H, W, 3) -> (H, W, 1), float32 in [0, 1]."""
    return rgb @ LUMA


def saturated(rgb: np.ndarray, factor: float) -> np.ndarray:
    """Moves colors from gray, or towards it.

    Args:
        rgb: (H, W, 3) float32 in [0, 1].
        factor: Of the difference to `to_gray`; 0 makes gray, 1 changes nothing.

    Returns:
        (H, W, 3), clipped to [0, 1].
    """
    gray = to_gray(rgb)
    return (gray + np.float32(factor) * (rgb - gray)).clip(0, 1)


def to_integers(values: np.ndarray, bits: int) -> np.ndarray:
    """Rounds values in [0, 1] to integers, clipped to them.

    Args:
        values: Floating point of any shape.
        bits: 8 or 16.

    Returns:
        uint8 or uint16 of the same shape.

    Raises:
        ValueError: Another number of bits.
    """
    if bits not in (8, 16):
        raise ValueError(f"expected 8 or 16 bits, got {bits}")
    dtype = np.uint8 if bits == 8 else np.uint16
    scaled = np.clip(values, 0, 1) * np.float32(np.iinfo(dtype).max)
    return np.rint(scaled).astype(dtype)


def to_8bit(image: np.ndarray, name: str) -> np.ndarray:
    """Rounds an image to 8 bit.

    Args:
        image: uint8, uint16, or floating point in [0, 1], (H, W, C).
        name: Of the image, for an error.

    Returns:
        uint8, same shape.

    Raises:
        InputError: Floating-point values are not finite (the message counts
            the pixels) or lie outside [0, 1]; another integer type.
    """
    if image.dtype == np.uint8:
        return image
    if image.dtype == np.uint16:
        return to_integers(to_float(image), 8)
    if not np.issubdtype(image.dtype, np.floating):
        raise InputError(
            f"{name}: holds {image.dtype} values; expected uint8, uint16 or "
            "floating point in [0, 1]"
        )
    finite = np.isfinite(image).all(axis=-1)
    if not finite.all():
        raise InputError(
            f"{name}: {finite.size - finite.sum()} of {finite.size} pixels are "
            "not finite; expected numbers in [0, 1]"
        )
    if not (image.min() >= 0 and image.max() <= 1):
        raise InputError(
            f"{name}: values lie in [{image.min()}, {image.max()}]; expected "
            "[0, 1]"
        )
    return to_integers(image, 8)
