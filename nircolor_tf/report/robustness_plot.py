"""The plot of the robustness curves of one or several runs."""

import os
from collections.abc import Sequence
from pathlib import Path

from nircolor_tf import files
from nircolor_tf.errors import InputError
from nircolor_tf.evaluation.degradations import DEGRADATIONS, Degradation
from nircolor_tf.evaluation.robustness import METRICS, Point
from nircolor_tf.metrics import display

# Seven shapes and ten colors: 70 runs look different.
_MARKERS = "os^Dv<>"
_SUFFIXES = (".svg", ".png")
# Inches: an SVG is 1200 px wide in a browser, a PNG 1800 px.
_WIDTH, _ROW_HEIGHT, _PNG_DPI = 12.5, 2.0, 144


def write_plot(path: str | os.PathLike, points: Sequence[Point]) -> None:
    """Draws curves: a row of panels per metric, a column per degradation.

    Args:
        path: Target; its suffix chooses .svg (1200 px wide in a browser) or
            .png (1800 px), both on white. The folder exists. A file there is
            replaced.
        points: As `robustness.measure` returns them, of one or several runs.

    Raises:
        InputError: Another suffix, or the file cannot be written.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in _SUFFIXES:
        raise InputError(
            f"{path}: unknown plot suffix {suffix!r}; expected one of "
            + ", ".join(_SUFFIXES)
        )
    # Half a second to import: only where it is needed.
    import matplotlib  # noqa: PLC0415

    options = {
        "font.size": 8,
        "svg.fonttype": "none",  # text stays text: small and searchable
        "svg.hashsalt": "nircolor_tf",  # equal points, equal files
        "text.parse_math": False,  # a dollar sign in a run's name is one
    }
    with matplotlib.rc_context(options), files.replacing(path) as temporary:
        _figure(points).savefig(
            temporary,
            format=suffix.removeprefix("."),
            dpi=_PNG_DPI,
            metadata={"Date": None} if suffix == ".svg" else None,
        )


def _figure(points: Sequence[Point]):
    from matplotlib.figure import Figure  # noqa: PLC0415

    runs = list(dict.fromkeys(point.run for point in points))
    rows = [
        metric
        for metric in METRICS
        if any(getattr(point, metric) is not None for point in points)
    ]
    figure = Figure((_WIDTH, _ROW_HEIGHT * len(rows) + 1), layout="constrained")
    panels = figure.subplots(
        len(rows), len(DEGRADATIONS), sharex="col", sharey="row", squeeze=False
    )
    for metric, row in zip(rows, panels, strict=True):
        row[0].set_ylabel(_label(metric))
        for key, panel in zip(DEGRADATIONS, row, strict=True):
            curves = [point for point in points if point.degradation == key]
            lines = _draw_panel(panel, DEGRADATIONS[key], curves, runs, metric)
    for degradation, top, bottom in zip(
        DEGRADATIONS.values(), panels[0], panels[-1], strict=True
    ):
        top.set_title(degradation.label)
        bottom.set_xlabel(degradation.unit)
    # Long names get fewer columns.
    columns = max(1, 150 // (max(map(len, runs)) + 8))
    figure.legend(
        lines,
        runs,
        loc="outside upper center",
        ncols=min(columns, len(runs)),
        frameon=False,
    )
    return figure


def _label(metric: str) -> str:
    shown = display.METRICS[metric]
    unit = f" ({shown.unit})" if shown.unit else ""
    direction = "higher" if shown.higher_is_better else "lower"
    # One line: a browser does not center the lines of turned text.
    return f"{shown.label}{unit}, {direction} is better"


def _draw_panel(
    panel,
    degradation: Degradation,
    points: Sequence[Point],
    runs: Sequence[str],
    metric: str,
) -> list:
    """Draws a curve per run and returns their lines."""
    from matplotlib import color_sequences  # noqa: PLC0415

    # For color-blind readers: Petroff 2021, arXiv:2107.02270.
    colors = color_sequences["petroff10"]
    # Steps of equal width: most strengths double from one to the next.
    places = {
        strength: place for place, strength in enumerate(degradation.strengths)
    }
    panel.axvline(places[degradation.none], color="0.7", linestyle=":")
    lines = []
    for index, run in enumerate(runs):
        curve = [point for point in points if point.run == run]
        lines += panel.plot(
            [places[point.strength] for point in curve],
            [getattr(point, metric) for point in curve],
            color=colors[index % len(colors)],
            marker=_MARKERS[index % len(_MARKERS)],
            markersize=4,
            linewidth=1.2,
        )
    panel.set_xticks(
        range(len(degradation.strengths)),
        [
            "none" if strength == degradation.none else str(strength)
            for strength in degradation.strengths
        ],
    )
    panel.grid(axis="y", color="0.9")
    panel.spines[["top", "right"]].set_visible(False)
    return lines
