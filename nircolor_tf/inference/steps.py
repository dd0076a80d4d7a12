"""The steps from an image to its colored image, in the terms of a card.json.

An image passes these steps, in this order:

    shrink    an image whose shorter side is longer than `working_size`
    pad       at the bottom and at the right, by reflection, to a height and a
              width that the network takes
    network   with `mirror` on the image and on its mirror image; the result
              is the mean of both
    crop      the padding away
    enlarge   the change that the network made to a shrunk image, and add it
              to the image at its own size; with `guided` along the edges of
              the image, else as a cubic spline
    fuse      the detail of the image into the result, with `fusion`

`Steps` describes them and runs nothing. A method hands it out, a card stores
it, and two back ends run it: `inference/colorizer.py` in NumPy, where large
images go in parts, and `export/graph.py` in TensorFlow, for a server.
"""

import dataclasses

from nircolor_tf.errors import InputError
from nircolor_tf.inference.fusion import BfwlsParameters


@dataclasses.dataclass(frozen=True)
class GuidedParameters:
    """The windows of a guided enlargement (`guided.py`).

    Attributes:
        radius: Pixels of the small image to each side, 1 to 1024.
        epsilon: 1e-10 to 1000. A window whose gray values vary less, by their
            variance, has the mean of the change and hardly a slope.

    Raises:
        InputError: A value is out of its range.
    """

    radius: int
    epsilon: float

    def __post_init__(self):
        if self.radius != int(self.radius) or not 1 <= self.radius <= 1024:
            raise InputError(
                f"radius={self.radius}: expected a whole number, 1 to 1024"
            )
        # Beyond, float32 divides by 0 or overflows.
        if not 1e-10 <= self.epsilon <= 1e3:
            raise InputError(f"epsilon={self.epsilon}: expected 1e-10 to 1000")


@dataclasses.dataclass(frozen=True)
class Steps:
    """The steps around a network that maps (B, H, W, 1) to (B, H, W, C).

    Attributes:
        size_multiple: The network takes heights and widths divisible by it.
        working_size: Longest shorter side at which the network sees an image,
            pixels; None for every image at its own size.
        mirror: Whether the result is the mean over the image and its mirror
            image.
        fusion: Parameters of the detail fusion; None for no fusion.
        guided: Parameters of the guided enlargement; None for a cubic one.
    """

    size_multiple: int = 1
    working_size: int | None = None
    mirror: bool = False
    fusion: BfwlsParameters | None = None
    guided: GuidedParameters | None = None

    def for_target(self, target: str) -> "Steps":
        """Returns the steps of an inference path, by its target.

        Args:
            target: 'rgb', 'gray' or 'nir'. The fusion needs color; the paths
                to the other two have none.
        """
        if target == "rgb":
            return self
        return dataclasses.replace(self, fusion=None)

    def shrunk_size(self, height: int, width: int) -> tuple[int, int]:
        """Returns the size of an image after the step 'shrink'.

        Args:
            height: Of the image, pixels, at least 1.
            width: Likewise.
        """
        return fit_shorter_side(height, width, self.working_size)

    def network_size(self, height: int, width: int) -> tuple[int, int]:
        """Returns the size at which the network sees an image.

        Args:
            height: Of the image, pixels, at least 1.
            width: Likewise.
        """
        height, width = self.shrunk_size(height, width)
        return self.padded_size(height, width)

    def padded_size(self, height: int, width: int) -> tuple[int, int]:
        """Returns the smallest size that the network takes.

        Args:
            height: Of the image before padding, pixels, at least 1.
            width: Likewise.
        """
        return tuple(
            next_multiple(side, self.size_multiple) for side in (height, width)
        )


def fit_shorter_side(
    height: int, width: int, longest: int | None
) -> tuple[int, int]:
    """Returns a size of the same shape whose shorter side is not too long.

    Args:
        height: Pixels.
        width: Pixels.
        longest: Limit of the shorter side, pixels; None for no limit.
    """
    shorter = min(height, width)
    if longest is None or shorter <= longest:
        return height, width
    scale = longest / shorter
    return round(height * scale), round(width * scale)


def next_multiple(size: int, multiple: int) -> int:
    """Returns the smallest multiple from a size on.

    Args:
        size: An integer, or a tensor of integers.
        multiple: At least 1.
    """
    return -(-size // multiple) * multiple
