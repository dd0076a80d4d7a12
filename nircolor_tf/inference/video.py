"""Colorizes a video file, or what a camera sees, through OpenCV.

    summary = colorize_video(colorizer, "nir.mp4", "color.mp4", ...)

OpenCV reads and writes 8 bit and no sound; the sound is copied by the program
ffmpeg, where that is installed.
"""

import contextlib
import itertools
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from nircolor_tf.errors import InputError
from nircolor_tf.images import conversions, ranges
from nircolor_tf.inference.colorizer import Colorizer
from nircolor_tf.inference.flicker import Smoother

# Suffix of the result -> its codec, of those that come with OpenCV's wheel.
_CODECS = {
    ".avi": "MJPG",
    ".m4v": "mp4v",
    ".mkv": "FFV1",  # without loss
    ".mov": "mp4v",
    ".mp4": "mp4v",
}

# The channels of a gray video differ by no more on average, in 8-bit levels:
# 3 where OpenCV wrote it, 0 where other programs did.
_GRAY_TOLERANCE = 4

# Of a camera that does not say, frames per second.
_CAMERA_RATE = 30

# What the model may fail with at a frame; OpenCV's error is how it says that
# the memory does not suffice.
_FAILURES = (InputError, MemoryError, cv2.error)


def colorize_video(
    colorizer: Colorizer,
    source: str,
    target: str | os.PathLike,
    input_range: ranges.InputRange,
    smoothing: float,
    overwrite: bool,
    max_frames: int | None = None,
) -> str:
    """Colorizes a NIR or gray video, whichever the model takes.

    The result has as many frames, of the same size and rate. A camera is
    recorded until it ends, or Ctrl-C or SIGTERM ends it; where the model is
    slower than it, frames are repeated, so that the result takes as long as the
    recording.

    Args:
        colorizer: As `load_export` returns it.
        source: A video file, or the number of a camera.
        target: A file, .avi, .m4v, .mkv, .mov or .mp4; unless for a camera
            also a folder.
        input_range: What is black and white, found in the first frame.
        smoothing: Against flicker, in [0, 1); 0 for none. See `Smoother`.
        overwrite: Replace a result that exists already; the input never.
        max_frames: Stop after so many frames of the source; None for all.

    Returns:
        What was written, for example '16 frames (25 frames/s; sound copied)'.

    Raises:
        InputError: An argument is wrong, the source cannot be read, a frame
            fails (its number is named, from 1), or the target cannot be
            written. Nothing is left behind then.
    """
    if not 0 <= smoothing < 1:
        raise InputError(
            f"--smoothing={smoothing}: expected 0 or more, and less than 1"
        )
    capture = _Capture(source)
    target = _checked_target(capture, Path(target), overwrite)
    frames = _colorized(colorizer, capture, input_range, smoothing, max_frames)
    with _folder_beside(target) as folder:
        result = _Writer(folder, target, capture.rate)
        with _until_interrupted(capture.camera), contextlib.closing(frames):
            _write(frames, result, in_real_time=capture.camera)
        result.close()
        notes = [f"{capture.rate:g} frames/s", *result.notes()]
        if capture.camera:
            os.replace(result.path, target)
        else:
            seconds = max_frames and result.frames / capture.rate
            path, note = _with_sound(result.path, Path(source), seconds)
            os.replace(path, target)
            notes.append(note)
        # Some formats only say how long the sound is, which may be longer.
        if not max_frames and result.frames < capture.count - capture.rate:
            notes.append(f"the input says that it has {capture.count}")
    plural = "" if result.frames == 1 else "s"
    return f"{result.frames} frame{plural} ({'; '.join(notes)})"


class _Capture:
    """Where the frames come from.

    Args:
        source: A video file, or the number of a camera.

    Attributes:
        source: As given.
        camera: Whether it is a camera.
        rate: Frames per second.
        count: How many frames a file says it has; 0 if it does not.

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


class _Writer:
    """The result without sound, which grows frame by frame.

    Args:
        folder: For the file.
        target: What it is to become; the suffix chooses the codec.
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
            codec = cv2.VideoWriter_fourcc(*_CODECS[self.path.suffix.lower()])
            if not self._writer.open(
                str(self.path), codec, self.rate, self._size
            ):
                raise InputError(
                    f"{self._target}: OpenCV cannot write {width} x {height} "
                    f"pixels at {self.rate:g} frames/s into such a file"
                )
        levels = conversions.to_integers(frame, 8)
        levels = levels.repeat(3 // channels, axis=2)
        # OpenCV before 5 returns None, whatever happened.
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
        """What is to be said of the file."""
        even = tuple(size // 2 * 2 for size in self._size)
        if even == self._size:
            return []
        # OpenCV cuts them, without a word, for every codec.
        return [f"cut to {even[0]} x {even[1]} pixels, as its codec needs"]


def _checked_target(capture: _Capture, target: Path, overwrite: bool) -> Path:
    expected = f"expected a file ending in one of {', '.join(_CODECS)}"
    if target.is_dir() or not target.suffix:
        if capture.camera:
            raise InputError(f"{target}: for a camera, {expected}")
        target = target / Path(capture.source).name
    if target.suffix.lower() not in _CODECS:
        raise InputError(f"{target}: cannot be written; {expected}")
    if target.resolve() == Path(capture.source).resolve():
        raise InputError(f"{target}: would overwrite the input video")
    if target.exists() and not overwrite:
        raise InputError(f"{target}: exists already; --overwrite replaces it")
    return target


def _gray(frame: np.ndarray) -> np.ndarray:
    """A gray frame stored as BGR -> (H, W, 1)."""
    blue, green, red = cv2.split(frame)
    spread = max(cv2.absdiff(green, other).mean() for other in (blue, red))
    if spread > _GRAY_TOLERANCE:
        raise InputError(
            "in color where NIR or gray is expected: its channels differ by "
            f"{spread:.1f} levels on average"
        )
    # Luma: what compression has done to the color is not in it.
    return cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)[..., None]


def _colorized(
    colorizer: Colorizer,
    capture: _Capture,
    input_range: ranges.InputRange,
    smoothing: float,
    max_frames: int | None,
) -> Iterator[np.ndarray]:
    """Yields colorized frames, with a progress bar."""
    smoother = Smoother(smoothing)
    total = min(max_frames or capture.count, capture.count) or max_frames
    frames = itertools.islice(capture.frames(), max_frames)
    progress = tqdm(frames, "colorize", total, unit="frame")
    for number, levels in enumerate(progress, 1):
        try:
            if number == 1:
                low, high = input_range.of(levels)
            nir = ranges.to_unit(levels, low, high)
            color = smoother(colorizer(nir), nir)
        except _FAILURES as error:
            raise InputError(
                f"{capture.source}: frame {number}: "
                f"{str(error) or type(error).__name__}"
            ) from error
        yield color


def _write(
    frames: Iterator[np.ndarray], result: _Writer, in_real_time: bool
) -> None:
    started = None
    for frame in frames:
        result.write(frame)
        now = time.monotonic()
        started = now if started is None else started
        due = (now - started) * result.rate if in_real_time else 0
        while result.frames < round(due):
            result.write(frame)


def _until_interrupted(camera: bool) -> contextlib.AbstractContextManager:
    """Ctrl-C ends a recording; where a file is read, it ends the program.

    So does SIGTERM, which `cli.run` turns into a KeyboardInterrupt.
    """
    if camera:
        return contextlib.suppress(KeyboardInterrupt)
    return contextlib.nullcontext()


@contextlib.contextmanager
def _folder_beside(target: Path) -> Iterator[Path]:
    """A folder that goes away: OpenCV and ffmpeg want the suffix kept."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(
            dir=target.parent, prefix=f".{target.name}."
        ) as folder:
            yield Path(folder)
    except OSError as error:
        raise InputError(
            f"{target}: cannot be written: {error.strerror}"
        ) from error


def _with_sound(
    silent: Path, source: Path, seconds: float | None
) -> tuple[Path, str]:
    """Adds the sound of the source, as it is.

    Args:
        silent: The result.
        source: What it was made from.
        seconds: Length of the result where it was cut; None for all of it.

    Returns:
        The file with sound, or `silent`; and what became of the sound.
    """
    program = shutil.which("ffmpeg")
    if program is None:
        return silent, "without sound, which ffmpeg copies where installed"
    target = silent.with_stem("sound")
    inputs = ["-i", f"file:{silent}", "-i", f"file:{source}"]
    streams = ["-map", "0:v", "-map", "1:a", "-c", "copy"]
    length = ["-t", str(seconds)] if seconds else []
    run = subprocess.run(
        [
            *(program, "-nostdin", "-loglevel", "error", *inputs),
            *(*streams, *length, f"file:{target}"),
        ],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if run.returncode == 0:
        return target, "sound copied"
    if "matches no streams" in run.stderr:
        return silent, "the input has no sound"
    reason = (run.stderr.strip().splitlines() or ["no reason given"])[0]
    return silent, f"without sound, which ffmpeg could not copy: {reason}"
