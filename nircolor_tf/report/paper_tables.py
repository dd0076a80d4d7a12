"""The tables of the papers: data, split and metrics of each, in one place.

`measure` takes a data set in its published layout to the table in which the
paper has its numbers, those beside ours.

    vcip    VCIP 2020's test pairs: ATCycleGAN, MPFNet, CoColor
    epfl    EPFL RGB-NIR Scene, cut to 480x480: ColorNet
    epfl-hkbu   the same images by other metrics: ATCycleGAN, MPFNet, CoColor
    urban   its category urban, in patches of 64x64: DCGAN
"""

import dataclasses
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from nircolor_tf import files
from nircolor_tf.data import manifest, prepare
from nircolor_tf.errors import InputError
from nircolor_tf.evaluation.options import Options
from nircolor_tf.evaluation.results import Evaluation
from nircolor_tf.inference import timing
from nircolor_tf.metrics import display
from nircolor_tf.report import report, tables
from nircolor_tf.report.reported import read_reported

FILE = "paper_table.md"


@dataclasses.dataclass(frozen=True)
class PaperTable:
    """How papers measure.

    Attributes:
        layout: Of the data set, as bin/prepare_data.py takes it.
        split: Likewise; its part 'test' is measured.
        patch: Likewise.
        categories: Folders of the data set that the paper takes; all if
            empty.
        metrics: Of the table, '<protocol>/<metric>'.
        reported: The column `data` of reported.csv.
        remark: What has to be known beside the numbers.
    """

    layout: str
    split: str
    patch: int
    categories: tuple[str, ...]
    metrics: tuple[str, ...]
    reported: str
    remark: str


PAPER_TABLES = {
    "vcip": PaperTable(
        layout="vcip2020",
        split="vcip-official",
        patch=0,
        categories=(),
        metrics=("hkbu/psnr", "hkbu/ssim", "hkbu/ae"),
        reported="VCIP test, 28 images, contaminated",
        remark="Of the 28 test images 8 are training pairs pixel by pixel, 15 "
        "validation pairs: a number of a model that was trained on "
        "vcip-official is contaminated, those of the papers too.",
    ),
    "epfl": PaperTable(
        layout="epfl",
        split="scene",
        patch=0,
        categories=(),
        metrics=("std/mae", "std/psnr", "std/ssim", "std/s_cielab"),
        reported="EPFL, 57 images of 480x480",
        remark="As many crops of 480x480 as fit side by side: two from a photo "
        "of 1024x680, 954 from 477 of them. The paper has 763 and does not say "
        "by what rule (two from 286 photos and one from 191 would give them), "
        "and draws 57 of the crops; here whole photos are drawn.",
    ),
    "epfl-hkbu": PaperTable(
        layout="epfl",
        split="scene",
        patch=0,
        categories=(),
        metrics=("hkbu/psnr", "hkbu/ssim", "hkbu/ae"),
        reported="EPFL, the paper's cut",
        remark="The papers do not say how they cut and divide this set. The "
        "images are those of the table 'epfl': as many crops of 480x480 as fit "
        "side by side, of photos that are drawn whole. So only rows that are "
        "measured here can be compared.",
    ),
    "urban": PaperTable(
        layout="epfl",
        split="scene",
        patch=64,
        categories=("urban",),
        metrics=("std/ae_pixels_mean", "std/ae_pixels_std"),
        reported="EPFL urban, 64x64 patches",
        remark="Patches that overlap by half, 620 from a photo of 1024x680. "
        "The paper cut 664 from each of 116 images, or 1,328 from each of 58 "
        "pairs if it counted NIR and RGB apart, and does not say how; here "
        "whole photos are drawn to measure on.",
    ),
}


def measure(
    name: str,
    source: str | os.PathLike,
    output: str | os.PathLike,
    runs: Sequence[str],
    perceptual: Sequence[str] = (),
    command: str | None = None,
) -> str:
    """Prepares the data set, measures runs and writes the table.

    Args:
        name: A key of `PAPER_TABLES`.
        source: Folder of the data set.
        output: Gets data/, unless it is there already; the report, and the
            table as paper_table.md.
        runs: [LABEL=]FOLDER[:PATH], see `evaluation.run_names`.
        perceptual: As of `Options`.
        command: The command line, for summary.json; None where there is none.

    Returns:
        The table in Markdown, without a final newline.

    Raises:
        InputError: The name is unknown, data or runs are bad.
    """
    if name not in PAPER_TABLES:
        raise InputError(
            f"table {name!r}: expected one of {', '.join(PAPER_TABLES)}"
        )
    table, output = PAPER_TABLES[name], Path(output)
    data = output / "data" / "manifest.csv"
    if data.exists():
        _check_data(table, data)
    else:
        prepare_data(table, source, data.parent)
    options = _options(data, perceptual)
    evaluation = report.evaluate_and_report(
        runs, options, output, gallery=60, command=command
    )
    text = format_table(table, evaluation)
    with files.replacing(output / FILE) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")
    if evaluation.problems:
        raise InputError(
            "\n  ".join(["not everything worked:", *evaluation.problems])
        )
    return text


def _options(data: Path, perceptual: Sequence[str]) -> Options:
    return Options(
        manifest=str(data),
        split="test",
        checkpoint="best",
        contaminated="mark",
        baselines=False,
        perceptual=perceptual,
        robustness=0,
        workers=timing.cores(),
    )


def prepare_data(
    table: PaperTable, source: str | os.PathLike, folder: Path
) -> str:
    """Writes the manifest that a table is measured on.

    Returns:
        The summary of the data.

    Raises:
        InputError: The data set has other categories than the paper took, or
            is bad.
    """
    categories = sorted(
        path.name for path in Path(source).glob("*") if path.is_dir()
    )
    if table.categories and categories != sorted(table.categories):
        raise InputError(
            f"{source}: has the folders {', '.join(categories) or 'none'}; "
            f"expected {', '.join(table.categories)} alone, as in the paper"
        )
    return prepare.prepare(
        source,
        table.layout,
        folder,
        split=table.split,
        patch=table.patch,
    )


def _check_data(table: PaperTable, file: Path) -> None:
    """Refuses the data of another table."""
    protocol = manifest.read_manifest(file)[0].protocol
    expected = prepare.protocol_of(table.layout, table.split, table.patch)
    if protocol != expected:
        raise InputError(
            f"{file}: its protocol is {protocol}, but this table is of "
            f"{expected}; choose another --output"
        )


def format_table(table: PaperTable, evaluation: Evaluation) -> str:
    """Formats runs, and what the papers report, in Markdown.

    Returns:
        The table and the remark, without a final newline.
    """
    columns = [display.METRICS[key.split("/")[1]] for key in table.metrics]
    headings = [f"{column.label} {column.unit}".strip() for column in columns]
    protocol = table.metrics[0].split("/")[0]
    lines = [
        f"{evaluation.protocol}, split {evaluation.split}, "
        f"{len(evaluation.examples)} images, protocol {protocol}",
        "",
        "| run | data | " + " | ".join(headings) + " | note |",
        "|---" * (len(headings) + 3) + "|",
    ]
    for result in evaluation.results:
        cells = [tables.format_mean(result, key) for key in table.metrics]
        name = result.name.replace("|", "/")
        cells = [name, "this one", *cells, result.training_data]
        lines.append("| " + " | ".join(cells) + " |")
    for row in read_reported():
        if row["data"] == table.reported:
            cells = [row["method"], f"{row['paper']}: {row['data']}"]
            cells += [_reported(row, key) for key in table.metrics]
            lines.append("| " + " | ".join([*cells, row["note"]]) + " |")
    return "\n".join([*lines, "", table.remark])


def _reported(row: Mapping[str, str], key: str) -> str:
    """What a paper reports of a metric; others stand in its note."""
    name = key.split("/")[1].removesuffix("_pixels_mean")
    return row.get(name) or "-"
