"""Writes a video without sound, frame by frame, through PyAV."""

import contextlib
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import av
import numpy as np
from av.codec.context import Flags
from av.video.reformatter import (
    ColorPrimaries,
    ColorRange,
    Colorspace,
    ColorTrc,
    Interpolation,
)

from nircolor_tf import files
from nircolor_tf.errors import InputError
from nircolor_tf.images import conversions
from nircolor_tf.inference.capture import Frame, Properties, counted


class _Format(NamedTuple):
    """How the files of a suffix are written.

    Attributes:
        container: FFmpeg's name of the container.
        codec: FFmpeg's name of the encoder.
        pixels: Pixel format.
        options: For the encoder.
        color_range: Of luma and chroma.
        steady: Whether frames can only follow in equal steps.
        even: Whether sizes must be even.
    """

    container: str
    codec: str
    pixels: str
    options: dict[str, str]
    color_range: ColorRange = ColorRange.MPEG
    steady: bool = False
    even: bool = False


# Without frames that wait for later ones (bf), the file starts at its time.
_H264 = {"crf": "18", "preset": "veryfast", "bf": "0"}
_MP4 = _Format("mp4", "libx264", "yuv420p", _H264, even=True)
_MJPEG = {"flags": "+qscale", "global_quality": "236"}  # quality 2 of 31

FORMATS = {
    ".avi": _Format(
        "avi", "mjpeg", "yuv420p", _MJPEG, ColorRange.JPEG, steady=True
    ),
    ".m4v": _MP4,
    ".mkv": _Format(  # without loss
        "matroska", "ffv1", "bgr0", {"level": "3", "slicecrc": "1"}
    ),
    ".mov": _MP4._replace(container="mov"),
    ".mp4": _MP4,
}

# FFmpeg tells Matroska nothing of pixels that are not square, unless the codec
# does. This one is without loss, too.
_SHAPED_PIXELS = {
    ".mkv": _Format(
        *("matroska", "libx264rgb", "bgr24"),
        {"qp": "0", "preset": "veryfast", "bf": "0"},
    )
}

# What FFmpeg calls the matrices of luma and chroma when it converts, and in a
# file.
_BT601 = Colorspace.ITU601, 6
_BT709 = Colorspace.ITU709, 1

# Up to this height players take a video without a tag for BT.601.
_STANDARD_DEFINITION = 576

# The default rounds gray to chroma of 127.
_ACCURATE = Interpolation.BICUBIC | Interpolation.ACCURATE_RND

# A longer time without a frame is not filled with repetitions, seconds.
_LONGEST_GAP = 600


class VideoWriter:
    """A video without sound, which grows frame by frame.

    Leaving its context without `close` drops the video.

    Args:
        folder: For the file.
        target: The name of the whole video, for errors; its suffix chooses
            the format.
        properties: Of the video it is made from.

    Attributes:
        path: The file.
        frames: How many were written.
        end: When the last one ends, seconds.
    """

    def __init__(self, folder: Path, target: Path, properties: Properties):
        self.path = folder / f"silent{target.suffix}"
        self.frames = 0
        self.end = Fraction(0)
        self._target = target
        self._suffix = target.suffix.lower()
        self._format = FORMATS[self._suffix]
        self._properties = properties
        self._unit = (
            1 / properties.steady_rate
            if self._format.steady
            else properties.time_base
        )
        self._container = None
        self._stream = None
        self._size = None
        self._picture = None
        self._start = None
        self._moment = -1
        self._crowded = self._repeated = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._container is not None:
            with contextlib.suppress(av.FFmpegError):
                self._container.close()

    def write(self, color: np.ndarray, frame: Frame) -> None:
        """Appends a frame.

        Args:
            color: (H, W, C) float32 in [0, 1], C = 3 in RGB order, or 1.
            frame: What it was made from: its time, duration and aspect.

        Raises:
            InputError: FFmpeg refuses, or the time is too far after the frame
                before for a container of equal steps.
        """
        with self._named_errors():
            if self._container is None:
                self._open(*color.shape[:2], frame.aspect)
            picture = self._converted(color)
            moment = self._step(frame.time)
            if not self._format.steady:
                self._crowded += moment <= self._moment
                moment = max(moment, self._moment + 1)
                duration = round(frame.duration / self._unit)
                self._encode(picture, moment, duration)
            elif moment <= self._moment:
                self._crowded += 1
            else:
                self._repeat(self._picture or picture, moment)
                self._encode(picture, moment)
        self._picture = picture
        self.frames += 1
        step = frame.duration or 1 / self._properties.rate
        self.end = frame.time + min(step, _LONGEST_GAP)

    def close(self) -> None:
        """Completes the file.

        Raises:
            InputError: There was no frame, or the file cannot be completed.
        """
        if not self.frames:
            raise InputError(f"{self._target}: there was no frame to write")
        with self._named_errors():
            if self._format.steady:
                self._repeat(self._picture, self._step(self.end))
            self._container.mux(self._stream.encode())
            self._container.close()

    def notes(self) -> list[str]:
        """Returns the differences to the frames, in words."""
        notes = []
        stored = self._stream.width, self._stream.height
        if stored != self._size:
            notes.append(
                f"edges repeated to {stored[0]} x {stored[1]} pixels, as its "
                "codec needs even sizes"
            )
        if self._repeated:
            notes.append(
                f"{counted(self._repeated)} repeated: steps are equal in "
                f"{self._suffix}"
            )
        if self._crowded:
            what = "left out" if self._format.steady else "moved"
            notes.append(
                f"{counted(self._crowded)} {what}: too close together for "
                f"{self._suffix}"
            )
        return notes

    @contextlib.contextmanager
    def _named_errors(self) -> Iterator[None]:
        try:
            yield
        except (av.FFmpegError, OverflowError) as error:
            raise files.refusal(self._target, error) from error

    def _step(self, time: Fraction) -> int:
        """Returns which of the container's steps a time, in seconds, is."""
        # Counted from the first frame. It may come half a step after the
        # sound, and halves of steps are rounded up and down in turns.
        self._start = time if self._start is None else self._start
        first = round(self._start / self._unit)
        return first + round((time - self._start) / self._unit)

    def _open(self, height: int, width: int, aspect: Fraction) -> None:
        self._size = width, height
        if aspect != 1:
            self._format = _SHAPED_PIXELS.get(self._suffix, self._format)
        if self._format.even:
            width, height = width + width % 2, height + height % 2
        self._container = av.open(
            f"file:{self.path}", "w", format=self._format.container
        )
        self._container.metadata.update(self._properties.metadata)
        self._stream = self._container.add_stream(
            self._format.codec,
            rate=self._properties.rate,
            options=self._format.options,
            width=width,
            height=height,
            pix_fmt=self._format.pixels,
        )
        context = self._stream.codec_context
        context.time_base = self._unit
        context.sample_aspect_ratio = aspect
        context.flags |= Flags.frame_duration
        if self._format.pixels == "yuv420p":
            context.color_range = self._format.color_range
            context.colorspace = self._matrix()[1]
            context.color_primaries = ColorPrimaries.BT709
            context.color_trc = ColorTrc.BT709

    def _matrix(self) -> tuple[Colorspace, int]:
        jpeg = self._format.color_range == ColorRange.JPEG
        small = self._size[1] <= _STANDARD_DEFINITION
        return _BT601 if jpeg or small else _BT709

    def _converted(self, color: np.ndarray) -> av.VideoFrame:
        height, width, channels = color.shape
        levels = conversions.to_integers(color, 8).repeat(3 // channels, axis=2)
        missing = self._stream.height - height, self._stream.width - width
        levels = np.pad(
            levels, ((0, missing[0]), (0, missing[1]), (0, 0)), mode="edge"
        )
        return av.VideoFrame.from_ndarray(levels, format="rgb24").reformat(
            format=self._format.pixels,
            dst_colorspace=self._matrix()[0],
            dst_color_range=self._format.color_range,
            interpolation=_ACCURATE,
        )

    def _encode(
        self, picture: av.VideoFrame, moment: int, duration: int = 1
    ) -> None:
        picture.pts = moment
        picture.time_base = self._unit
        picture.duration = duration
        self._container.mux(self._stream.encode(picture))
        self._moment = moment

    def _repeat(self, picture: av.VideoFrame, end: int) -> None:
        """Fills the moments before `end`, if they are empty."""
        missing = max(0, end - self._moment - 1)
        if missing * self._unit > _LONGEST_GAP:
            raise InputError(
                f"{self._target}: frame {self.frames + 1} comes "
                f"{float(missing * self._unit):.0f} s after the one before; "
                f"repetitions fill {_LONGEST_GAP} s at most, other suffixes "
                "need none"
            )
        for _ in range(missing):
            self._encode(picture, self._moment + 1)
        self._repeated += missing
