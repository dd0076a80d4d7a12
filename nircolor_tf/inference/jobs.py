"""Which image files are colorized, and where each result goes."""

import collections
import dataclasses
import unicodedata
import warnings
from collections.abc import Iterable, Iterator
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

# What lies beside images, of which nobody expects a color.
SIDECARS = (".csv", ".db", ".ini", ".json", ".md", ".txt", ".xmp")

# A note names so many types.
_NAMED_TYPES = 5


@dataclasses.dataclass(frozen=True)
class Job:
    """One image to colorize.

    Attributes:
        source: The file that is read.
        target: The file of its result.
        error_map: The file of the map of its expected error; None for none.
    """

    source: Path
    target: Path
    error_map: Path | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        """Those that are written."""
        if self.error_map is None:
            return (self.target,)
        return (self.target, self.error_map)


def is_camera(source: str) -> bool:
    """Tells the number of a camera, of three digits at most, from a file."""
    # More digits are the date in a name that was mistyped.
    digits = source.isdecimal() and len(source) <= 3
    return digits and not Path(source).exists()


def is_video(source: str) -> bool:
    """Tells a video file or the number of a camera from images."""
    path = Path(source)
    return is_camera(source) or (
        path.suffix.lower() in VIDEO_SUFFIXES and not path.is_dir()
    )


def list_jobs(
    source: Path,
    target: Path,
    suffix: str | None,
    recursive: bool = False,
    maps: Path | None = None,
) -> list[Job]:
    """Lists the images of a command, each with the files that it gets.

    Args:
        source: An image file, or a folder of them.
        target: A folder, or for a single image also a file.
        suffix: Of the results in a folder; None keeps that of the image.
        recursive: Also the images in the folders of `source`, at all depths;
            their results lie in the same folders of `target`.
        maps: For maps of the expected error, likewise; None for none.

    Raises:
        InputError: There is no image, or the target is no place for it.
    """
    places = [place for place in (target, maps) if place is not None]
    files = [place for place in places if _is_file(place)]
    if not source.is_dir():
        if not source.exists():
            raise InputError(f"{source}: no such file or folder")
        if recursive:
            raise InputError(f"{source}: a file; --recursive takes a folder")
        job = _job(source, Path(), target, suffix, maps)
        if target in files:
            job = dataclasses.replace(job, target=target)
        if maps in files:
            job = dataclasses.replace(job, error_map=maps)
        return [job]
    if files:
        raise InputError(
            f"{files[0]}: a file; expected a folder, as {source} is a folder"
        )
    jobs = [
        _job(path, path.parent.relative_to(source), target, suffix, maps)
        for path in sorted(_images(source, _inside(source, places), recursive))
    ]
    if not jobs:
        message = f"{source}: no image file ({_SUFFIX_LIST}) in this folder"
        raise InputError(
            "; ".join([message, *list_notes(source, places, recursive)])
        )
    return jobs


def list_notes(
    source: Path, written: Iterable[Path], recursive: bool
) -> list[str]:
    """Says what of a folder is passed over.

    Args:
        source: What was colorized.
        written: Where results and maps are; what lies there is no such file.
        recursive: Whether its folders were searched.

    Returns:
        The notes of `note_folders`, unless they were, and `note_files`.
    """
    written = list(written)
    notes = [note_files(source, written, recursive)]
    if not recursive:
        notes.insert(0, note_folders(source, written))
    return [note for note in notes if note]


def note_files(source: Path, written: Iterable[Path], recursive: bool) -> str:
    """Counts the files of a folder that are videos or of unknown types.

    Hidden files and those of `SIDECARS` are passed over without a word.

    Args:
        source: As of `list_notes`, likewise the others.
        written: Where results and maps are.
        recursive: Whether its folders were searched.

    Returns:
        For example "not colorized: 1 video, 3 files of other types (.dng,
        .jpe, .pgm)", '' for none.
    """
    if not source.is_dir():
        return ""
    paths = _files(source, _inside(source, written), recursive)
    types = collections.Counter(path.suffix.lower() for path in paths)
    for suffix in (*image_files.IMAGE_SUFFIXES, *SIDECARS):
        types.pop(suffix, None)
    videos = sum(types.pop(suffix, 0) for suffix in VIDEO_SUFFIXES)
    parts = []
    if videos:
        parts.append(f"{videos} video{'' if videos == 1 else 's'}")
    if count := types.total():
        names = [name or "no suffix" for name in sorted(types)[:_NAMED_TYPES]]
        more = len(types) - len(names)
        names += [f"{more} more"] if more else []
        parts.append(
            f"{count} file{'' if count == 1 else 's'} of other types "
            f"({', '.join(names)})"
        )
    return f"not colorized: {', '.join(parts)}" if parts else ""


def note_folders(source: Path, written: Iterable[Path]) -> str:
    """Names the folders of a folder that hold images, and are not searched.

    One that cannot be read may hold some.

    Args:
        source: What was colorized without its folders.
        written: Where results and maps are; what lies there is no such image.

    Returns:
        For example "not searched: a, b; --recursive does", '' for none.
    """
    if not source.is_dir():
        return ""
    written = list(written)
    names = [
        folder.name
        for folder in sorted(source.iterdir())
        if folder.is_dir()
        and not folder.is_symlink()
        and not folder.name.startswith(".")
        and _may_hold_images(folder, written)
    ]
    if not names:
        return ""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return (
        f"its folders are not searched: {', '.join(names[:3])}{more}; "
        "--recursive searches them"
    )


def result_name(source: Path, suffix: str | None) -> str:
    """Returns the name of the result of an image.

    Args:
        source: The image.
        suffix: Of the result; None keeps that of the image.
    """
    return source.name if suffix is None else source.stem + suffix


def _is_file(place: Path) -> bool:
    """Whether a place for results is a file, not a folder."""
    suffix = place.suffix.lower()
    if suffix in _FOREIGN_SUFFIXES and not place.is_dir():
        raise InputError(
            f"{place}: images cannot be written into such a file; expected "
            f"a folder, or one ending in {_SUFFIX_LIST}"
        )
    return place.is_file() or (
        suffix in image_files.IMAGE_SUFFIXES and not place.is_dir()
    )


def _job(
    source: Path,
    folder: Path,
    target: Path,
    suffix: str | None,
    maps: Path | None,
) -> Job:
    """Returns the job whose files lie in `folder` of the two places."""
    error_map = maps and maps / folder / result_name(source, ".png")
    return Job(source, target / folder / result_name(source, suffix), error_map)


def _inside(folder: Path, places: Iterable[Path]) -> list[Path]:
    """Returns the places that lie in a folder."""
    root = folder.resolve()
    return [place for place in places if root in place.resolve().parents]


def _images(
    folder: Path, written: Iterable[Path], recursive: bool
) -> Iterator[Path]:
    """Yields the images of a folder; those in the places `written` are none."""
    return _outside(image_files.walk_images(folder, recursive), written)


def _files(
    folder: Path, written: Iterable[Path], recursive: bool
) -> Iterator[Path]:
    """Yields files of any type, likewise."""
    return _outside(image_files.walk_files(folder, recursive), written)


def _outside(paths: Iterable[Path], written: Iterable[Path]) -> Iterator[Path]:
    places = {place.resolve() for place in written}
    for path in paths:
        if not places or places.isdisjoint(path.resolve().parents):
            yield path


def _may_hold_images(folder: Path, written: Iterable[Path]) -> bool:
    try:
        return any(_images(folder, written, recursive=True))
    except InputError:  # It cannot be read, which is no reason to fail here.
        return True


def check_targets(
    jobs: list[Job], existing: str, color: bool = False
) -> list[Job]:
    """Refuses files that cannot be written, before the first one is.

    Args:
        jobs: As `list_jobs` returns them.
        existing: What happens to files that exist already: 'refuse', 'replace'
            or 'skip'.
        color: Whether the results are in color; an existing image of one
            channel is none of them then, and refused.

    Returns:
        The jobs to do; with 'skip' those of which a file is missing.

    Raises:
        InputError: The suffix of a file is unknown, it exists, would replace
            an image that is read or one that is no result, or would be
            written twice.
    """
    places = _Places()
    sources = {places.of(job.source) for job in jobs}
    job_of = {}
    for job in jobs:
        _check_suffixes(job)
        for path in job.files:
            if places.of(path) in sources:
                raise InputError(f"{path}: would overwrite the input image")
            key = places.key(path)
            if key in job_of:
                raise _collision(path, job_of[key], job)
            if existing == "refuse" and path.exists():
                raise InputError(
                    f"{path}: exists already; --overwrite replaces it, "
                    "--skip_existing leaves it"
                )
            job_of[key] = job
        if color and job.target.exists() and _is_gray(job.target):
            raise InputError(
                f"{job.target}: exists and has one channel, so it is no result "
                "in color; expected another --output"
            )
    if existing == "skip":
        return [
            job for job in jobs if not all(path.exists() for path in job.files)
        ]
    return jobs


def _is_gray(path: Path) -> bool:
    """Whether a file is an image of one channel, by its header."""
    from PIL import Image  # noqa: PLC0415 - what replaces nothing needs none

    with warnings.catch_warnings():
        # A large image is not decoded here.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        try:
            with Image.open(path) as image:
                return image.mode != "P" and len(image.getbands()) == 1
        except (OSError, ValueError, Image.DecompressionBombError):
            return False  # Damaged, or of another kind.


def _check_suffixes(job: Job) -> None:
    if job.target.suffix.lower() not in image_files.IMAGE_SUFFIXES:
        raise InputError(
            f"{job.target}: unknown image suffix {job.target.suffix!r}; "
            f"expected one of {_SUFFIX_LIST}; in an "
            "--output folder --format=png gives the results one"
        )
    if job.error_map and job.error_map.suffix.lower() != ".png":
        raise InputError(
            f"{job.error_map}: expected a folder, or a file ending in .png, "
            "for the map of the expected error"
        )


def _collision(path: Path, first: Job, second: Job) -> InputError:
    """Returns the error for a file that two jobs, or one, would write twice."""
    if first is second:
        return InputError(
            f"{path}: would be the result of {first.source.name}, and the map "
            "of its expected error; --uncertainty takes a place of its own"
        )
    return InputError(
        f"{path}: would be written for both {first.source.name} and "
        f"{second.source.name}, or differ by the form of letters alone; "
        "rename one; --format=same keeps apart results that differ by their "
        "suffix"
    )


class _Places:
    """Where files really lie.

    Of a million images the folders are few, and each is looked up once.
    """

    def __init__(self):
        self._folders: dict[Path, Path] = {}

    def of(self, path: Path) -> Path:
        """Returns a path without links."""
        place = self._in_folder(path)
        return place.resolve() if place.is_symlink() else place

    def key(self, path: Path) -> str:
        """Returns what some file systems tell files apart by."""
        place = self._in_folder(path)
        return unicodedata.normalize(
            "NFC", str(place.with_suffix(place.suffix.lower()))
        )

    def _in_folder(self, path: Path) -> Path:
        folder = path.parent
        if folder not in self._folders:
            self._folders[folder] = folder.resolve()
        return self._folders[folder] / path.name
