"""Robustness curves: how a model's numbers fall as its input gets worse.

The input of every image is degraded in each way and strength of
`degradations.DEGRADATIONS`; the truth stays as it is. PSNR, SSIM and angular
error follow the `std` protocol, as means over the images.
"""

import csv
import dataclasses
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from absl import logging
from tqdm import tqdm

from nircolor_tf import files
from nircolor_tf.errors import InputError
from nircolor_tf.evaluation.degradations import DEGRADATIONS, generator
from nircolor_tf.images import conversions
from nircolor_tf.metrics import protocols

_METRICS = ("psnr", "ssim", "ae")
# Seven shapes and ten colors: 70 runs look different.
_MARKERS = "os^Dv<>"
_PLOT_SUFFIXES = (".svg", ".png")
# Inches: an SVG is 1200 px wide in a browser, a PNG 1800 px.
_WIDTH, _ROW_HEIGHT, _PNG_DPI = 12.5, 2.0, 144


@dataclasses.dataclass(frozen=True)
class Point:
    """One point of a run's curve.

    Attributes:
        run: Name of the run.
        degradation: A key of `DEGRADATIONS`.
        strength: One of its strengths; among them the one that changes
            nothing.
        images: How many images the means are over; the same for every point
            of a run.
        left_out: How many could not be measured at some strength.
        psnr: Mean, dB; inf if an image is identical to its truth.
        ssim: Mean.
        ae: Mean, degrees; None if the run makes images of one channel.
    """

    run: str
    degradation: str
    strength: float
    images: int
    left_out: int
    psnr: float
    ssim: float
    ae: float | None


def measure(
    run: str,
    colorize: Callable[[np.ndarray], np.ndarray],
    pairs: Sequence[tuple[str, np.ndarray, np.ndarray]],
) -> list[Point]:
    """Measures a model on degraded images, with a progress bar.

    The undegraded image is colorized once, though it is a point of every
    curve. An image that fails at one strength is left out of all, so that the
    points of a curve are means over the same images; it is logged.

    Args:
        run: What to call the model.
        colorize: (H, W, 1) -> (H, W, C), float32 in [0, 1].
        pairs: (name, source (H, W, 1), truth (H, W, C)), float32 in [0, 1].

    Returns:
        A point for every strength of every degradation, in the order of
        `DEGRADATIONS`.

    Raises:
        InputError: No image could be measured.
    """
    measured, reason = [], None
    for name, source, truth in tqdm(pairs, f"{run}, degraded", unit="image"):
        try:
            measured.append(_measure_image(colorize, name, source, truth))
        except Exception as error:
            # A model's runtime raises what it likes.
            reason = f"{name}: {error}"
            logging.warning("%s: not in the curves: %s", run, reason)
    if not measured:
        raise InputError(
            f"{run}: no robustness curves: all {len(pairs)} images failed, "
            f"the last one: {reason}"
        )
    return [
        Point(
            run,
            key,
            strength,
            len(measured),
            len(pairs) - len(measured),
            **_mean([scores[key, strength] for scores in measured]),
        )
        for key, degradation in DEGRADATIONS.items()
        for strength in degradation.strengths
    ]


def write_csv(path: str | os.PathLike, points: Sequence[Point]) -> None:
    """Writes points as CSV, one line each; no angular error is an empty cell.

    Args:
        path: Target; its folder exists. A file there is replaced.
        points: Of any number of runs.

    Raises:
        InputError: The file cannot be written.
    """
    columns = [field.name for field in dataclasses.fields(Point)]
    with (
        files.replacing(path) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        for point in points:
            row = dataclasses.asdict(point)
            for metric in _METRICS:
                if row[metric] is not None:
                    row[metric] = f"{row[metric]:.6f}"
            writer.writerow(row)


def write_plot(path: str | os.PathLike, points: Sequence[Point]) -> None:
    """Draws curves: a row of panels per metric, a column per degradation.

    Args:
        path: Target; its suffix chooses .svg (1200 px wide in a browser) or
            .png (1800 px), both on white. The folder exists. A file there is
            replaced.
        points: As `measure` returns them, of one or several runs. An infinite
            PSNR is not drawn.

    Raises:
        InputError: Another suffix, or the file cannot be written.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in _PLOT_SUFFIXES:
        raise InputError(
            f"{path}: unknown plot suffix {suffix!r}; expected one of "
            + ", ".join(_PLOT_SUFFIXES)
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


def _measure_image(colorize, name, source, truth):
    """{(degradation, strength): {metric: value}} of one image."""
    undegraded = _measure(colorize(source), truth)
    scores = {}
    for key, degradation in DEGRADATIONS.items():
        for strength in degradation.strengths:
            if strength == degradation.none:
                scores[key, strength] = undegraded
                continue
            image = degradation.apply(source, strength, generator(name))
            scores[key, strength] = _measure(colorize(image), truth)
    return scores


def _measure(prediction, truth):
    """As `protocols.measure` under `std`, without its expensive metrics."""
    prediction = conversions.to_8bit(prediction, "prediction") / 255
    truth = conversions.to_8bit(truth, "truth") / 255
    standard = protocols.PROTOCOLS["std"]
    scores = {
        "psnr": standard.metrics["psnr"](prediction, truth),
        "ssim": standard.metrics["ssim"](prediction, truth),
        "ae": None,
    }
    if truth.shape[2] == 3:
        scores["ae"] = float(standard.angles(prediction, truth).mean())
    return scores


def _mean(scores):
    return {
        metric: None
        if scores[0][metric] is None
        else float(np.mean([one[metric] for one in scores]))
        for metric in _METRICS
    }


def _figure(points):
    from matplotlib.figure import Figure  # noqa: PLC0415

    runs = list(dict.fromkeys(point.run for point in points))
    rows = [
        metric
        for metric in _METRICS
        if any(getattr(point, metric) is not None for point in points)
    ]
    figure = Figure((_WIDTH, _ROW_HEIGHT * len(rows) + 1), layout="constrained")
    panels = figure.subplots(
        len(rows), len(DEGRADATIONS), sharex="col", sharey="row", squeeze=False
    )
    for metric, row in zip(rows, panels, strict=True):
        row[0].set_ylabel(_label(metric))
        for key, panel in zip(DEGRADATIONS, row, strict=True):
            here = [point for point in points if point.degradation == key]
            lines = _draw_panel(panel, DEGRADATIONS[key], here, runs, metric)
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


def _label(metric):
    shown = protocols.METRICS[metric]
    unit = f" ({shown.unit})" if shown.unit else ""
    direction = "higher" if shown.higher_is_better else "lower"
    # One line: a browser does not center the lines of turned text.
    return f"{shown.label}{unit}, {direction} is better"


def _draw_panel(panel, degradation, points, runs, metric):
    """Draws a curve per run and returns their lines."""
    from matplotlib import color_sequences  # noqa: PLC0415

    # Made for color-blind readers: Petroff 2021, arXiv:2107.02270.
    colors = color_sequences["petroff10"]
    # Steps of equal width: most strengths double from one to the next.
    places = {place: i for i, place in enumerate(degradation.strengths)}
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
