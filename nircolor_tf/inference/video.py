"""Colorizes a video file, or the picture of a camera.

    summary = colorize_video(colorizer, "nir.mp4", "color.mp4", ...)

FFmpeg's libraries read and write files (PyAV), OpenCV reads cameras. Every
frame keeps its time.
"""

import contextlib
import itertools
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from tqdm import tqdm

from nircolor_tf import files
from nircolor_tf.errors import InputError
from nircolor_tf.images import channels, ranges
from nircolor_tf.images.channels import Channel
from nircolor_tf.inference import frame_pixels
from nircolor_tf.inference.capture import Camera, Frame, counted
from nircolor_tf.inference.colorizer import FAILURES, Colorizer
from nircolor_tf.inference.flicker import Smoother
from nircolor_tf.inference.jobs import is_camera
from nircolor_tf.inference.sound import add_sound
from nircolor_tf.inference.video_reader import VideoFile
from nircolor_tf.inference.video_writer import FORMATS, VideoWriter


def colorize_video(
    colorizer: Colorizer,
    source: str,
    target: str | os.PathLike,
    input_range: ranges.InputRange,
    smoothing: float,
    overwrite: bool,
    max_frames: int | None = None,
    channel: Channel = channels.GRAY,
    camera_size: tuple[int, int] | None = None,
) -> str:
    """Colorizes a NIR or gray video, as the model takes.

    The result has the frames of the source, each at its own time, upright,
    with the same size and aspect, in 8 bit. A camera is recorded until it,
    Ctrl-C or SIGTERM ends it.

    Args:
        colorizer: As `load_export` returns it.
        source: A video file, or the number of a camera.
        target: As `target_of` takes it.
        input_range: Finds the levels of black and white in the first frame.
            'auto' takes the depth that the file says, up to 14 bit.
        smoothing: Against flicker, in [0, 1); 0 for none. See `Smoother`.
        overwrite: Replace a result that exists; the input never.
        max_frames: Stop after so many frames of the source; None for all.
        channel: Which channel of the frames is NIR.
        camera_size: As `Camera` takes it.

    Returns:
        A summary: '16 frames (25 frames/s; sound copied)'.

    Raises:
        InputError: An argument or a file is wrong, or a frame fails (it is
            named, from 1). Nothing is left behind then.
    """
    _check_smoothing(smoothing)
    with contextlib.closing(_open(source, channel, camera_size)) as video:
        target = _resolve_target(source, Path(target), overwrite)
        colors = _Colors(colorizer, source, input_range, smoothing)
        with (
            _scratch_folder(target) as folder,
            VideoWriter(folder, target, video.properties) as result,
        ):
            frames = _with_progress(video, max_frames)
            _write(result, colors.of(frames), source)
            path, notes = _with_sound(result, source, video, max_frames, target)
            files.sync_folder(folder)
            os.replace(path, target)
    return f"{counted(result.frames)} ({'; '.join(notes + colors.notes())})"


def _open(
    source: str, channel: Channel, camera_size: tuple[int, int] | None
) -> Camera | VideoFile:
    if is_camera(source):
        return Camera(source, channel, camera_size)
    return VideoFile(source, channel)


def _write(
    result: VideoWriter, colors: Iterator[tuple[np.ndarray, Frame]], source: str
) -> None:
    with _until_interrupted(source), contextlib.closing(colors):
        for color, frame in colors:
            result.write(color, frame)


def _check_smoothing(smoothing: float) -> None:
    if not 0 <= smoothing < 1:
        raise InputError(
            f"--smoothing={smoothing}: expected 0 or more, and less than 1"
        )


def _with_sound(
    result: VideoWriter,
    source: str,
    video: Camera | VideoFile,
    max_frames: int | None,
    target: Path,
) -> tuple[Path, list[str]]:
    """Closes the result, and adds the sound of a video file.

    Returns:
        The file, and what is to be said of it.
    """
    result.close()
    path, notes = result.path, [*video.notes(), *result.notes()]
    if is_camera(source):  # which a model may be slower than
        rate = result.frames / result.end
    else:
        rate = video.properties.rate
        end = result.end if max_frames else None
        path, note = add_sound(path, source, video.origin, end, target)
        notes.append(note)
    return path, [f"{float(rate):.5g} frames/s", *notes]


def target_of(source: str, target: Path) -> Path:
    """Returns the file of the result.

    Args:
        source: A video file, or the number of a camera.
        target: A file, .avi, .m4v, .mkv, .mov or .mp4; unless for a camera
            also a folder.

    Raises:
        InputError: It is none that can be written.
    """
    expected = f"expected a file ending in one of {', '.join(FORMATS)}"
    if target.is_dir() or not target.suffix:
        if is_camera(source):
            raise InputError(f"{target}: for a camera, {expected}")
        target = target / Path(source).name
    if target.suffix.lower() not in FORMATS:
        raise InputError(f"{target}: cannot be written; {expected}")
    return target


def _resolve_target(source: str, target: Path, overwrite: bool) -> Path:
    target = target_of(source, target)
    if target.resolve() == Path(source).resolve():
        raise InputError(f"{target}: would overwrite the input video")
    if target.exists() and not overwrite:
        raise InputError(f"{target}: exists already; --overwrite replaces it")
    return target


def _with_progress(
    video: Camera | VideoFile, max_frames: int | None
) -> Iterable[Frame]:
    """Returns the frames, with a progress bar."""
    frames = itertools.islice(video.frames(), max_frames)
    total = min(max_frames or video.count, video.count) or max_frames
    return tqdm(frames, "colorize", total, unit="frame")


class _Colors:
    """The colors of the frames of a video.

    Args:
        colorizer: As of `colorize_video`, likewise the others.
    """

    def __init__(
        self,
        colorizer: Colorizer,
        source: str,
        input_range: ranges.InputRange,
        smoothing: float,
    ):
        self._colorizer = colorizer
        self._source = source
        self._input_range = input_range
        self._smoother = Smoother(smoothing)
        self._low = self._high = self._first = None
        self._clipped = 0

    def of(self, frames: Iterable[Frame]) -> Iterator[tuple[np.ndarray, Frame]]:
        """Yields the colors of each frame, and the frame."""
        for number, frame in enumerate(frames, 1):
            try:
                color = self._color(frame)
            except FAILURES as error:
                raise InputError(
                    f"{self._source}: frame {number}: "
                    f"{str(error) or type(error).__name__}"
                ) from error
            yield color, frame

    def _color(self, frame: Frame) -> np.ndarray:
        nir = frame.nir
        if self._first is None:
            # The file knows its depth; a dark frame looks like a lower one.
            bits = frame_pixels.known_bits(frame.bits)
            self._low, self._high = self._input_range.of(nir, bits)
            self._first = frame
        self._clipped += int(nir.max()) > self._high
        unit = ranges.to_unit(nir, self._low, self._high)
        return self._smoother(self._colorizer(unit), unit)

    def notes(self) -> list[str]:
        """Says which levels are black and white, unless these are all."""
        low, high, first = self._low, self._high, self._first
        if (low, high) == (0, 2**first.bits - 1):
            return []
        notes = [ranges.describe(low, high, first.nir.dtype)]
        if self._clipped:
            notes.append(
                f"{counted(self._clipped)} with brighter values: --range=LOW,"
                "HIGH of the camera keeps them"
            )
        return notes


def _until_interrupted(source: str) -> contextlib.AbstractContextManager:
    """Ctrl-C ends a recording; where a file is read, it ends the program.

    So does SIGTERM, which `cli.run` turns into a KeyboardInterrupt.
    """
    if is_camera(source):
        return contextlib.suppress(KeyboardInterrupt)
    return contextlib.nullcontext()


@contextlib.contextmanager
def _scratch_folder(target: Path) -> Iterator[Path]:
    """A folder that is removed, in that of the target."""
    with files.refusals_named(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(
            dir=target.parent, prefix=files.temporary_name(target, ".").name
        ) as folder:
            yield Path(folder)
