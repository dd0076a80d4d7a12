"""What the HTML report shows: an evaluation as plain data, with pictures."""

import base64
import datetime
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

import nircolor_tf
from nircolor_tf.data.manifest import Example
from nircolor_tf.evaluation.results import Evaluation, RunResult
from nircolor_tf.evaluation.runs import LABELS, Run
from nircolor_tf.images import conversions, image_files
from nircolor_tf.metrics import protocols
from nircolor_tf.report import tables
from nircolor_tf.report.reported import read_reported

_LONGEST_SIDE = 512
_LARGEST_ERROR = 0.5
# Of WebP, up to 100; the numbers come from the uncompressed images.
_QUALITY = 90
_ERROR_QUALITY = 50


def contents(
    found: Evaluation,
    summary: Mapping[str, Any],
    gallery: int,
    plot: Path | None,
) -> dict:
    """Returns what `html.write` inserts.

    Args:
        found: At least one run with at least one image.
        summary: Of it, by `tables.summarize`.
        gallery: Show that many images, the worst ones.
        plot: SVG file of the robustness curves, if there are any.
    """
    order = _worst_first(found)
    examples = {example.name: example for example in found.examples}
    return {
        "title": f"NIR colorization: {found.protocol}, split {found.split}",
        "about": _about(summary["data"]),
        "metrics": {key: _metric(key) for key in found.metrics},
        "runs": [
            _run(run, result)
            for run, result in zip(summary["runs"], found.results, strict=True)
        ],
        "unloadable": [
            {"name": name, "reason": reason}
            for name, reason in found.unmeasured.items()
        ],
        "differences": summary["differences"],
        "images": [
            _image(examples[name], found.results) for name in order[:gallery]
        ],
        "omitted": max(0, len(order) - gallery),
        "error_scale": "absolute error, mean over the channels: black 0, "
        f"yellow {_LARGEST_ERROR} or more",
        "robustness": plot
        and {
            "svg": _uri("image/svg+xml", plot.read_bytes()),
            "text": "Metric protocol std, mean over the same images at every "
            "strength; the input is degraded, the truth is not.",
        },
        "reported": _reported(),
    }


def source_and_truth(
    example: Example, run: Run
) -> tuple[np.ndarray, np.ndarray]:
    """Reads what goes into a run and what should come out, 8 bit."""
    pair = conversions.domains(
        image_files.read_nir(example.nir), image_files.read_rgb(example.rgb)
    )
    return tuple(
        conversions.to_8bit(pair[domain], example.name)
        for domain in (run.source, run.target)
    )


def read_picture(path: Path) -> np.ndarray:
    """Reads a kept prediction, (H, W, 1) or (H, W, 3) uint8."""
    picture = image_files.read_image(path)
    return picture if picture.ndim == 3 else picture[..., None]


def shrunk(image: np.ndarray, side: int) -> np.ndarray:
    """Shrinks an image (H, W, C) whose longer side is longer than `side`."""
    height, width, channels = image.shape
    scale = side / max(height, width)
    if scale >= 1:
        return image
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return small.reshape(*small.shape[:2], channels)


def _about(data: Mapping[str, Any]) -> dict[str, str]:
    return {
        "data": f"{data['protocol']}, split {data['split']}",
        "images": f"{data['images']} of {data['scenes']} scenes",
        "manifest": data["manifest"],
        **({"warning": data["warning"]} if data["warning"] else {}),
        "intervals": "95%, bootstrap over scenes",
        "written": datetime.date.today().isoformat()
        + f" by nircolor_tf {nircolor_tf.__version__}",
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
        "card": dict(result.run.card) or None,
    }


def _reported() -> list[dict[str, Any]]:
    """What the papers report, with full budgets on other images."""
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
    metric = protocols.METRICS[key.rsplit("/", maxsplit=1)[-1]]
    return {
        "label": metric.label,
        "unit": metric.unit,
        "higher_is_better": metric.higher_is_better,
        "digits": metric.digits,
    }


def _worst_first(found: Evaluation) -> list[str]:
    """Images by the mean of their PSNR over the runs, baselines apart."""
    columns = [
        result.column("std/psnr")
        for result in found.results
        if result.run.kind != "baseline"
    ]
    means = {
        name: np.mean([column[name] for column in columns if name in column])
        for name in found.scenes
        if any(name in column for column in columns)
    }
    return sorted(means, key=means.__getitem__)


def _image(example: Example, results: Sequence[RunResult]) -> dict[str, Any]:
    run = results[0].run
    source, truth = source_and_truth(example, run)
    return {
        "name": example.name,
        "scene": example.scene,
        "source": _picture_uri(source),
        "truth": _picture_uri(truth),
        "source_label": LABELS[run.source],
        "truth_label": f"true {LABELS[run.target]}",
        "runs": {
            result.name: _prediction(result.images[example.name], truth)
            for result in results
            if example.name in result.images
        },
    }


def _prediction(image, truth: np.ndarray) -> dict[str, Any]:
    prediction = read_picture(image.picture)
    return {
        "prediction": _picture_uri(prediction),
        "error": _picture_uri(_error_map(prediction, truth), _ERROR_QUALITY),
        "metrics": {
            key: tables.in_json(value) for key, value in image.metrics.items()
        },
    }


def _error_map(prediction: np.ndarray, truth: np.ndarray) -> np.ndarray:
    error = np.abs(prediction.astype(np.float32) - truth).mean(axis=-1) / 255
    levels = np.rint(255 * np.minimum(error / _LARGEST_ERROR, 1))
    colored = cv2.applyColorMap(levels.astype(np.uint8), cv2.COLORMAP_INFERNO)
    return colored[..., ::-1]


def _picture_uri(image: np.ndarray, quality: int = _QUALITY) -> str:
    small = shrunk(np.ascontiguousarray(image), _LONGEST_SIDE)
    bgr = np.repeat(small, 3, -1) if small.shape[-1] == 1 else small[..., ::-1]
    _, data = cv2.imencode(
        ".webp", np.ascontiguousarray(bgr), [cv2.IMWRITE_WEBP_QUALITY, quality]
    )
    return _uri("image/webp", data.tobytes())


def _uri(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"
