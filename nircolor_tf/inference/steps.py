"""The steps from an image to its colored image, in the terms of a card.json.

An image passes these steps, in this order:

    brighten  an image whose mean is below `least_mean`: all gray values times
              what makes it that, but not so far that more than a hundredth
              of them become white, and at most times 8
    shrink    an image whose shorter side is longer than `working_size`; with
              `stretch` to the nearest height and width that the network takes
    pad       at the bottom and at the right, by reflection, to a height and a
              width that the network takes
    network   with `mirror` on the image and on its mirror image; the result
              is the mean of both. With `half_share` also on the image at half
              of the working size, whose change is enlarged as below; the
              result has that share of it
    crop      the padding away
    whiten    with `whiten`: snow and clouds are bright in NIR and in color,
              leaves in NIR alone; what is bright in both loses its color
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

# Of the step 'brighten': that many gray values in 100 may not pass white.
BRIGHT_PERCENT = 99
LARGEST_GAIN = 8.0
# Of the step 'whiten': from the one gray value on a little, from the other on
# all of the color is lost; in the image, and in the luminance of the result.
WHITE_NIR = 0.7, 0.85
WHITE_LUMINANCE = 0.55, 0.75
# Gray values are taken at about so many rows, or columns.
SAMPLES = 128


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
        half_share: Share of the change that the network makes to the image at
            half of the working size, 0 to 1; 0: it does not see it there.
        least_mean: Mean of the gray values below which an image is
            brightened, 0 to 1; 0: none is.
        stretch: Whether the height and width of an image that is shrunk are
            what the network takes, so that it needs no padding.
        whiten: Whether what is bright in the image and in the result is white.

    Raises:
        InputError: `half_share` or `least_mean` is out of its range, or there
            is no working size to halve.
    """

    size_multiple: int = 1
    working_size: int | None = None
    mirror: bool = False
    fusion: BfwlsParameters | None = None
    guided: GuidedParameters | None = None
    half_share: float = 0.0
    least_mean: float = 0.0
    stretch: bool = False
    whiten: bool = False

    def __post_init__(self):
        for name in ("half_share", "least_mean"):
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise InputError(f"{name}={value}: expected 0 to 1")
        if self.half_share and (self.working_size or 0) < 2:
            raise InputError(
                f"half_share={self.half_share}: halves the working size, which "
                f"is {self.working_size}; expected 2 px or more"
            )

    def for_target(self, target: str) -> "Steps":
        """Returns the steps of an inference path, by its target.

        Args:
            target: 'rgb', 'gray' or 'nir'. The fusion and the step 'whiten'
                need color; the paths to the other two have none.
        """
        if target == "rgb":
            return self
        return dataclasses.replace(self, fusion=None, whiten=False)

    def at_one_size(self) -> "Steps":
        """Returns the steps around a file that takes one size."""
        return dataclasses.replace(self, half_share=0.0)

    def shrunk_size(self, height: int, width: int) -> tuple[int, int]:
        """Returns the size of an image after the step 'shrink'.

        Args:
            height: Of the image, pixels, at least 1.
            width: Likewise.
        """
        return fit_shorter_side(
            height, width, self.working_size, self.shrunk_multiple
        )

    def half_size(self, height: int, width: int) -> tuple[int, int]:
        """Returns the size of an image at half of the working size.

        Args:
            height: Of the image, pixels, at least 1.
            width: Likewise.
        """
        return fit_shorter_side(
            height, width, self.half_working_size, self.shrunk_multiple
        )

    @property
    def half_working_size(self) -> int | None:
        """Longest shorter side at half of the working size, pixels."""
        return self.working_size and self.working_size // 2

    @property
    def shrunk_multiple(self) -> int:
        """Pixels of which an image that was shrunk has a whole multiple."""
        return self.size_multiple if self.stretch else 1

    def network_size(self, height: int, width: int) -> tuple[int, int]:
        """Returns the size at which the network sees an image.

        Args:
            height: Of the image, pixels, at least 1.
            width: Likewise.
        """
        height, width = self.shrunk_size(height, width)
        return self.padded_size(height, width)

    def network_sides(self, side: int) -> tuple[int, ...]:
        """Returns each side at which the network sees a square image.

        Args:
            side: Of the image, pixels, at least 1.
        """
        sizes = [self.network_size(side, side)]
        half = self.half_size(side, side)
        if self.half_share and half != self.shrunk_size(side, side):
            sizes.append(self.padded_size(*half))
        return tuple(height for height, _ in sizes)

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
    height: int, width: int, longest: int | None, multiple: int = 1
) -> tuple[int, int]:
    """Returns a size of the same shape whose shorter side is not too long.

    Args:
        height: Pixels.
        width: Pixels.
        longest: Limit of the shorter side, pixels; None for no limit.
        multiple: The sides become the nearest multiples, pixels, but no longer
            than they were; one for which there is none stays as it is.
    """
    shorter = min(height, width)
    if longest is None or shorter <= longest:
        return height, width
    scale = longest / shorter
    return tuple(
        _nearest_multiple(round(side * scale), multiple, side)
        for side in (height, width)
    )


def _nearest_multiple(size: int, multiple: int, longest: int) -> int:
    nearest = round(size / multiple) * multiple
    if nearest > longest:
        nearest -= multiple
    return nearest or size


def next_multiple(size: int, multiple: int) -> int:
    """Returns the smallest multiple from a size on.

    Args:
        size: An integer, or a tensor of integers.
        multiple: At least 1.
    """
    return -(-size // multiple) * multiple
