"""Writes a video without sound, frame by frame, through OpenCV."""

from pathlib import Path

import cv2
import numpy as np

from nircolor_tf.errors import InputError
from nircolor_tf.images import conversions

# Suffix -> codec, of those that come with OpenCV's wheel.
CODECS = {
    ".avi": "MJPG",
    ".m4v": "mp4v",
    ".mkv": "FFV1",  # without loss
    ".mov": "mp4v",
    ".mp4": "mp4v",
}


class VideoWriter:
    """A video without sound, which grows frame by frame.

    Args:
        folder: For the file.
        target: The name of the whole video, for errors; its suffix chooses
            the codec.
        rate: Frames per second.

    Attributes:
        path: The file.
        rate: Frames per second.
        frames: How many were written.
    """

    def __init__(self, folder: Path, target: Path, rate: float):
        self.path = folder / f"silent{target.suffix}"
        self.frames = 0
        self.rate = rate
        self._target = target
        self._size = None
        self._writer = cv2.VideoWriter()

    def write(self, frame: np.ndarray) -> None:
        """Appends (H, W, C) float32 in [0, 1], C = 3 in RGB order, or 1.

        Raises:
            InputError: OpenCV refuses.
        """
        height, width, channels = frame.shape
        if self._size is None:
            self._size = width, height
            codec = cv2.VideoWriter_fourcc(*CODECS[self.path.suffix.lower()])
            if not self._writer.open(
                str(self.path), codec, self.rate, self._size
            ):
                raise InputError(
                    f"{self._target}: OpenCV cannot write {width} x {height} "
                    f"pixels at {self.rate:g} frames/s into such a file"
                )
        levels = conversions.to_integers(frame, 8)
        levels = levels.repeat(3 // channels, axis=2)
        # OpenCV before 5 always returns None.
        if self._writer.write(levels[..., ::-1].copy()) is False:
            raise InputError(
                f"{self._target}: OpenCV cannot write frame {self.frames + 1}; "
                "is the disk full?"
            )
        self.frames += 1

    def close(self) -> None:
        """Completes the file.

        Raises:
            InputError: There was no frame, or the file cannot be completed.
        """
        self._writer.release()
        if not self.frames:
            raise InputError(f"{self._target}: there was no frame to write")
        written = cv2.VideoCapture(str(self.path))
        if written.get(cv2.CAP_PROP_FRAME_COUNT) < 1:
            raise InputError(
                f"{self._target}: OpenCV cannot complete it; is the disk full?"
            )

    def notes(self) -> list[str]:
        """Returns the differences to the frames, in words."""
        even = tuple(size // 2 * 2 for size in self._size)
        if even == self._size:
            return []
        # OpenCV cuts them, without a word, for every codec.
        return [f"cut to {even[0]} x {even[1]} pixels, as its codec needs"]
