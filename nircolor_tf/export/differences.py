"""The differences between a runtime of an export and its method, on photos."""

import dataclasses
import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from nircolor_tf.errors import InputError
from nircolor_tf.images import conversions

# Stands for the name of a photo where it is about all of them.
ALL = "all"


@dataclasses.dataclass(frozen=True)
class Photo:
    """A photo, and its colors from the method.

    Attributes:
        file: The image file.
        image: (H, W, 1) float32 in [0, 1].
        bits: Depth of the file, 8 or 16.
        expected: (H, W, C) float32 in [0, 1].
        expected_at_one_size: The same, of the network at one size.
        network_size: Height and width at which the network sees it.
    """

    file: Path
    image: np.ndarray
    bits: int
    expected: np.ndarray
    expected_at_one_size: np.ndarray
    network_size: tuple[int, int]


@dataclasses.dataclass(frozen=True)
class Difference:
    """The difference between a runtime and the method, on one photo or all.

    Attributes:
        photo: Name of the file, or `ALL`.
        largest: Largest absolute difference, in [0, 1].
        error: Mean squared difference; of all photos the mean of theirs.
        equal: Share of the pixels that are the same in 8 bit, all channels;
            of all photos the mean of theirs.
        allowed: Limit of `largest`.
    """

    photo: str
    largest: float
    error: float
    equal: float
    allowed: float

    @property
    def psnr(self) -> float:
        """In dB; infinite where nothing differs."""
        return -10 * math.log10(self.error) if self.error else math.inf


@dataclasses.dataclass(frozen=True)
class Runtime:
    """A way to run an inference path of an export, and its differences.

    Attributes:
        path: Name of the path.
        name: As the list in `verify.py` has it.
        run: Photo -> (H, W, C) in [0, 1].
        takes: Whether it can take a photo.
        one_size: Whether the network sees a photo at one size.
        rounds: Whether results are rounded to the depth of the photo's file.
        tolerance: Limit of the largest difference, in [0, 1].
        least_db: Limit of the PSNR over all photos.
        differences: One of each photo so far that it takes.
    """

    path: str
    name: str
    run: Callable[[Photo], np.ndarray]
    takes: Callable[[Photo], bool] = lambda photo: True
    one_size: bool = False
    rounds: bool = False
    tolerance: float = math.inf
    least_db: float = -math.inf
    differences: list[Difference] = dataclasses.field(default_factory=list)

    def compare(self, photo: Photo) -> None:
        """Adds the difference on a photo to `differences`.

        Raises:
            InputError: The runtime fails.
        """
        try:
            result = self.run(photo)
        except (InputError, tf.errors.InvalidArgumentError) as error:
            reason = str(error).splitlines()[0]
            raise InputError(f"{self.name}: {reason}") from error
        expected, allowed = photo.expected, self.tolerance
        if self.one_size:
            expected = photo.expected_at_one_size
        if self.rounds:
            expected = conversions.to_float(
                conversions.to_integers(expected, photo.bits)
            )
            allowed += 1 / (2**photo.bits - 1)
        difference = np.abs(np.subtract(result, expected, dtype=np.float64))
        same = conversions.to_integers(result, 8) == conversions.to_integers(
            expected, 8
        )
        self.differences.append(
            Difference(
                photo.file.name,
                float(difference.max()),
                float(np.mean(difference**2)),
                float(same.all(axis=-1).mean()),
                allowed,
            )
        )

    def total(self) -> Difference:
        """Returns the difference over all photos, at least one."""
        return Difference(
            ALL,
            max(each.largest for each in self.differences),
            float(np.mean([each.error for each in self.differences])),
            float(np.mean([each.equal for each in self.differences])),
            max(each.allowed for each in self.differences),
        )

    def problem(self) -> str:
        """Names a difference that is larger than allowed; '' for none."""
        count = len(self.differences)
        above = [
            each
            for each in self.differences
            if not each.largest <= each.allowed
        ]
        if above:
            worst = max(above, key=lambda each: each.largest)
            return (
                f"{self.name}, path {self.path}: differs from the method by "
                f"more than is allowed on {len(above)} of {count} photos; "
                f"the most on {worst.photo}, {worst.largest:.2g}, where "
                f"{worst.allowed:.2g} is allowed"
            )
        if count and not self.total().psnr >= self.least_db:
            return (
                f"{self.name}, path {self.path}: is at "
                f"{self.total().psnr:.1f} dB from the method over {count} "
                f"photos; config.export.least_db asks for {self.least_db:g}"
            )
        return ""


@dataclasses.dataclass(frozen=True)
class Verification:
    """The comparison of an export with its method.

    Attributes:
        runtimes: Of every path, also those that take none of the photos.
        sizes: Heights and widths at which the photos reach the network.
        problems: The photos that fail, and the differences above their limit.
        reference: What the export was compared with, in words.
    """

    runtimes: Sequence[Runtime]
    sizes: Sequence[tuple[int, int]]
    problems: Sequence[str]
    reference: str
