"""A trained method as files that run without this package's training code.

    saved_models/NAME/
        saved_model/    'serving_default': float NIR (B, H, W, 1) in [0, 1],
                        any size -> {'rgb': (B, H, W, 3) in [0, 1]}
        model.tflite    (1, H, W, 1) -> (1, H, W, 3), [0, 1], float32, H and W
                        multiples of the card's size_multiple
        model_256x256_int8.tflite   and others of one size and kind, where
                        config.export asks for them
        card.json       what it is, what it was trained on, how good it is
        training_data.csv   the names and hashes of the images it has seen

That is one inference path. Of several, the first is as above; each of the
others is a signature of the SavedModel, which holds every weight once, and a
file model_<path>.tflite. Input and output are called as the path's source and
target, `nir`, `gray` or `rgb`.

The TFLite files hold the networks. A working size and a detail fusion, where
the card names them, are for the caller, as nircolor_tf.inference does it. The
SavedModel holds these as well: nircolor_tf/export/saved_model.py lists its
signatures, among them one that takes and returns image files.

Written to a temporary folder, loaded again, compared with the method, and
only then given its name.
"""

import contextlib
import dataclasses
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

import nircolor_tf
from nircolor_tf.data import manifest, pipeline, synthetic, training_data
from nircolor_tf.data.training_data import TrainingData
from nircolor_tf.errors import InputError, NirColorError
from nircolor_tf.export import samples, saved_model, subpixel, tflite
from nircolor_tf.inference import cards, models, runtimes
from nircolor_tf.methods.base import CHANNELS, InferencePath, Method
from nircolor_tf.training import (
    build,
    command_log,
    config_files,
    restore,
    warm_start,
)

SAVED_MODEL = "saved_model"

# Largest difference to the method that a reloaded file may show, in [0, 1].
# 'serving' is the SavedModel as a server runs it, resizes and fusion included.
TOLERANCES = {"saved_model": 1e-4, "litert": 1e-4, "serving": 1e-4}


class ExportError(NirColorError):
    """A written file does not compute what the method computes."""


def export_workdir(
    workdir: str | os.PathLike,
    output: str | os.PathLike,
    checkpoint: str,
    paths: Sequence[str],
    overwrite: bool,
    note: str = "",
    kinds: Sequence[str] = (),
    sizes: Sequence[str] = (),
    representative: str | os.PathLike = "",
    command: str | None = None,
) -> dict:
    """Exports a trained workdir.

    Args:
        workdir: That bin/train.py wrote.
        output: The export folder to write; its last part is the name.
        checkpoint: 'best' or 'latest'.
        paths: As `choose_paths` takes them.
        overwrite: Replace an export that exists.
        note: For the card: machine, known failures.
        kinds: Of the TFLite files of one size, some of `tflite.KINDS`; none
            for those of config.export.
        sizes: Of these files, as 'HEIGHTxWIDTH'; none for the config's.
        representative: Folder of images that the kind 'int8' takes its scales
            from; '' for the training images.
        command: The command line that exports, for the card, after those of
            the workdir; None where there is none.

    Returns:
        The card.

    Raises:
        InputError: No checkpoint, no such path, kind or size, or `output`
            exists; too few representative images; or the workdir has no
            training record, and its manifest is gone.
        ExportError: A file does not agree with the method; nothing is left.
    """
    output = _new_folder(output, overwrite)
    method, record = restore.load_method(workdir, checkpoint)
    chosen = choose_paths(method, paths)
    fixed = tflite.fixed_sizes(
        method.config, kinds, sizes, method.size_multiple
    )
    training = _training_data(workdir, method)
    card = make_card(method, output.name, chosen, record, training)
    started_from = warm_start.read_record(workdir)
    if started_from is not None:
        card["training"]["started_from"] = started_from
    card["note"] = note
    card["commands"] = command_log.read(workdir)
    if command is not None:
        card["commands"].append(command)
    with _replacing(output) as folder:
        training_data.write(folder, training)
        entries = write_fixed(method, chosen, fixed, representative, folder)
        write_models(method, chosen, folder)
        _complete(card, entries, method, folder)
    return card


def _new_folder(output: str | os.PathLike, overwrite: bool) -> Path:
    output = Path(output)
    if output.exists() and not overwrite:
        raise InputError(
            f"{output}: exists already; choose another --output or say "
            "--overwrite"
        )
    return output


def _complete(
    card: dict, entries: Mapping[str, list], method: Method, folder: Path
) -> None:
    """Writes the card, with what is measured of the files in the folder."""
    for path, files in entries.items():
        card["paths"][path]["files"]["tflite_fixed"] = files
    _write_card(folder, card)  # what follows reads it
    card["largest_difference"] = verify(method, folder)
    files = [SAVED_MODEL, *tflite_files(card["paths"]).values()]
    card["bytes"] = {file: _size(folder / file) for file in files}
    _write_card(folder, card)


def choose_paths(
    method: Method, names: Sequence[str]
) -> dict[str, InferencePath]:
    """Returns inference paths of a method by name, in the order named.

    Args:
        method: Whose paths.
        names: Of paths; none for the method's own, ('all',) for every one.

    Raises:
        InputError: It has no path of such a name.
    """
    paths = method.inference_paths()
    if list(names) == ["all"]:
        return dict(paths)
    names = names or [next(iter(paths))]
    return {name: method.inference_path(name) for name in names}


def tflite_files(paths: Iterable[str]) -> dict[str, str]:
    """Returns the file name of each path; the first needs no suffix."""
    return {
        name: f"model_{name}.tflite" if index else "model.tflite"
        for index, name in enumerate(paths)
    }


def write_models(
    method: Method, paths: Mapping[str, InferencePath], folder: Path
) -> None:
    """Writes the SavedModel with all paths, and a TFLite file of each."""
    with subpixel.substituted(method):
        saved_model.write(method, paths, folder / SAVED_MODEL)
    for name, file in tflite_files(paths).items():
        tflite.write(method, paths[name], folder / file)


def write_fixed(
    method: Method,
    paths: Mapping[str, InferencePath],
    fixed: tflite.FixedSizes,
    representative: str | os.PathLike,
    folder: Path,
) -> dict[str, list[dict]]:
    """Writes the TFLite files of one size, if any, and measures each.

    Args:
        method: What is exported.
        paths: What of it.
        fixed: Which kinds and sizes.
        representative: As `export_workdir` takes it.
        folder: The export.

    Returns:
        For each path, what the card says of its files.

    Raises:
        InputError: Too few representative images, or no manifest.
        ExportError: A file is too far from the method.
    """
    if not fixed.sizes:
        return {}
    count = fixed.representative if "int8" in fixed.kinds else 0
    entries = {}
    for name, free in tflite_files(paths).items():
        path = paths[name]
        given = samples.read(method.config, path.source, representative, count)
        stem = folder / Path(free).stem
        entries[name] = tflite.write_fixed(method, path, fixed, given, stem)
        for entry in entries[name]:
            least = fixed.least_db[entry["kind"]]
            if not entry["db"] >= least:
                raise ExportError(
                    f"{entry['file']} is at {entry['db']:.1f} dB from the "
                    f"method; config.export.least_db.{entry['kind']} asks for "
                    f"{least:g}. Nothing was written"
                )
    return entries


def verify(method: Method, folder: Path) -> dict[str, float]:
    """Loads every path from every file again and compares with the method.

    Args:
        method: What was exported.
        folder: The export, with a card.

    Returns:
        Largest absolute difference per runtime, over all paths and several
        image sizes.

    Raises:
        ExportError: A difference is above `TOLERANCES`.
    """
    above = (method.config.inference.working_size or 0) + 40
    sizes = ((64, 96), (51, 130), (256, 256), (above, above + 61))
    inputs = [_test_image(seed, *size) for seed, size in enumerate(sizes)]
    differences = dict.fromkeys(TOLERANCES, 0.0)
    for path, about in cards.read_card(folder)["paths"].items():
        expected = build.make_colorizer(method, path)
        results = [expected(image) for image in inputs]
        for runtime, tolerance in TOLERANCES.items():
            colorizer = load_runtime(folder, path, about, runtime)
            difference = max(
                float(np.abs(colorizer(image) - result).max())
                for image, result in zip(inputs, results, strict=True)
            )
            if not difference <= tolerance:
                raise ExportError(
                    f"the {runtime} file differs from the method by "
                    f"{difference:.2g} on the path {path}; at most "
                    f"{tolerance:.2g} is allowed. Nothing was written"
                )
            differences[runtime] = max(differences[runtime], difference)
    return differences


def load_runtime(
    folder: Path, path: str, about: Mapping, runtime: str
) -> models.Colorizer:
    """Loads an inference path of an export as it is verified.

    Args:
        folder: The export.
        path: Name of the path.
        about: What the card says of the path.
        runtime: One of `TOLERANCES`; 'serving' is the signature that a server
            runs, which takes any size.
    """
    if runtime != "serving":
        return models.load_export(folder, runtime, path=path)
    return models.Colorizer(
        runtimes.load_saved_model(
            folder / SAVED_MODEL, path, about["source"], about["target"]
        ),
        channels=CHANNELS[about["target"]],
    )


def make_card(
    method: Method,
    name: str,
    paths: Mapping[str, InferencePath],
    record: dict,
    training: TrainingData,
) -> dict:
    """Says what an export is, in plain JSON.

    Args:
        method: What is exported.
        name: Of the export.
        paths: What of the method is exported, as `choose_paths` returns it.
        record: Step, minutes trained and, where there are, metrics.
        training: What it was trained on.
    """
    config = method.config
    fusion = method.fusion_parameters()
    networks = {n for path in paths.values() for n in path.networks}
    return {
        "format": 1,
        "name": name,
        "method": config.method,
        "paths": _describe_paths(paths),
        "size_multiple": method.size_multiple,
        "minimum_size": method.size_multiple,
        "working_size": config.inference.working_size or None,
        "value_range": [0.0, 1.0],
        "fusion": None if fusion is None else dataclasses.asdict(fusion),
        "parameters": sum(
            method.networks[network].count_params() for network in networks
        ),
        "training": {
            **{key: record[key] for key in ("step", "minutes")},
            "pairs": training.count("pair"),
            "photos": training.count("photo"),
            "data": config.data.description,
            "protocol": training.protocol,
            "split": "train",
            "list": training_data.FILE,
        },
        "terms": config.data.terms,
        "validation": {
            "split": config.evaluate.split,
            "images": training.count("validation"),
            "metrics": record.get("metrics", {}),
        },
        "config": config_files.describe_config(config),
        "nircolor_tf": nircolor_tf.__version__,
    }


def _describe_paths(paths: Mapping[str, InferencePath]) -> dict[str, dict]:
    return {
        path: {
            "source": paths[path].source,
            "target": paths[path].target,
            "signature": saved_model.signature(
                saved_model.NETWORK, path, paths
            ),
            "files": {"saved_model": SAVED_MODEL, "tflite": file},
        }
        for path, file in tflite_files(paths).items()
    }


def _training_data(workdir: str | os.PathLike, method: Method) -> TrainingData:
    """Reads the record; of an older workdir, makes it from the manifest."""
    recorded = training_data.read_if_there(workdir)
    if recorded is not None:
        return recorded
    config = method.config
    names = {name for phase in method.phases() for name in phase.data}
    return training_data.collect_taught(
        config.data.manifest,
        manifest.read_manifest(config.data.manifest),
        pipeline.reads_photos(names, config.data),
        config.evaluate.split,
    )


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
    (folder / cards.CARD_FILE).write_text(text, encoding="utf-8")


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())
