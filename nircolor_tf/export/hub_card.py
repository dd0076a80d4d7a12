"""The README.md of an export on the Hugging Face Hub.

YAML in front, which the hub reads: license, tags, task and results. Behind it
the same for people, and how to use the model.

Reference: https://huggingface.co/docs/hub/model-cards
"""

from typing import Any

from nircolor_tf.inference import hub

TASK = "image-to-image"
# Metric of the protocol `std` -> its name for people.
_METRICS = {
    "std/psnr": "PSNR, dB",
    "std/ssim": "SSIM",
    "std/ae": "angular error, degrees",
}


def write(card: dict[str, Any], repository: str, license_name: str) -> str:
    """Returns the text of a README.md.

    Args:
        card: The card.json of the export.
        repository: OWNER/NAME.
        license_name: As the hub names licenses; 'other' for the card's terms.
    """
    terms = card.get("terms") or "The card names no terms."
    model = f"{hub.PREFIX}{repository}"
    return f"""---
{_front_matter(card, license_name)}
---

# {card["name"]}

Colorizes near-infrared images. Method `{card["method"]}`, inference paths \
{", ".join(f"`{path}`" for path in card["paths"])}.

    pip install 'nircolor-tf[hub]'
    nircolor colorize --model={model} --input=nir.png --output=rgb.png

## Terms

{terms}

## Training data

{card.get("training", {}).get("data") or "The card does not say."}

## Limits

{card.get("note") or "The card does not say."}

## Results

{_table(card)}

`card.json` has all that was measured, the config and the SHA-256 of each file.
"""


def _front_matter(card: dict[str, Any], license_name: str) -> str:
    """Returns what the hub itself reads, in YAML."""
    package = hub.load_package("pushing")
    other = {"license_name": "terms-below", "license_link": "README.md"}
    data = package.ModelCardData(
        license=license_name,
        **(other if license_name == "other" else {}),
        library_name="nircolor",
        pipeline_tag=TASK,
        tags=["near-infrared", "colorization", "litert", card["method"]],
        model_name=card["name"],
        eval_results=_results(package, card) or None,
    )
    return data.to_yaml().strip()


def _measured(card: dict[str, Any]) -> list[tuple[str, str, dict[str, float]]]:
    """Returns name and split of the data, and the means, of each measurement.

    What bin/card.py wrote; without it, the validation of the training.
    """
    rows = [
        (
            entry["data"]["name"] or entry["data"]["protocol"],
            entry["data"]["split"],
            entry["mean"],
        )
        for entry in card.get("measured", [])
    ]
    validation = card.get("validation", {})
    if not rows and validation.get("metrics"):
        name = validation.get("protocol") or "validation"
        rows = [(name, validation["split"], validation["metrics"])]
    return rows


def _results(package: Any, card: dict[str, Any]) -> list:
    return [
        package.EvalResult(
            task_type=TASK,
            dataset_type=name,
            dataset_name=name,
            dataset_split=split,
            metric_type=metric.rpartition("/")[2],
            metric_name=label,
            metric_value=round(float(means[metric]), 4),
        )
        for name, split, means in _measured(card)
        for metric, label in _METRICS.items()
        if metric in means
    ]


def _table(card: dict[str, Any]) -> str:
    rows = _measured(card)
    if not rows:
        return "Nothing was measured."
    lines = [
        "| data | split | " + " | ".join(_METRICS.values()) + " |",
        "| --- " * (2 + len(_METRICS)) + "|",
    ]
    for name, split, means in rows:
        numbers = [
            f"{float(means[metric]):.4g}" if metric in means else ""
            for metric in _METRICS
        ]
        lines.append(f"| {name} | {split} | {' | '.join(numbers)} |")
    return "\n".join(lines)
