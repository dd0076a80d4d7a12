"""The roofline of the machine, and how costs grow, as pictures."""

import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter

from nircolor_tf import files
from nircolor_tf.benchmarks.rows import Curve, Limits, Row
from nircolor_tf.benchmarks.suite import Report

_DPI = 144
_STYLE = {"font.size": 8}
_MARKERS = "os^Dv<>PXhd*"


@matplotlib.rc_context(_STYLE)
def write_roofline(report: Report, path: Path) -> None:
    """Draws each program's speed under the limits of the machine.

    Args:
        report: With rows that have a limit.
        path: PNG file.

    Raises:
        InputError: It cannot be written.
    """
    rows = [
        row
        for section in ("forward", "training_steps")
        for row in report.rows.get(section, [])
    ]
    figure = Figure((9, 6.5), layout="constrained")
    axes = figure.subplots()
    _draw_roofs(axes, report.limits, rows)
    colors = matplotlib.color_sequences["petroff10"]
    works = list(dict.fromkeys(row.work for row in rows))
    programs = list(dict.fromkeys(row.program for row in rows))
    for row in rows:
        axes.plot(
            row.operations / row.traffic,
            row.operations / row.seconds.median / 1e9,
            color=colors[works.index(row.work) % len(colors)],
            marker=_MARKERS[programs.index(row.program) % len(_MARKERS)],
            linestyle="",
        )
    _add_legends(figure, works, programs, colors)
    _use_logarithms(axes)
    axes.set(
        xlabel="operations per byte in float32",
        ylabel="10^9 operations per second",
        title="Programs under the limits of the machine",
    )
    _save(figure, path)


@matplotlib.rc_context(_STYLE)
def write_growth(curves: Sequence[Curve], path: Path) -> None:
    """Draws a panel for each curve, with the power that fits it.

    Raises:
        InputError: The file cannot be written.
    """
    columns = min(3, len(curves))
    rows = -(-len(curves) // columns)
    figure = Figure((3.6 * columns, 3 * rows), layout="constrained")
    panels = list(figure.subplots(rows, columns, squeeze=False).flat)
    for panel, curve in zip(panels, curves, strict=False):
        sizes = np.array(curve.sizes)
        logarithms = np.log(curve.seconds) - curve.power * np.log(sizes)
        fitted = np.exp(logarithms.mean()) * sizes**curve.power
        panel.plot(sizes, fitted, color="0.7", linestyle="--")
        panel.plot(sizes, curve.seconds, marker="o", color="#3f90da")
        _use_logarithms(panel)
        panel.set(
            xlabel=curve.of,
            ylabel="seconds",
            title=f"{_wrapped(curve.work)}\npower {curve.power:.2f}",
        )
        panel.set_xticks(sizes, [f"{size:g}" for size in sizes])
        panel.minorticks_off()
    for panel in panels[len(curves) :]:
        panel.set_visible(False)
    _save(figure, path)


def _draw_roofs(axes: Axes, limits: Limits, rows: Iterable[Row]) -> None:
    densities = [row.operations / row.traffic for row in rows]
    span = np.geomspace(min(densities) / 4, max(densities) * 4, 100)
    memory = limits.bandwidth * span
    for name, peak in (
        ("float32", limits.float32),
        ("bfloat16", limits.bfloat16),
        ("8 bit", limits.int8),
    ):
        if peak is not None:
            roof = np.minimum(memory, peak) / 1e9
            axes.plot(span, roof, color="0.5")
            axes.annotate(name, (span[-1], roof[-1]), ha="right", va="bottom")


def _add_legends(
    figure: Figure, works: Sequence[str], programs: Sequence[str], colors
) -> None:
    handles = [
        Line2D(
            [],
            [],
            color=colors[index % len(colors)],
            marker="s",
            linestyle="",
            label=work.replace("`", ""),
        )
        for index, work in enumerate(works)
    ] + [
        Line2D(
            [],
            [],
            color="0.3",
            marker=_MARKERS[index % len(_MARKERS)],
            linestyle="",
            label=program,
        )
        for index, program in enumerate(programs)
    ]
    figure.legend(
        handles=handles, loc="outside lower center", ncols=3, frameon=False
    )


def _use_logarithms(axes: Axes) -> None:
    axes.set(xscale="log", yscale="log")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter("{x:g}")
        axis.set_minor_formatter(NullFormatter())


def _wrapped(words: str) -> str:
    """In lines that a panel is wide, without Markdown's signs of code."""
    return textwrap.fill(words.replace("`", ""), 44)


def _save(figure: Figure, path: Path) -> None:
    with files.replacing(path) as temporary:
        figure.savefig(temporary, format="png", dpi=_DPI)
