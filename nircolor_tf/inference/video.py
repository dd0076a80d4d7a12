"""Colorizes a video file, or the picture of a camera, through OpenCV.

    summary = colorize_video(colorizer, "nir.mp4", "color.mp4", ...)

OpenCV reads and writes 8 bit and no sound. The program ffmpeg copies the
sound, where it is installed.
"""

import contextlib
import itertools
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from nircolor_tf.errors import InputError
from nircolor_tf.images import ranges
from nircolor_tf.inference.capture import Capture
from nircolor_tf.inference.colorizer import Colorizer
from nircolor_tf.inference.flicker import Smoother
from nircolor_tf.inference.sound import add_sound
from nircolor_tf.inference.video_writer import CODECS, VideoWriter

# Failures of the model at a frame. OpenCV raises its own error where the
# memory does not suffice.
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
    """Colorizes a NIR or gray video, as the model takes.

    The result has as many frames, of the same size and rate. A camera is
    recorded until it ends, or Ctrl-C or SIGTERM ends it. Where the model is
    slower than the camera, frames are repeated: the result takes as long as
    the recording.

    Args:
        colorizer: As `load_export` returns it.
        source: A video file, or the number of a camera.
        target: A file, .avi, .m4v, .mkv, .mov or .mp4; unless for a camera
            also a folder.
        input_range: Finds the levels of black and white in the first frame.
        smoothing: Against flicker, in [0, 1); 0 for none. See `Smoother`.
        overwrite: Replace a result that exists already; the input never.
        max_frames: Stop after so many frames of the source; None for all.

    Returns:
        A summary, for example '16 frames (25 frames/s; sound copied)'.

    Raises:
        InputError: An argument is wrong, the source cannot be read, a frame
            fails (its number is named, from 1), or the target cannot be
            written. Nothing is left behind then.
    """
    if not 0 <= smoothing < 1:
        raise InputError(
            f"--smoothing={smoothing}: expected 0 or more, and less than 1"
        )
    capture = Capture(source)
    target = _resolve_target(capture, Path(target), overwrite)
    frames = _color_frames(
        colorizer, capture, input_range, smoothing, max_frames
    )
    with _scratch_folder(target) as folder:
        result = VideoWriter(folder, target, capture.rate)
        with _until_interrupted(capture.camera), contextlib.closing(frames):
            _write_frames(frames, result, in_real_time=capture.camera)
        notes = _finish(result, capture, target, max_frames)
    plural = "" if result.frames == 1 else "s"
    return f"{result.frames} frame{plural} ({'; '.join(notes)})"


def _finish(
    result: VideoWriter, capture: Capture, target: Path, max_frames: int | None
) -> list[str]:
    """Completes the video, adds the sound, and returns notes on it."""
    result.close()
    notes = [f"{capture.rate:g} frames/s", *result.notes()]
    path = result.path
    if not capture.camera:
        seconds = max_frames and result.frames / capture.rate
        path, note = add_sound(path, Path(capture.source), seconds)
        notes.append(note)
    os.replace(path, target)
    # Some formats only say how long the sound is, which may be longer.
    if not max_frames and result.frames < capture.count - capture.rate:
        notes.append(f"the input says that it has {capture.count}")
    return notes


def _resolve_target(capture: Capture, target: Path, overwrite: bool) -> Path:
    expected = f"expected a file ending in one of {', '.join(CODECS)}"
    if target.is_dir() or not target.suffix:
        if capture.camera:
            raise InputError(f"{target}: for a camera, {expected}")
        target = target / Path(capture.source).name
    if target.suffix.lower() not in CODECS:
        raise InputError(f"{target}: cannot be written; {expected}")
    if target.resolve() == Path(capture.source).resolve():
        raise InputError(f"{target}: would overwrite the input video")
    if target.exists() and not overwrite:
        raise InputError(f"{target}: exists already; --overwrite replaces it")
    return target


def _color_frames(
    colorizer: Colorizer,
    capture: Capture,
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


def _write_frames(
    frames: Iterator[np.ndarray], result: VideoWriter, in_real_time: bool
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
def _scratch_folder(target: Path) -> Iterator[Path]:
    """A folder that is removed: OpenCV and ffmpeg need the suffix kept."""
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
