"""Which images an archive holds, and where each result goes."""

import os
from pathlib import Path

from nircolor_tf.errors import InputError
from nircolor_tf.inference import jobs
from nircolor_tf.inference.jobs import Job

# With the paths, in a Parquet file.
_COLUMN = "path"


def read(source: Path, target: Path, image_format: str) -> list[Job]:
    """Lists the images of an archive, each with the file for its result.

    Args:
        source: A folder, with all folders in it; a text file, in UTF-8, with a
            path in each line; or a Parquet file with the column 'path'.
            Relative paths are of the folder of that file.
        target: The results lie in it as the images lie in the folder, or in
            the deepest folder that all listed images have in common.
        image_format: Of the results, a key of `jobs.SUFFIXES`.

    Raises:
        InputError: It is none of these, or lists no image.
    """
    suffix = jobs.SUFFIXES[image_format]
    if source.is_dir():
        return jobs.list_jobs(source, target, suffix, recursive=True)
    paths = [
        Path(os.path.normpath(source.absolute().parent / line))
        for line in _read_list(source)
    ]
    if not paths:
        raise InputError(f"{source}: lists no image")
    root = os.path.commonpath([path.parent for path in paths])
    # An image that is listed twice is one.
    return [
        Job(
            path,
            target
            / path.parent.relative_to(root)
            / jobs.result_name(path, suffix),
        )
        for path in dict.fromkeys(paths)
    ]


def _read_list(source: Path) -> list[str]:
    if source.suffix.lower() == ".parquet":
        return _read_parquet(source)
    try:
        text = source.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        raise InputError(f"{source}: no such file or folder") from error
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{source}: expected a folder, a text file with a path in each "
            "line, or a Parquet file"
        ) from error
    if "\0" in text:
        raise InputError(
            f"{source}: holds zero bytes, as of find -print0 or UTF-16; "
            "expected UTF-8 with a path in each line"
        )
    # A name may hold any other character at which Python splits lines.
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    return [line for line in lines if line.strip()]


def _read_parquet(source: Path) -> list[str]:
    import pyarrow as pa  # noqa: PLC0415 - of the extra
    from pyarrow import parquet  # noqa: PLC0415

    try:
        column = parquet.read_table(source, columns=[_COLUMN])[_COLUMN]
        return [str(path) for path in column.to_pylist() if path]
    except (OSError, KeyError, pa.ArrowException) as error:
        raise InputError(
            f"{source}: expected a Parquet file with the column {_COLUMN!r}: "
            f"{error}"
        ) from error
