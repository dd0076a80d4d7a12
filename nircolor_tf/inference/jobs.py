"""Which image files are colorized, and where each result goes."""

import dataclasses
import unicodedata
from pathlib import Path

from nircolor_tf.errors import InputError
from nircolor_tf.images import image_files

VIDEO_SUFFIXES = (
    *(".3g2", ".3gp", ".asf", ".avi", ".flv", ".m2ts", ".m4v", ".mjpeg"),
    *(".mjpg", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".mxf"),
    *(".ts", ".vob", ".webm", ".wmv", ".y4m"),
)

# Value of --format -> suffix of the results; None keeps that of the input.
SUFFIXES = {
    "same": None,
    "png": ".png",
    "tiff": ".tif",
    "jpeg": ".jpg",
    "webp": ".webp",
    "bmp": ".bmp",
}

_SUFFIX_LIST = ", ".join(image_files.IMAGE_SUFFIXES)

# Of files that this package does not write. A target that ends so is no folder.
_FOREIGN_SUFFIXES = (*VIDEO_SUFFIXES, ".gif")


@dataclasses.dataclass(frozen=True)
class Job:
    """One image to colorize.

    Attributes:
        source: The file that is read.
        target: The file that is written.
    """

    source: Path
    target: Path


def is_video(source: str) -> bool:
    """Tells a video file or the number of a camera from images."""
    path = Path(source)
    if source.isdecimal():
        return not path.exists()
    return path.suffix.lower() in VIDEO_SUFFIXES and not path.is_dir()


def list_jobs(
    source: Path, target: Path, suffix: str | None, recursive: bool = False
) -> list[Job]:
    """Lists the images of a command, each with the file for its result.

    Args:
        source: An image file, or a folder of them.
        target: A folder, or for a single image also a file.
        suffix: Of the results in a folder; None keeps that of the image.
        recursive: Also the images in the folders of `source`, at all depths;
            their results lie in the same folders of `target`.

    Raises:
        InputError: There is no image, or the target is no place for it.
    """
    suffix_of_target = target.suffix.lower()
    if suffix_of_target in _FOREIGN_SUFFIXES and not target.is_dir():
        raise InputError(
            f"{target}: images cannot be written into such a file; expected "
            f"a folder, or one ending in {_SUFFIX_LIST}"
        )
    target_is_file = target.is_file() or (
        suffix_of_target in image_files.IMAGE_SUFFIXES and not target.is_dir()
    )
    if not source.is_dir():
        if not source.exists():
            raise InputError(f"{source}: no such file or folder")
        if recursive:
            raise InputError(f"{source}: a file; --recursive takes a folder")
        if target_is_file:
            return [Job(source, target)]
        return [Job(source, target / _name(source, suffix))]
    if target_is_file:
        raise InputError(
            f"{target}: a file; expected a folder, as {source} is a folder"
        )
    jobs = [
        Job(
            path, target / path.parent.relative_to(source) / _name(path, suffix)
        )
        for path in _images(source, target, recursive)
    ]
    if not jobs:
        note = "" if recursive else note_folders(source, target)
        raise InputError(
            f"{source}: no image file ({_SUFFIX_LIST}) in this folder"
            + (note and f"; {note}")
        )
    return jobs


def note_folders(source: Path, target: Path) -> str:
    """Names the folders of a folder that hold images, and are not searched.

    Args:
        source: What was colorized without its folders.
        target: Of the results; it is no such folder.

    Returns:
        For example "not searched: a, b; --recursive does", '' for none.
    """
    if not source.is_dir():
        return ""
    names = [
        folder.name
        for folder in sorted(source.iterdir())
        if folder.is_dir()
        and not folder.is_symlink()
        and not folder.name.startswith(".")
        and folder.resolve() != target.resolve()
        and image_files.list_images(folder, recursive=True)
    ]
    if not names:
        return ""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return (
        f"its folders are not searched: {', '.join(names[:3])}{more}; "
        "--recursive searches them"
    )


def _images(source: Path, target: Path, recursive: bool) -> list[Path]:
    images = image_files.list_images(source, recursive)
    results = target.resolve()
    if results == source.resolve():
        return images
    # Results of before, in a folder of the images, are no images.
    return [path for path in images if results not in path.resolve().parents]


def _name(source: Path, suffix: str | None) -> str:
    return source.name if suffix is None else source.stem + suffix


def check_targets(jobs: list[Job], existing: str) -> list[Job]:
    """Refuses results that cannot be written, before the first one is.

    Args:
        jobs: As `list_jobs` returns them.
        existing: What happens to results that exist already: 'refuse',
            'replace' or 'skip'.

    Returns:
        The jobs to do.

    Raises:
        InputError: The suffix of a result is unknown, a result exists, would
            replace the image itself, or would be that of two images.
    """
    source_of = {}
    for job in jobs:
        if job.target.suffix.lower() not in image_files.IMAGE_SUFFIXES:
            raise InputError(
                f"{job.target}: unknown image suffix {job.target.suffix!r}; "
                f"expected one of {_SUFFIX_LIST}; in an "
                "--output folder --format=png gives the results one"
            )
        if job.target.resolve() == job.source.resolve():
            raise InputError(f"{job.target}: would overwrite the input image")
        key = _key(job.target)
        if key in source_of:
            raise InputError(
                f"{job.target}: would be the result of both "
                f"{source_of[key].name} and {job.source.name}, or differ by "
                "the form of letters alone; rename one, or --format=same "
                "keeps apart what differs by its suffix"
            )
        if job.target.exists() and existing == "refuse":
            raise InputError(
                f"{job.target}: exists already; --overwrite replaces it, "
                "--skip_existing leaves it"
            )
        source_of[key] = job.source
    if existing == "skip":
        return [job for job in jobs if not job.target.exists()]
    return jobs


def _key(path: Path) -> str:
    """What some file systems tell files apart by."""
    return unicodedata.normalize(
        "NFC", str(path.with_suffix(path.suffix.lower()))
    )
