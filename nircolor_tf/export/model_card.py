"""Makes the card.json of an export. `inference/cards.py` documents its keys."""

import dataclasses
from collections.abc import Iterable, Mapping
from pathlib import Path

import nircolor_tf
from nircolor_tf import files
from nircolor_tf.data import lineage, training_data
from nircolor_tf.data.lineage import Ancestor
from nircolor_tf.data.manifest import Example
from nircolor_tf.data.training_data import TrainingData, TrainingImage
from nircolor_tf.export import error_files, saved_model, weights
from nircolor_tf.inference import cards
from nircolor_tf.methods.base import InferencePath, Method
from nircolor_tf.training import config_files

SAVED_MODEL = "saved_model"


@dataclasses.dataclass(frozen=True)
class History:
    """What came before an export.

    Attributes:
        start: Record of the model that its training started from; None for new
            weights.
        ancestors: The models that it was made of.
        validation: The images on which the best checkpoint was chosen.
    """

    start: dict | None = None
    ancestors: tuple[Ancestor, ...] = ()
    validation: tuple[Example | TrainingImage, ...] = ()

    @property
    def protocol(self) -> str:
        """The data protocol of the validation images; empty for none."""
        return self.validation[0].protocol if self.validation else ""


def make_card(
    method: Method,
    name: str,
    paths: Mapping[str, InferencePath],
    record: dict,
    training: TrainingData,
    history: History,
) -> dict:
    """Describes an export, in plain JSON.

    Args:
        method: The exported one.
        name: Of the export.
        paths: The exported ones, as `export.choose_paths` returns them.
        record: Step, minutes trained and, where there are, metrics.
        training: The images that it was trained on, and its ancestors.
        history: What came before.
    """
    config, ancestors = method.config, history.ancestors
    own = Ancestor(name, config.data.terms, config.data.description)
    return {
        "format": 1,
        "name": name,
        "method": config.method,
        "paths": describe_paths(paths),
        **cards.describe_steps(method.inference_steps()),
        "value_range": [0.0, 1.0],
        "parameters": _count_parameters(paths, method),
        "training": {
            **{key: record[key] for key in ("step", "minutes")},
            "pairs": training.count("pair"),
            "photos": training.count("photo"),
            "data": lineage.join_data(own.data, ancestors),
            "protocol": training.protocol,
            "split": "train",
            "list": training_data.FILE,
            **({"started_from": history.start} if history.start else {}),
        },
        "terms": lineage.join_terms([own, *ancestors]),
        "validation": {
            "protocol": history.protocol,
            "split": config.evaluate.split,
            "images": len(history.validation),
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
    parts = [
        SAVED_MODEL,
        *tflite_files(paths).values(),
        *(file.name for file in onnx if (folder / file).is_file()),
        error_files.FILE,
        *map(weights.file_name, networks_of(paths, method)),
    ]
    return {
        part: _size(folder / part) for part in parts if (folder / part).exists()
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


def _count_parameters(
    paths: Mapping[str, InferencePath], method: Method
) -> int:
    names = networks_of(paths, method)
    return sum(method.networks[name].count_params() for name in names)


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
    parts = path.rglob("*") if path.is_dir() else [path]
    return sum(part.stat().st_size for part in parts if part.is_file())
