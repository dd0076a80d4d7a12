"""The contents of the HTML report: an evaluation as plain data, with pictures.

`html` describes the data key by key, and writes it as a page.
"""

import datetime
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import nircolor_tf
from nircolor_tf.data.manifest import Example
from nircolor_tf.evaluation.results import (
    Evaluation,
    MeasuredImage,
    RunResult,
)
from nircolor_tf.evaluation.runs import LABELS
from nircolor_tf.metrics import display
from nircolor_tf.report import pictures
from nircolor_tf.report.reported import read_reported


def contents(
    evaluation: Evaluation,
    summary: Mapping[str, Any],
    gallery: int,
    plot: Path | None,
) -> dict:
    """Returns the data of a page, for `html.write`.

    Args:
        evaluation: At least one run with at least one image.
        summary: Of it, by `summaries.summarize`.
        gallery: Show that many images, the worst ones.
        plot: SVG file of the robustness curves, if there are any.
    """
    order = _worst_first(evaluation)
    examples = {example.name: example for example in evaluation.examples}
    results = evaluation.results
    return {
        "title": f"NIR colorization: {evaluation.protocol}, split "
        f"{evaluation.split}",
        "about": _about(summary),
        "metrics": {key: _metric(key) for key in evaluation.metrics},
        "runs": [
            _run(run, result)
            for run, result in zip(summary["runs"], results, strict=True)
        ],
        "unloadable": [
            {"name": name, "reason": reason}
            for name, reason in evaluation.unmeasured.items()
        ],
        "differences": summary["differences"],
        "images": [_image(examples[name], results) for name in order[:gallery]],
        "omitted": max(0, len(order) - gallery),
        "error_scale": "absolute error, mean over the channels: black 0, "
        f"yellow {pictures.LARGEST_ERROR} or more",
        "robustness": plot
        and {
            "svg": pictures.data_uri("image/svg+xml", plot.read_bytes()),
            "text": "Metric protocol std, mean over the same images at every "
            "strength; the input is degraded, the truth is not.",
        },
        "reported": _reported(),
    }


def _about(summary: Mapping[str, Any]) -> dict[str, str]:
    data, command = summary["data"], summary["command"]
    return {
        "data": f"{data['protocol']}, split {data['split']}",
        "images": f"{data['images']} of {data['scenes']} scenes",
        "manifest": data["manifest"],
        **({"warning": data["warning"]} if data["warning"] else {}),
        "intervals": "95%, bootstrap over scenes",
        "written": datetime.date.today().isoformat()
        + f" by nircolor_tf {nircolor_tf.__version__}",
        **({"command": command} if command else {}),
    }


def _run(summary: Mapping[str, Any], result: RunResult) -> dict[str, Any]:
    return {
        "name": result.name,
        "description": ", ".join(summary["about"].values()),
        "count": summary["images"],
        "failures": [
            {"image": image, "reason": reason}
            for image, reason in summary["failures"].items()
        ],
        "contamination": {
            "state": result.state,
            "text": summary["training_data_text"],
        },
        "mean": summary["mean"],
        "interval": summary["interval"],
        "card": _without_infinities(dict(result.run.card)) or None,
    }


def _without_infinities(value: Any) -> Any:
    """Writes NaN and infinity, which JSON does not have, as words."""
    if isinstance(value, Mapping):
        return {key: _without_infinities(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_without_infinities(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def _reported() -> list[dict[str, Any]]:
    """Returns the numbers of the papers: full budgets, other images."""
    return [
        {
            key: float(value)
            if key in ("psnr", "ssim", "ae") and value
            else value
            for key, value in row.items()
        }
        for row in read_reported()
    ]


def _metric(key: str) -> dict[str, Any]:
    metric = display.METRICS[key.rsplit("/", maxsplit=1)[-1]]
    return {
        "label": metric.label,
        "unit": metric.unit,
        "higher_is_better": metric.higher_is_better,
        "digits": metric.digits,
    }


def _worst_first(evaluation: Evaluation) -> list[str]:
    """Returns images by the mean of their PSNR over the runs but baselines."""
    columns = [
        result.column("std/psnr")
        for result in evaluation.results
        if result.run.kind != "baseline"
    ]
    means = {
        name: np.mean([column[name] for column in columns if name in column])
        for name in evaluation.scenes
        if any(name in column for column in columns)
    }
    return sorted(means, key=means.__getitem__)


def _image(example: Example, results: Sequence[RunResult]) -> dict[str, Any]:
    run = results[0].run
    source, truth = pictures.source_and_truth(example, run)
    return {
        "name": example.name,
        "scene": example.scene,
        "source": pictures.picture_uri(source),
        "truth": pictures.picture_uri(truth),
        "source_label": LABELS[run.source],
        "truth_label": f"true {LABELS[run.target]}",
        "runs": {
            result.name: _prediction(result.images[example.name], truth)
            for result in results
            if example.name in result.images
        },
    }


def _prediction(image: MeasuredImage, truth: np.ndarray) -> dict[str, Any]:
    prediction = pictures.read_picture(image.picture)
    return {
        "prediction": pictures.picture_uri(prediction),
        "error": pictures.error_uri(prediction, truth),
        "metrics": dict(image.metrics),
    }
