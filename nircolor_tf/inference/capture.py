"""What videos and cameras deliver, and cameras, through OpenCV."""

import itertools
import time
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import NamedTuple

import cv2
import numpy as np

from nircolor_tf.errors import InputError
from nircolor_tf.images.channels import Channel

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


class Camera:
    """A camera and its frames.

    Args:
        number: Of the camera, in digits.
        channel: Which channel of its pictures is NIR.

    Attributes:
        properties: For the result.
        count: 0: nobody knows how many frames there will be.

    Raises:
        InputError: There is no such camera.
    """

    count = 0

    def __init__(self, number: str, channel: Channel):
        self._name = f"camera {number}"
        self._channel = channel
        self._capture = cv2.VideoCapture(int(number))
        if not self._capture.isOpened():
            raise InputError(
                f"{self._name}: there is none, or it cannot be opened"
            )
        rate = self._capture.get(cv2.CAP_PROP_FPS)
        rate = rate if 0 < rate < np.inf else _CAMERA_RATE
        rate = Fraction(rate).limit_denominator(1001)
        self.properties = Properties(rate, rate, Fraction(1, 90_000), {})

    def frames(self) -> Iterator[Frame]:
        """Yields frames at the times they come, until there are no more.

        Raises:
            InputError: A frame lacks the channel, or is of another size.
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
            nir = self._channel.of(picture[..., ::-1], name)
            guard.check(number, *nir.shape[:2])
            yield Frame(nir, Fraction(now - started), Fraction(0))

    def close(self) -> None:
        """Releases the camera."""
        self._capture.release()

    def notes(self) -> list[str]:
        """Returns what is to be said of the frames: nothing."""
        return []
