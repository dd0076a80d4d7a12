"""The luminance of color, which is the gray of a photo."""

from keras import ops


def luminance(rgb):
    """BT.601 luma of (B, H, W, 3), as (B, H, W, 1)."""
    weights = ops.convert_to_tensor([0.299, 0.587, 0.114], dtype=rgb.dtype)
    return ops.sum(rgb * weights, axis=-1, keepdims=True)
