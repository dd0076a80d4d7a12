"""A trained method as files that run without this package's training code.

    saved_models/NAME/
        saved_model/    'serving_default': float NIR (B, H, W, 1) in [0, 1],
                        any size -> {'rgb': (B, H, W, 3) in [0, 1]}
        model.tflite    (1, H, W, 1) -> (1, H, W, 3), [0, 1], float32, H and W
                        multiples of the card's size_multiple
        card.json       what it is, what it was trained on, how good it is

The SavedModel and the TFLite file hold the networks. A working size and a
detail fusion, where the card names them, are for the caller, as
nircolor_tf.inference does it.

Written to a temporary folder, loaded again, compared with the method, and
only then given its name.
"""

import contextlib
import dataclasses
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

import nircolor_tf
from nircolor_tf import inference
from nircolor_tf.data import manifest, pipeline, synthetic
from nircolor_tf.errors import InputError, NirColorError
from nircolor_tf.methods.base import Method
from nircolor_tf.training import restore

FILES = {"saved_model": "saved_model", "tflite": "model.tflite"}

# Largest difference to the method that a reloaded file may show, in [0, 1].
TOLERANCES = {"saved_model": 1e-4, "litert": 1e-4}


class ExportError(NirColorError):
    """A written file does not compute what the method computes."""


def export_workdir(
    workdir: str | os.PathLike,
    output: str | os.PathLike,
    checkpoint: str,
    overwrite: bool,
    note: str = "",
) -> dict:
    """Exports a trained workdir.

    Args:
        workdir: That bin/train.py wrote.
        output: The export folder to write; its last part is the name.
        checkpoint: 'best' or 'latest'.
        overwrite: Replace an export that exists.
        note: For the card: machine, known failures.

    Returns:
        The card.

    Raises:
        InputError: No checkpoint, or `output` exists.
        ExportError: A file does not agree with the method; nothing is left.
    """
    output = Path(output)
    if output.exists() and not overwrite:
        raise InputError(
            f"{output}: exists already; choose another --output or say "
            "--overwrite"
        )
    method, record = restore.load_method(workdir, checkpoint)
    examples = manifest.read_manifest(method.config.data.manifest)
    splits = [example.split for example in examples]
    with _replacing(output) as folder:
        write_saved_model(method, folder / FILES["saved_model"])
        write_tflite(method, folder / FILES["tflite"])
        card = make_card(method, output.name, record, splits)
        card["note"] = note
        _write_card(folder, card)
        card["largest_difference"] = verify(method, folder)
        card["bytes"] = {
            name: _size(folder / file) for name, file in FILES.items()
        }
        _write_card(folder, card)
    return card


def write_saved_model(method: Method, folder: Path) -> None:
    """Writes the SavedModel; it pads and crops inside, so any size goes in."""

    def serve(nir):
        height, width = tf.shape(nir)[1], tf.shape(nir)[2]
        for axis, size in ((1, height), (2, width)):
            index = _reflected(size, method.size_multiple)
            nir = tf.gather(nir, index, axis=axis)
        rgb = _colorize(method, nir)[:, :height, :width]
        return {"rgb": rgb}

    spec = tf.TensorSpec((None, None, None, 1), tf.float32, name="nir")
    _archive(serve, spec, folder)


def write_tflite(method: Method, path: Path) -> None:
    """Writes the float32 TFLite file, with height and width free.

    A fixed-size file resized at run time is not safe (the bilinear resize
    keeps the old size), and free sizes cost no measurable time.
    """
    spec = tf.TensorSpec((1, None, None, 1), tf.float32, name="nir")
    with tempfile.TemporaryDirectory() as folder:
        _archive(lambda nir: {"rgb": _colorize(method, nir)}, spec, folder)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        path.write_bytes(converter.convert())


def verify(method: Method, folder: Path) -> dict[str, float]:
    """Loads both files again and compares them with the method.

    Args:
        method: What was exported.
        folder: The export, with a card.

    Returns:
        Largest absolute difference per runtime, over three image sizes.

    Raises:
        ExportError: A difference is above `TOLERANCES`.
    """
    sizes = ((64, 96), (51, 130), (256, 256))
    nirs = [_test_image(seed, *size) for seed, size in enumerate(sizes)]
    expected = [restore.make_colorizer(method)(nir) for nir in nirs]
    differences = {}
    for runtime, tolerance in TOLERANCES.items():
        colorizer = inference.load_export(folder, runtime)
        difference = max(
            float(np.abs(colorizer(nir) - rgb).max())
            for nir, rgb in zip(nirs, expected, strict=True)
        )
        if not difference <= tolerance:
            raise ExportError(
                f"the {runtime} file differs from the method by "
                f"{difference:.2g}; at most {tolerance:.2g} is allowed. "
                "Nothing was written"
            )
        differences[runtime] = difference
    return differences


def make_card(
    method: Method, name: str, record: dict, splits: Sequence[str]
) -> dict:
    """Says what an export is, in plain JSON.

    Args:
        method: What is exported.
        name: Of the export.
        record: Step, minutes trained and, where there are, metrics.
        splits: The split of each example of the manifest.
    """
    config = method.config
    fusion = method.fusion_parameters()
    described = json.loads(config.to_json())
    # A path on the training machine tells a user nothing.
    described["data"]["manifest"] = Path(config.data.manifest).name
    return {
        "format": 1,
        "name": name,
        "method": config.method,
        "files": dict(FILES),
        "size_multiple": method.size_multiple,
        "minimum_size": method.size_multiple,
        "working_size": config.inference.working_size or None,
        "value_range": [0.0, 1.0],
        "fusion": None if fusion is None else dataclasses.asdict(fusion),
        "parameters": sum(
            getattr(method, network).count_params()
            for network in method.inference_networks
        ),
        "training": {
            **{key: record[key] for key in ("step", "minutes")},
            "pairs": splits.count("train"),
            "photos": splits.count("unpaired") if _reads_photos(method) else 0,
            "data": config.data.description,
        },
        "terms": config.data.terms,
        "validation": {
            "split": config.evaluate.split,
            "images": splits.count(config.evaluate.split),
            "metrics": record.get("metrics", {}),
        },
        "config": described,
        "nircolor_tf": nircolor_tf.__version__,
    }


def _reads_photos(method: Method) -> bool:
    return "photos" in method.config.data.get("unpaired_from", ()) and any(
        "unpaired" in phase.data for phase in method.phases()
    )


def _colorize(method: Method, nir):
    """[0, 1] -> [0, 1] around the method's own value range."""
    value_range = method.config.data.value_range
    rgb = method(pipeline.to_range(nir, value_range), training=False)
    return tf.clip_by_value(pipeline.from_range(rgb, value_range), 0.0, 1.0)


def _archive(function, spec: tf.TensorSpec, folder) -> None:
    # The endpoint's variables are tracked by themselves; archive.track() would
    # save each of them a second time.
    archive = keras.export.ExportArchive()
    archive.add_endpoint("serving_default", function, input_signature=[spec])
    archive.write_out(str(folder), verbose=False)


def _reflected(size, multiple: int):
    """Indices 0..size - 1, then back, up to a multiple: numpy's 'reflect'."""
    target = -(-size // multiple) * multiple
    period = tf.maximum(2 * (size - 1), 1)
    index = tf.range(target) % period
    return tf.minimum(index, period - index)


def _test_image(seed: int, height: int, width: int) -> np.ndarray:
    nir, _ = synthetic.make_pair(seed, height, width, 8)
    return (nir / 255).astype(np.float32)


@contextlib.contextmanager
def _replacing(output: Path) -> Iterator[Path]:
    """Gives a temporary folder that becomes `output` when all went well."""
    output.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=".export-", dir=output.parent))
    try:
        yield folder
        if output.exists():
            shutil.rmtree(output)
        folder.chmod(0o755)
        folder.replace(output)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _write_card(folder: Path, card: dict) -> None:
    text = json.dumps(card, indent=2) + "\n"
    (folder / "card.json").write_text(text, encoding="utf-8")


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())
