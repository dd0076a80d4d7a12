"""The differences of `verify.py` as a table, for a terminal or as CSV."""

import csv
import os
from collections.abc import Sequence

from nircolor_tf import files
from nircolor_tf.export.differences import Runtime, Verification

COLUMNS = (
    *("path", "runtime", "photo"),
    *("largest_difference", "psnr", "equal_pixels"),
)


def format_table(verification: Verification) -> str:
    """Formats a comparison for a terminal, no final newline.

    Returns:
        For each photo the largest difference in each runtime; then a table of
        the runtimes over all photos.
    """
    by_photo = {}
    for runtime in verification.runtimes:
        for each in runtime.differences:
            by_photo.setdefault((each.photo, runtime.path), []).append(
                f"{runtime.name} {each.largest:.1e}"
            )
    lines = ["largest difference of each photo, [0, 1]:"]
    lines += [
        f"{photo}, {path}: {', '.join(values)}"
        for (photo, path), values in by_photo.items()
    ]
    width = max(len(runtime.name) for runtime in verification.runtimes)
    lines += [
        "",
        f"{'over all photos':{width}}  path   photos  largest  PSNR, dB  "
        "equal pixels",
    ]
    lines += [
        _format_line(runtime, width, verification.sizes)
        for runtime in verification.runtimes
    ]
    return "\n".join(lines)


def verdict(verification: Verification) -> str:
    """Says in a line what a comparison without problems shows."""
    photos = {
        each.photo
        for runtime in verification.runtimes
        for each in runtime.differences
    }
    compared = [
        runtime for runtime in verification.runtimes if runtime.differences
    ]
    return (
        f"the export equals {verification.reference}: {len(compared)} of "
        f"{len(verification.runtimes)} files and signatures were compared on "
        f"{len(photos)} photos, and no difference is larger than is allowed"
    )


def _format_line(
    runtime: Runtime, width: int, sizes: Sequence[tuple[int, int]]
) -> str:
    start = f"{runtime.name:{width}}  {runtime.path:5}"
    if not runtime.differences:
        reached = ", ".join(f"{height}x{width}" for height, width in sizes)
        return f"{start} takes none; photos reach the network at {reached}"
    total = runtime.total()
    return (
        f"{start}  {len(runtime.differences):6}  {total.largest:7.1e}  "
        f"{total.psnr:8.1f}  {100 * total.equal:10.3f} %"
    )


def write_table(path: str | os.PathLike, verification: Verification) -> None:
    """Writes CSV: a line for each photo and runtime, then one for all photos.

    Raises:
        InputError: The file cannot be written.
    """
    with (
        files.replacing(path) as temporary,
        open(temporary, "w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for runtime in verification.runtimes:
            if not runtime.differences:
                continue
            for each in (*runtime.differences, runtime.total()):
                writer.writerow(
                    [
                        *(runtime.path, runtime.name, each.photo),
                        *(each.largest, each.psnr, each.equal),
                    ]
                )
