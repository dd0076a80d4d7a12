"""What videos and cameras deliver, and cameras, through OpenCV."""

import itertools
import re
import time
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import NamedTuple

import cv2
import numpy as np

from nircolor_tf.errors import InputError
from nircolor_tf.images.channels import Channel
from nircolor_tf.images.rasters import Raster

# Frames per second of a camera that does not say its own.
_CAMERA_RATE = 30


class Frame(NamedTuple):
    """A frame of a video or of a camera.

    Attributes:
        nir: (H, W, 1) uint8 or uint16.
        time: When it is shown, seconds from the start.
        duration: How long, seconds; 0 where that is unknown.
        bits: Depth of the levels; 16 also where the file does not say how
            many of them the camera has.
        aspect: Width of a pixel by its height.
    """

    nir: np.ndarray
    time: Fraction
    duration: Fraction
    bits: int = 8
    aspect: Fraction = Fraction(1)


class Properties(NamedTuple):
    """What a result takes over from a video or a camera.

    Attributes:
        rate: Frames per second, on average.
        steady_rate: The rate that gives most frames their own place, for a
            container that has none but equal steps.
        time_base: Unit of the times, seconds.
        metadata: Title, date, place and the like.
    """

    rate: Fraction
    steady_rate: Fraction
    time_base: Fraction
    metadata: Mapping[str, str]


def counted(frames: int) -> str:
    """Returns for example '1 frame' or '2 frames'."""
    return f"{frames} frame{'' if frames == 1 else 's'}"


class SizeGuard:
    """Refuses frames of another size than the first.

    Args:
        source: Of the frames, for errors.
    """

    def __init__(self, source: str):
        self._source = source
        self._first: tuple[int, int] | None = None

    def check(self, number: int, height: int, width: int) -> None:
        """Raises an InputError unless frame `number` is like the first."""
        first_height, first_width = self._first = self._first or (height, width)
        if (height, width) != (first_height, first_width):
            raise InputError(
                f"{self._source}: frame {number}: the size changes from "
                f"{first_width} x {first_height} to {width} x {height} pixels"
            )


def parse_size(text: str) -> tuple[int, int]:
    """Reads the value of --camera_size.

    Args:
        text: WIDTHxHEIGHT in pixels.

    Returns:
        Width and height.

    Raises:
        InputError: It is no such size.
    """
    size = re.fullmatch(r"([1-9]\d{0,4})x([1-9]\d{0,4})", text, re.ASCII)
    if size is None:
        raise InputError(
            f"--camera_size={text}: expected WIDTHxHEIGHT in pixels, such as "
            "1280x720"
        )
    return int(size[1]), int(size[2])


class Camera:
    """A camera and its frames, of 8 bit.

    Args:
        number: Of the camera, in digits.
        channel: Which channel of its pictures is NIR.
        size: Width and height that it is asked for, pixels; None for its own.

    Attributes:
        properties: For the result.
        count: 0: nobody knows how many frames there will be.

    Raises:
        InputError: There is no such camera.
    """

    count = 0

    def __init__(
        self,
        number: str,
        channel: Channel,
        size: tuple[int, int] | None = None,
    ):
        self._name = f"camera {number}"
        self._channel = channel
        self._size = size
        self._capture = cv2.VideoCapture(int(number))
        if not self._capture.isOpened():
            raise InputError(
                f"{self._name}: there is none, or it cannot be opened"
            )
        if size is not None:
            # One that does not know the size gives another: its frames tell.
            self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, size[0])
            self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, size[1])
        rate = self._capture.get(cv2.CAP_PROP_FPS)
        rate = rate if 0 < rate < np.inf else _CAMERA_RATE
        rate = Fraction(rate).limit_denominator(1001)
        self.properties = Properties(rate, rate, Fraction(1, 90_000), {})

    def frames(self) -> Iterator[Frame]:
        """Yields frames at the times they come, until there are no more.

        Raises:
            InputError: A frame lacks the channel, or is of another size than
                the first, or than was asked for.
        """
        guard = SizeGuard(self._name)
        started = None
        for number in itertools.count(1):
            read, picture = self._capture.read()
            if not read:
                return
            now = time.monotonic()
            started = now if started is None else started
            name = f"{self._name}: frame {number}"
            nir = self._channel.of(Raster.of(picture), name)
            self._check_size(*nir.shape[:2])
            guard.check(number, *nir.shape[:2])
            yield Frame(nir, Fraction(now - started), Fraction(0))

    def _check_size(self, height: int, width: int) -> None:
        if self._size not in (None, (width, height)):
            raise InputError(
                f"{self._name}: gives {width} x {height} pixels; expected "
                f"{self._size[0]} x {self._size[1]}, as --camera_size says"
            )

    def close(self) -> None:
        """Releases the camera."""
        self._capture.release()

    def notes(self) -> list[str]:
        """Returns what is to be said of the frames: nothing."""
        return []
