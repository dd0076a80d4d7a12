"""Baselines: results without a model, which every model has to beat."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from nircolor_tf.data import example_images, training_data
from nircolor_tf.data.manifest import Example
from nircolor_tf.evaluation.runs import LABELS, Predict, Run


def open_baselines(
    examples: Sequence[Example], run: Run
) -> list[tuple[Run, Predict]]:
    """Returns the baselines of a run: its own input, and one mean color.

    Args:
        examples: The whole manifest. Without training pairs in it, or for a
            target other than RGB, there is no mean color.
        run: Source and target of the baselines are those of this run.

    Returns:
        Runs and their predictions, as `runs.open_run` returns them.
    """
    channels = 3 if run.target == "rgb" else 1
    unchanged = Run(
        name=f"{LABELS[run.source]} as it is",
        kind="baseline",
        source=run.source,
        target=run.target,
        about={"kind": "baseline", "rule": "the input is the output"},
        card={},
        training=training_data.NOTHING,
    )
    baselines = [
        (unchanged, lambda _, image: np.repeat(image, channels, axis=-1))
    ]
    train = [example for example in examples if example.split == "train"]
    if run.target == "rgb" and train:
        mean = dataclasses.replace(
            unchanged,
            name="mean color",
            about={
                "kind": "baseline",
                "rule": f"mean color of {len(train)} training images",
            },
            training=training_data.collect(
                examples, photos=False, validation=""
            ),
        )
        color = _mean_color(train)
        baselines.append(
            (
                mean,
                lambda _, image: np.broadcast_to(color, (*image.shape[:2], 3)),
            )
        )
    return baselines


def _mean_color(examples: Sequence[Example]) -> np.ndarray:
    """Returns the mean of the images' mean colors, (3,) float32 in [0, 1]."""
    colors = [
        example_images.read_rgb(example).unit.mean((0, 1))
        for example in examples
    ]
    return np.mean(colors, axis=0).astype(np.float32)
