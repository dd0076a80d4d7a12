"""Colorizes image files, one or a folder of them."""

import os
from pathlib import Path
from typing import Any

from nircolor_tf.data import images
from nircolor_tf.errors import InputError
from nircolor_tf.inference import Colorizer


def colorize_path(
    colorizer: Colorizer,
    source: str | os.PathLike,
    target: str | os.PathLike,
    overwrite: bool = False,
) -> list[Path]:
    """Colorizes a file, or every image file directly in a folder.

    They are NIR images or gray photos, whichever the model takes. A result has
    its input's size and depth (8 or 16 bit), and its name and format where
    `target` is a folder.

    Args:
        colorizer: As `load_export` returns it.
        source: A PNG, TIFF or JPEG file, or a folder of them.
        target: A folder; for a single file also a file, known by its suffix.
        overwrite: Replace results that exist already; the input never.

    Returns:
        The files written.

    Raises:
        InputError: Nothing to do, or a result exists (nothing is written
            then); or images failed: all are named, the others are written.
    """
    jobs = _jobs(Path(source), Path(target))
    for image_path, result_path in jobs:
        if result_path.resolve() == image_path.resolve():
            raise InputError(f"{result_path}: would overwrite the input image")
        if result_path.exists() and not overwrite:
            raise InputError(
                f"{result_path}: exists already; --overwrite replaces it"
            )
    written, problems = [], []
    for image_path, result_path in _progress(jobs):
        try:
            _colorize_file(colorizer, image_path, result_path)
            written.append(result_path)
        except InputError as error:
            text = str(error)
            named = text.startswith((str(image_path), str(result_path)))
            problems.append(text if named else f"{image_path}: {text}")
    if problems and len(jobs) == 1:
        raise InputError(problems[0])
    if problems:
        count = (
            f"{len(problems)} of {len(jobs)} images failed, the other "
            f"{len(written)} are colorized:"
        )
        raise InputError("\n  ".join([count, *problems]))
    return written


def _jobs(source: Path, target: Path) -> list[tuple[Path, Path]]:
    """Returns (image file, file to write) for each image."""
    target_is_file = target.is_file() or (
        target.suffix.lower() in images.IMAGE_SUFFIXES and not target.is_dir()
    )
    if not source.is_dir():
        if not source.exists():
            raise InputError(f"{source}: no such file or folder")
        return [(source, target if target_is_file else target / source.name)]
    if target_is_file:
        raise InputError(
            f"{target}: a file; expected a folder, as {source} is a folder"
        )
    jobs = [(path, target / path.name) for path in images.list_images(source)]
    if not jobs:
        raise InputError(f"{source}: no PNG, TIFF or JPEG file in this folder")
    return jobs


def _progress(jobs: list) -> Any:
    """Returns the jobs, with a progress bar if there are several."""
    from tqdm import tqdm  # noqa: PLC0415 - a single image need not wait

    return tqdm(jobs, "colorize", unit="image", disable=len(jobs) == 1)


def _colorize_file(colorizer: Colorizer, source: Path, target: Path) -> None:
    image = images.read_nir(source)  # a gray photo is stored likewise
    result = colorizer(images.to_float(image))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"{target.parent}: cannot be created: {error.strerror}"
        ) from error
    bits = 8 * image.dtype.itemsize
    images.write_image(target, images.to_integers(result, bits))
