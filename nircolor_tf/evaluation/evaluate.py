"""Takes a split of a manifest through an inference path and reports on it.

The path says what is measured: its source is what goes in, its target is the
truth. Gray is the luma of the color image.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from tqdm import tqdm

from nircolor_tf import cards, inference
from nircolor_tf.data import images, manifest
from nircolor_tf.evaluation import report

_SOURCE_COLUMN = {"nir": "NIR", "gray": "gray"}
_TARGET_COLUMNS = {
    "rgb": ("ours", "truth"),
    "gray": ("our gray", "true gray"),
    "nir": ("our NIR", "true NIR"),
}


def evaluate_export(
    folder: str,
    path: str | None,
    manifest_path: str,
    split: str,
    output: str | os.PathLike,
) -> dict:
    """Measures an export; see `evaluate`.

    Args:
        folder: The export folder.
        path: One of its inference paths; the first by default.
        manifest_path: As for `evaluate`.
        split: As for `evaluate`.
        output: As for `evaluate`.

    Raises:
        InputError: Also: the folder is no export, or has no such path.
    """
    card = cards.read_card(folder)
    name, chosen = cards.find_path(folder, card, path)
    return evaluate(
        inference.load_export(folder, path=name),
        (chosen["source"], chosen["target"]),
        {"model": folder, "path": name},
        manifest_path,
        split,
        output,
    )


def evaluate_workdir(
    workdir: str,
    checkpoint: str,
    path: str | None,
    manifest_path: str,
    split: str,
    output: str | os.PathLike,
) -> dict:
    """Measures a trained workdir; see `evaluate`.

    Args:
        workdir: That bin/train.py wrote.
        checkpoint: 'best' or 'latest'.
        path: One of the method's inference paths; its own by default.
        manifest_path: As for `evaluate`.
        split: As for `evaluate`.
        output: As for `evaluate`.

    Raises:
        InputError: Also: no checkpoint, or the method has no such path.
    """
    # TensorFlow takes seconds to import: only where it is needed.
    from nircolor_tf.training import restore  # noqa: PLC0415

    method, _ = restore.load_method(workdir, checkpoint)
    chosen = restore.find_path(method, path)
    return evaluate(
        restore.make_colorizer(method, path),
        (chosen.source, chosen.target),
        {
            "model": workdir,
            "path": path or next(iter(method.inference_paths())),
        },
        manifest_path,
        split,
        output,
    )


def evaluate(
    colorize: Callable[[np.ndarray], np.ndarray],
    domains: tuple[str, str],
    about: Mapping[str, str],
    manifest_path: str,
    split: str,
    output: str | os.PathLike,
) -> dict:
    """Measures a model on whole images and writes the report.

    Args:
        colorize: (H, W, 1) -> (H, W, C), float32 in [0, 1].
        domains: What it turns into what: ('nir', 'rgb'), say.
        about: What it is called, for the report.
        manifest_path: That bin/prepare_data.py wrote.
        split: Which of its splits.
        output: Folder of the report.

    Returns:
        The summary, as `report.write_report` returns it.

    Raises:
        InputError: The manifest, the split or an image is bad.
    """
    source, target = domains
    examples = manifest.select(manifest.read_manifest(manifest_path), split)
    return report.write_report(
        output,
        _results(colorize, source, target, examples),
        {**about, "manifest": manifest_path, "split": split},
        (_SOURCE_COLUMN[source], *_TARGET_COLUMNS[target]),
    )


def _results(
    colorize, source: str, target: str, examples: Sequence[manifest.Example]
) -> Iterator[tuple[str, np.ndarray, np.ndarray, np.ndarray]]:
    for example in tqdm(examples, unit="image"):
        pair = images.domains(
            images.read_nir(example.nir), images.read_rgb(example.rgb)
        )
        image = pair[source]
        yield example.name, image, colorize(image), pair[target]
