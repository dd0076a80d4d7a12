"""Colorizes the files that a visitor of the page dropped in.

    outcome = colorize(uploads, Settings(), folder, load)

The files go through `folders.colorize_path` and `video.colorize_video` as
those of `bin/colorize.py` do, in a folder of their own.
"""

import dataclasses
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

from nircolor_tf.errors import InputError
from nircolor_tf.images import channels, image_files, ranges
from nircolor_tf.inference import flicker, folders, jobs, video
from nircolor_tf.inference.colorizer import FAILURES, Colorizer

# Of an image. A file of a megabyte may hold more than the memory does.
MAX_PIXELS = 2**26

SUFFIXES = (*image_files.IMAGE_SUFFIXES, *jobs.VIDEO_SUFFIXES)


@dataclasses.dataclass(frozen=True)
class Settings:
    """What the visitor chose; each value as the flag of bin/colorize.py.

    Attributes:
        model: A model of the page, by its name.
        path: Its inference path; None for the first.
        input_range: auto, max, percentile or LOW,HIGH.
        channel: gray, red, green, blue, luma or the number of a band.
        saturation: Factor of the color, 0 or more.
        image_format: Of the results, a key of `jobs.SUFFIXES`.
        quality: Of JPEG and WebP, 1 to 100.
    """

    model: str = "default"
    path: str | None = None
    input_range: str = "auto"
    channel: str = "gray"
    saturation: float = 1.0
    image_format: str = "same"
    quality: int = image_files.QUALITY


@dataclasses.dataclass(frozen=True)
class Pair:
    """A file that was colorized.

    Attributes:
        source: Of the visitor, in a folder of this session.
        result: Of the same name, unless the format is another.
    """

    source: Path
    result: Path


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What became of the files.

    Attributes:
        pairs: Those that were colorized, images first.
        problems: One text for each that were not; it names files as the
            visitor does.
        archive: A ZIP file of the results, where there are several.
    """

    pairs: tuple[Pair, ...]
    problems: tuple[str, ...]
    archive: Path | None


def colorize(
    uploads: Sequence[str],
    settings: Settings,
    folder: Path,
    load: Callable[[str, str | None], Colorizer],
) -> Outcome:
    """Colorizes images and videos.

    Args:
        uploads: The files.
        settings: How.
        folder: Of the session; what it held is removed when files are
            colorized.
        load: (model, path) -> colorizer.

    Raises:
        InputError: A setting is wrong, or there is nothing to colorize. No
            message names a folder of this machine.
    """
    options = folders.Options(
        input_range=ranges.parse(settings.input_range),
        image_format=settings.image_format,
        channel=channels.parse(settings.channel),
        quality=int(settings.quality),
        max_pixels=MAX_PIXELS,
    )
    colorizer = dataclasses.replace(
        load(settings.model, settings.path),
        saturation=float(settings.saturation),
    )
    before = list(folder.iterdir())
    work = Path(tempfile.mkdtemp(dir=folder))
    try:
        outcome = _colorize(uploads, colorizer, options, work)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise
    for path in before:
        shutil.rmtree(path, ignore_errors=True)
    return outcome


def _while_there(source: Path, predict: Callable) -> Callable:
    """Ends a run whose visitor has left, or it would hold up all others.

    Args:
        source: A file that is deleted with the visitor's others.
        predict: Of a colorizer.
    """

    def checked(batch):
        if not source.exists():
            raise InputError("the visitor has left")
        return predict(batch)

    return checked


def _colorize(
    uploads: Sequence[str],
    colorizer: Colorizer,
    options: folders.Options,
    work: Path,
) -> Outcome:
    """Copies the files into `work`, and writes their results there."""
    pairs, problems = [], []
    sources = _copy(uploads, work)
    colorizer = dataclasses.replace(
        colorizer, predict=_while_there(sources[0], colorizer.predict)
    )
    for source in sources:
        result = work / "color" / _result_name(source, options.image_format)
        try:
            _colorize_file(colorizer, source, result, options)
        except FAILURES as error:
            failure = folders.describe_failure(error, jobs.Job(source, result))
            problems.append(_public(failure, work))
        else:
            pairs.append(Pair(source, result))
    if not pairs:
        raise InputError("\n".join(problems))
    return Outcome(tuple(pairs), tuple(problems), _archive(pairs, work))


def _result_name(source: Path, image_format: str) -> str:
    # Browsers play MP4, whatever the format of the source is.
    video_suffix = ".mp4" if jobs.is_video(str(source)) else None
    return jobs.result_name(source, video_suffix or jobs.SUFFIXES[image_format])


def _colorize_file(
    colorizer: Colorizer, source: Path, result: Path, options: folders.Options
) -> None:
    if result.exists():
        raise InputError(
            f"{source}: its result, {result.name}, is that of another file "
            "already; rename one of the two, or keep the format of images"
        )
    if not jobs.is_video(str(source)):
        folders.colorize_path(colorizer, source, result, options)
        return
    video.colorize_video(
        colorizer,
        str(source),
        result,
        options.input_range,
        flicker.SMOOTHING,
        overwrite=False,
        channel=options.channel,
    )


def _copy(uploads: Sequence[str], work: Path) -> list[Path]:
    """Returns copies of the images, and after them of the videos."""
    if not uploads:
        raise InputError("no file; expected images or a video")
    images, videos = [], []
    for upload in map(Path, uploads):
        suffix = upload.suffix.lower()
        if suffix not in SUFFIXES:
            raise InputError(
                f"{upload.name}: neither an image nor a video; expected one "
                f"of {', '.join(SUFFIXES)}"
            )
        kind, files = ("nir", images)
        if suffix in jobs.VIDEO_SUFFIXES:
            kind, files = ("video", videos)
        target = work / kind / upload.name
        if target.exists():
            raise InputError(
                f"{upload.name}: two files have this name; rename one"
            )
        target.parent.mkdir(exist_ok=True)
        try:
            shutil.copy(upload, target)
        except FileNotFoundError as error:
            raise InputError(
                f"{upload.name}: is deleted by now; drop it in again"
            ) from error
        files.append(target)
    return images + videos


def _public(text: str, work: Path) -> str:
    """Leaves the folders of this machine out of a message."""
    for name in ("nir", "video", "color", ""):
        text = text.replace(f"{work / name}/", "")
        text = text.replace(f"{work / name}: ", "")
    return text


def _archive(pairs: Sequence[Pair], work: Path) -> Path | None:
    if len(pairs) == 1:
        return None
    path = work / "colorized.zip"
    # The images are compressed already.
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for pair in pairs:
            archive.write(pair.result, pair.result.name)
    return path
