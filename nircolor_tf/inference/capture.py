"""Reads the gray frames of a video file or of a camera, through OpenCV."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from nircolor_tf.errors import InputError

# The channels of a gray video differ by no more on average, in 8-bit levels:
# 3 where OpenCV wrote it, 0 where other programs did.
_GRAY_TOLERANCE = 4

# Frames per second of a camera that does not say its own.
_CAMERA_RATE = 30


class Capture:
    """A video file or a camera, and its frames.

    Args:
        source: A video file, or the number of a camera.

    Attributes:
        source: The argument.
        camera: Whether it is a camera.
        rate: Frames per second.
        count: Frames of a file, as the file says; 0 if it does not.

    Raises:
        InputError: There is no such file or camera, or it is no video.
    """

    def __init__(self, source: str):
        self.source = source
        self.camera = source.isdecimal() and not Path(source).exists()
        if not self.camera and not Path(source).is_file():
            raise InputError(f"{source}: no such file")
        self._capture = cv2.VideoCapture(int(source) if self.camera else source)
        if not self._capture.isOpened():
            raise InputError(
                f"camera {source}: there is none, or it cannot be opened"
                if self.camera
                else f"{source}: not a video that OpenCV can read"
            )
        self.rate = self._capture.get(cv2.CAP_PROP_FPS)
        if not 0 < self.rate < np.inf:
            if not self.camera:
                raise InputError(
                    f"{source}: says {self.rate} frames per second"
                )
            self.rate = _CAMERA_RATE
        self.count = max(0, int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT)))

    def frames(self) -> Iterator[np.ndarray]:
        """Yields gray frames, (H, W, 1) uint8, until there are no more.

        Raises:
            InputError: A frame is in color, or of another size than the first.
        """
        size = None
        try:
            for number in itertools.count(1):
                read, frame = self._capture.read()
                if not read:
                    return
                size = size or frame.shape
                if frame.shape != size:
                    raise InputError(
                        f"{self.source}: frame {number}: the size changes "
                        f"from {size[1]} x {size[0]} to "
                        f"{frame.shape[1]} x {frame.shape[0]} pixels"
                    )
                try:
                    gray = _gray(frame)
                except InputError as error:
                    raise InputError(
                        f"{self.source}: frame {number}: {error}"
                    ) from error
                yield gray
        finally:
            self._capture.release()


def _gray(frame: np.ndarray) -> np.ndarray:
    """A gray frame stored as BGR -> (H, W, 1)."""
    blue, green, red = cv2.split(frame)
    spread = max(cv2.absdiff(green, other).mean() for other in (blue, red))
    if spread > _GRAY_TOLERANCE:
        raise InputError(
            "in color where NIR or gray is expected: its channels differ by "
            f"{spread:.1f} levels on average"
        )
    # Luma: free of the errors that compression makes in the color.
    return cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)[..., None]
