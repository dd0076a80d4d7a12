"""Colorizes a split of a manifest and reports on it."""

import os
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from tqdm import tqdm

from nircolor_tf.data import images, manifest
from nircolor_tf.evaluation import report


def evaluate(
    colorize: Callable[[np.ndarray], np.ndarray],
    model: str,
    manifest_path: str,
    split: str,
    output: str | os.PathLike,
) -> dict:
    """Measures a model on whole images and writes the report.

    Args:
        colorize: (H, W, 1) -> (H, W, 3), float32 in [0, 1].
        model: Its name, for the report.
        manifest_path: That bin/prepare_data.py wrote.
        split: Which of its splits.
        output: Folder of the report.

    Returns:
        The summary, as `report.write_report` returns it.

    Raises:
        InputError: The manifest, the split or an image is bad.
    """
    examples = manifest.select(manifest.read_manifest(manifest_path), split)
    about = {"model": model, "manifest": manifest_path, "split": split}
    return report.write_report(output, _results(colorize, examples), about)


def _results(
    colorize, examples: Sequence[manifest.Example]
) -> Iterator[tuple[str, np.ndarray, np.ndarray, np.ndarray]]:
    for example in tqdm(examples, unit="image"):
        nir = images.read_nir(example.nir)
        truth = images.read_rgb(example.rgb)
        yield example.name, nir, colorize(images.to_float(nir)), truth
