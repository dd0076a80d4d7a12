"""Colorizes image files, one or a folder of them.

While the model works on an image, the next one is decoded and the one before
is encoded. Never more than two images wait on either side of the model.
"""

import collections
import contextlib
import dataclasses
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from absl import logging

from nircolor_tf.errors import DiskFullError, InputError
from nircolor_tf.images import channels, image_files, ranges, rasters
from nircolor_tf.images.channels import Channel
from nircolor_tf.images.metadata import Metadata
from nircolor_tf.inference.colorizer import FAILURES, Colorizer
from nircolor_tf.inference.error_estimate import ErrorEstimator
from nircolor_tf.inference.jobs import (
    SUFFIXES,
    Job,
    check_targets,
    list_jobs,
)


@dataclasses.dataclass(frozen=True)
class Options:
    """How images are read and their results written.

    Attributes:
        existing: What happens to files that exist already: 'refuse' is an
            error before anything is done; 'replace' them; 'skip' leaves them,
            and does what is missing.
        input_range: Finds the levels of black and white of each image.
        image_format: Of the results in a folder, a key of `SUFFIXES`.
        channel: Which channel of the images is NIR.
        recursive: Also the images in the folders of a folder.
        quality: Of JPEG and WebP, 1 to 100.
        max_pixels: Larger images fail, before they are decoded.
    """

    existing: str = "refuse"
    input_range: ranges.InputRange = ranges.AUTO
    image_format: str = "same"
    channel: Channel = channels.GRAY
    recursive: bool = False
    quality: int = image_files.QUALITY
    max_pixels: int = rasters.MAX_PIXELS


@dataclasses.dataclass(frozen=True)
class ErrorMaps:
    """Where the error that a model expects is written, as gray PNG files.

    Their levels are those of 8 bit: 25 is a mean error of 25 of 255.

    Attributes:
        estimator: Of the model that colorizes.
        target: A folder; for a single image also a file ending in .png.
    """

    estimator: ErrorEstimator
    target: Path


@dataclasses.dataclass(frozen=True)
class Result:
    """An image that was colorized.

    Attributes:
        path: The file of the result.
        low: Stored value of the input that counts as black, in levels.
        high: Likewise as white.
        dtype: Of the input, uint8 or uint16.
        clipped: Share of its values above the white level, 0 to 1.
    """

    path: Path
    low: float
    high: float
    dtype: np.dtype
    clipped: float = 0.0

    @property
    def levels(self) -> tuple[float, float, np.dtype]:
        """Black, white and type of the input."""
        return self.low, self.high, self.dtype


class FailedImagesError(InputError):
    """Some images could not be colorized; the message names them.

    Args:
        message: Which, and why.
        results: Of the others.
    """

    def __init__(self, message: str, results: list[Result]):
        super().__init__(message)
        self.results = results


@dataclasses.dataclass(frozen=True)
class _Levels:
    """(H, W, C) integers, its alpha, metadata, the levels of black and white.

    Of a colored image also the map of its error, where one is asked for.
    """

    image: np.ndarray
    alpha: np.ndarray | None
    metadata: Metadata | None
    low: float
    high: float
    clipped: float = 0.0
    error: np.ndarray | None = None


def colorize_path(
    colorizer: Colorizer,
    source: str | os.PathLike,
    target: str | os.PathLike,
    options: Options = Options(),
    maps: ErrorMaps | None = None,
) -> list[Result]:
    """Colorizes a file, or every image file in a folder.

    They are NIR images or gray photos, as the model takes. A result has the
    size and depth of its input (8 or 16 bit; 8 in JPEG, WebP and BMP), its
    alpha where the format has one, and its name where `target` is a folder.

    Args:
        colorizer: As `load_export` returns it.
        source: An image file, or a folder of them.
        target: A folder; for a single file also a file, known by its suffix.
        options: How.
        maps: Of the expected error; None for none.

    Returns:
        The results, by name of the images; none where all are skipped.

    Raises:
        InputError: Nothing to do, or a result or map exists.
        FailedImagesError: Images failed; the others are written.
    """
    estimator = None if maps is None else maps.estimator
    jobs = list_jobs(
        Path(source),
        Path(target),
        SUFFIXES[options.image_format],
        options.recursive,
        None if maps is None else maps.target,
    )
    jobs = check_targets(jobs, options.existing, colorizer.channels == 3)
    results, problems = [], []
    with contextlib.closing(
        _results(colorizer, estimator, jobs, options)
    ) as stored:
        for job, future in _with_progress(stored, len(jobs)):
            try:
                results.append(future.result())
            except DiskFullError as error:
                raise _stop(error, len(results), len(jobs)) from error
            except FAILURES as error:
                problems.append(describe_failure(error, job))
    if problems:
        raise FailedImagesError(_report(problems, len(jobs)), results)
    return results


def colorize_job(colorizer: Colorizer, job: Job, options: Options) -> Result:
    """Colorizes one image; a result that exists is replaced, unless skipped.

    Args:
        colorizer: As `load_export` returns it.
        job: Its file, and the file of its result.
        options: How.

    Raises:
        InputError: It cannot be read, colorized or written.
        MemoryError: It is too large.
    """
    levels = _load(job, options)
    color = colorizer.integers(levels.image, levels.low, levels.high)
    return _store(job, dataclasses.replace(levels, image=color), options)


def summary(results: list[Result]) -> str:
    """Describes the images: how many, and their levels of black and white.

    Args:
        results: Of `colorize_path`.

    Returns:
        For example '2 images, values 0..4095 (12 bit) -> 0..1'. Where the
        range was all that the files can hold, the count alone. Where ranges
        differ, the first and the last of them; `warning` says what follows.
    """
    if not results:
        return "no image; every result exists already"
    count = "1 image" if len(results) == 1 else f"{len(results)} images"
    levels = {(result.high, result.low, result.dtype) for result in results}
    if all(
        (high, low) == (np.iinfo(dtype).max, 0) for high, low, dtype in levels
    ):
        return count
    first, last = (
        ranges.describe(low, high, dtype)
        for high, low, dtype in (min(levels), max(levels))
    )
    if first == last:
        return f"{count}, {first}"
    return f"{count}, from {first} to {last}"


def warning(levels: Iterable[tuple[float, float, np.dtype]]) -> str:
    """Says whether the brightness of results can be compared.

    Args:
        levels: `Result.levels` of each, or each of them once.

    Returns:
        Why it cannot, and which flag makes it so; '' where all images have
        one range, or all that their files can hold.
    """
    levels = set(levels)
    ranges_used = {(low, high) for low, high, _ in levels}
    depths = {dtype for _, _, dtype in levels}
    full = all(
        (low, high) == (0, np.iinfo(dtype).max) for low, high, dtype in levels
    )
    if len(ranges_used) < 2 or full:
        return ""
    start = (
        f"brightness is not comparable: {len(ranges_used)} ranges were used, "
        "as each image got its own; "
    )
    if len(depths) > 1:
        return start + (
            "colorize the images of 8 bit and those of 16 bit apart, with "
            "--range=LOW,HIGH of their camera"
        )
    highest = int(max(high for _, high in ranges_used))
    return start + (
        f"--range=0,{highest} gives all the same, if they are of one camera"
    )


def _results(
    colorizer: Colorizer,
    estimator: ErrorEstimator | None,
    jobs: list[Job],
    options: Options,
) -> Iterator[tuple[Job, Future]]:
    """Yields each job with its `Result`, or with what it failed of."""

    def store(pair):
        job, colorized = pair
        return _store(job, colorized.result(), options)

    with ThreadPoolExecutor(1) as reader, ThreadPoolExecutor(1) as writer:
        loaded = _ahead(reader, lambda job: _load(job, options), jobs)
        colorized = (
            _colorize(colorizer, estimator, levels) for levels in loaded
        )
        work = zip(jobs, colorized, strict=True)
        yield from zip(jobs, _ahead(writer, store, work), strict=True)


def _ahead(
    pool: Executor, step: Callable[[Any], Any], items: Iterable
) -> Iterator[Future]:
    """Yields step(item) of each item while that of the next one runs."""
    futures = collections.deque()
    for item in items:
        futures.append(pool.submit(step, item))
        if len(futures) == 2:
            yield futures.popleft()
    yield from futures


def _load(job: Job, options: Options) -> _Levels:
    with rasters.limited(options.max_pixels):
        raster, metadata = image_files.read_with_metadata(job.source)
    image = options.channel.of(raster, str(job.source))
    low, high = options.input_range.of(image, raster.bits)
    clipped = ranges.clipped(image, high)
    return _Levels(image, raster.alpha, metadata, low, high, clipped)


def _colorize(
    colorizer: Colorizer, estimator: ErrorEstimator | None, loaded: Future
) -> Future:
    """Runs the model now; a failure so far is raised when it is stored."""
    colorized = Future()
    try:
        levels = loaded.result()
        nir = (levels.image, levels.low, levels.high)
        color = colorizer.integers(*nir)
        error = None if estimator is None else estimator.levels(*nir, color)
        colorized.set_result(
            dataclasses.replace(levels, image=color, error=error)
        )
    except Exception as error:
        colorized.set_exception(error)
    return colorized


def _store(job: Job, levels: _Levels, options: Options) -> Result:
    """Writes the files of a job, but those that exist and are skipped."""
    missing = [
        path
        for path in job.files
        if options.existing != "skip" or not path.exists()
    ]
    for path in missing:
        _make_folder(path.parent)
    if job.target in missing:
        _store_result(job, levels, options.quality)
    if job.error_map in missing:
        image_files.write_image(job.error_map, levels.error)
    return Result(
        job.target, levels.low, levels.high, levels.image.dtype, levels.clipped
    )


def _store_result(job: Job, levels: _Levels, quality: int) -> None:
    image, alpha = levels.image, levels.alpha
    suffix = job.target.suffix.lower()
    if alpha is not None and suffix not in image_files.ALPHA_SUFFIXES:
        logging.warning(
            "%s: a %s file holds no alpha; that of %s is left out",
            *(job.target, suffix, job.source),
        )
        alpha = None
    if image.dtype == np.uint16 and suffix not in image_files.DEEP_SUFFIXES:
        image = _to_8bit(image)
        alpha = None if alpha is None else _to_8bit(alpha)
    image_files.write_image(job.target, image, levels.metadata, alpha, quality)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"{folder}: cannot be created: {error.strerror}"
        ) from error


def _to_8bit(levels: np.ndarray) -> np.ndarray:
    scaled = cv2.convertScaleAbs(levels, alpha=255 / 65535)  # it rounds
    return scaled.reshape(levels.shape)


def _stop(error: DiskFullError, done: int, count: int) -> DiskFullError:
    """Returns the error that ends a folder: no image fits any more."""
    if count == 1:
        return error
    return DiskFullError(
        f"{error}; {done} of {count} images are colorized; make room and go "
        "on with --skip_existing"
    )


def _report(problems: list[str], count: int) -> str:
    """Describes the images of `count` that failed."""
    if count == 1:
        return problems[0]
    heading = (
        f"{len(problems)} of {count} images failed, the other "
        f"{count - len(problems)} are colorized:"
    )
    return "\n  ".join([heading, *problems])


def _with_progress(items: Iterable, count: int) -> Iterable:
    """Returns the items, with a progress bar if there are several."""
    if count == 1:
        return items
    from tqdm import tqdm  # noqa: PLC0415 - a single image need not wait

    return tqdm(items, "colorize", count, unit="image")


def describe_failure(error: Exception, job: Job) -> str:
    """Returns the reason in a line that names the file."""
    text = str(error) or type(error).__name__
    names_file = text.startswith(tuple(map(str, (job.source, *job.files))))
    return text if names_file else f"{job.source}: {text}"
