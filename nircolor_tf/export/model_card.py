"""Makes the card.json of an export. `inference/cards.py` documents its keys."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import nircolor_tf
from nircolor_tf import files
from nircolor_tf.data import training_data
from nircolor_tf.data.training_data import TrainingData
from nircolor_tf.export import error_files, saved_model, weights
from nircolor_tf.inference import cards
from nircolor_tf.methods.base import InferencePath, Method
from nircolor_tf.training import config_files

SAVED_MODEL = "saved_model"


def make_card(
    method: Method,
    name: str,
    paths: Mapping[str, InferencePath],
    record: dict,
    training: TrainingData,
) -> dict:
    """Describes an export, in plain JSON.

    Args:
        method: The exported one.
        name: Of the export.
        paths: The exported ones, as `export.choose_paths` returns them.
        record: Step, minutes trained and, where there are, metrics.
        training: The images that it was trained on.
    """
    config = method.config
    return {
        "format": 1,
        "name": name,
        "method": config.method,
        "paths": describe_paths(paths),
        **cards.describe_steps(method.inference_steps()),
        "value_range": [0.0, 1.0],
        "parameters": sum(
            method.networks[network].count_params()
            for network in networks_of(paths, method)
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


def write(folder: Path, card: dict) -> None:
    """Writes the card of an export folder."""
    files.write_json(folder / cards.CARD_FILE, card)


def count_bytes(
    folder: Path, paths: Mapping[str, InferencePath], method: Method
) -> dict:
    """Returns the bytes of each file of an export, and of its SavedModel.

    Older exports have no weights by name.

    Args:
        folder: The export.
        paths: Its inference paths.
        method: The exported one.
    """
    onnx = [
        Path(file).with_suffix(".onnx") for file in tflite_files(paths).values()
    ]
    files = [
        SAVED_MODEL,
        *tflite_files(paths).values(),
        *(file.name for file in onnx if (folder / file).is_file()),
        error_files.FILE,
        *map(weights.file_name, networks_of(paths, method)),
    ]
    return {
        file: _size(folder / file) for file in files if (folder / file).exists()
    }


def networks_of(
    paths: Mapping[str, InferencePath], method: Method
) -> list[str]:
    """Returns the names of the networks of an export, each once.

    Args:
        paths: The exported ones.
        method: The exported one; what estimates its error is a part.
    """
    ways = [*paths.values(), *filter(None, [method.error_path()])]
    return list(dict.fromkeys(name for way in ways for name in way.networks))


def tflite_files(paths: Iterable[str]) -> dict[str, str]:
    """Returns the file name of each path; the first needs no suffix."""
    return {
        name: f"model_{name}.tflite" if index else "model.tflite"
        for index, name in enumerate(paths)
    }


def describe_paths(paths: Mapping[str, InferencePath]) -> dict[str, dict]:
    """Returns the card's entry of each path, without files of one size."""
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


def note_weights(card: dict, dtype: str) -> None:
    """Notes the type of the weights in the TFLite files of any size.

    Args:
        card: Gets it for each path, where it is not float32.
        dtype: One of `tflite.WEIGHTS`.
    """
    for entry in card["paths"].values():
        entry.pop(cards.TFLITE_WEIGHTS, None)
        if dtype != "float32":
            entry[cards.TFLITE_WEIGHTS] = dtype


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())
