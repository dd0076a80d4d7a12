"""What runs an exported model: LiteRT its TFLite file, TensorFlow the other."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from nircolor_tf.errors import InputError
from nircolor_tf.inference import cards


class LitertModel:
    """A TFLite file with the input (1, H, W, 1), floating point or 8 bit.

    Args:
        path: Of the file.
        threads: CPU threads; all cores by default.

    Raises:
        InputError: It is no TFLite file.
    """

    def __init__(self, path: Path, threads: int | None):
        # Imported here: help and bad input need not wait for it.
        from ai_edge_litert.interpreter import Interpreter  # noqa: PLC0415

        try:
            self._model = Interpreter(
                str(path), num_threads=threads or os.cpu_count()
            )
        except (ValueError, RuntimeError) as error:
            raise InputError(f"{path}: not a TFLite file: {error}") from error
        self._path = path
        self._input = self._model.get_input_details()[0]
        self._output = self._model.get_output_details()[0]
        self._shape = None

    def predict(self, image: np.ndarray) -> np.ndarray:
        """Runs the model: (1, H, W, 1) float32 -> (1, H, W, C) float32.

        Raises:
            InputError: It cannot run at this size.
        """
        self._check_size(image)
        try:
            if image.shape != self._shape:
                self._shape = None  # stays so when the next lines fail
                self._model.resize_tensor_input(
                    self._input["index"], image.shape
                )
                self._model.allocate_tensors()
                self._shape = image.shape
            self._model.set_tensor(
                self._input["index"], _to_type_of(self._input, image)
            )
            self._model.invoke()
        except (ValueError, RuntimeError) as error:
            _, height, width, _ = image.shape
            raise InputError(
                f"the model cannot run at {height} x {width} pixels: {error}"
            ) from error
        result = self._model.get_tensor(self._output["index"])
        return _from_type_of(self._output, result)

    def _check_size(self, image: np.ndarray) -> None:
        # A file of one size does resize, and may then compute nonsense.
        _, height, width, _ = self._input["shape_signature"]
        if -1 not in (height, width) and image.shape[1:3] != (height, width):
            raise InputError(
                f"{self._path}: takes images of {height} x {width} pixels "
                f"only, not of {image.shape[1]} x {image.shape[2]}; "
                "bin/export.py --sizes writes other sizes"
            )


def _to_type_of(tensor: dict, values: np.ndarray) -> np.ndarray:
    """Quantizes where the tensor of a TFLite file holds integers."""
    if tensor["dtype"] == np.float32:
        return values
    scale, zero = tensor["quantization"]
    limits = np.iinfo(tensor["dtype"])
    levels = np.rint(values / scale + zero).clip(limits.min, limits.max)
    return levels.astype(tensor["dtype"])


def _from_type_of(tensor: dict, values: np.ndarray) -> np.ndarray:
    if tensor["dtype"] == np.float32:
        return values
    scale, zero = tensor["quantization"]
    return (values.astype(np.float32) - zero) * np.float32(scale)


def load_path(
    folder: Path, card: dict, path: str, runtime: str, threads: int | None
) -> Callable[[np.ndarray], np.ndarray]:
    """Loads an inference path of an export, for images of any size.

    Args:
        folder: The export folder.
        card: Of that folder.
        path: Name of a path in the card.
        runtime: 'litert', 'saved_model' or, for the first that there is,
            'auto'.
        threads: CPU threads of LiteRT; all cores by default.

    Returns:
        (1, H, W, 1) float32 -> (1, H, W, C).

    Raises:
        InputError: A file is missing or unreadable, or TensorFlow is missing.
    """
    chosen = card["paths"][path]
    if runtime == "auto":
        runtime = "litert" if "tflite" in chosen["files"] else "saved_model"
    if runtime == "litert":
        file = cards.model_file(folder, card, path, "tflite")
        return LitertModel(file, threads).predict
    return load_saved_model(
        cards.model_file(folder, card, path, "saved_model"),
        cards.signature(card, path),
        chosen["source"],
        chosen["target"],
    )


def load_saved_model(
    folder: Path, signature: str, source: str, target: str
) -> Callable[[np.ndarray], np.ndarray]:
    """Loads one signature of a SavedModel.

    Args:
        folder: Of the SavedModel.
        signature: Its name.
        source: Name of its input.
        target: Name of its output.

    Returns:
        (B, H, W, 1) float32 -> (B, H, W, C).

    Raises:
        InputError: It is no SavedModel, it has no such signature, or
            TensorFlow is not installed.
    """
    signatures = load_signatures(folder)
    if signature not in signatures:
        raise InputError(
            f"{folder}: has no signature {signature!r}, though card.json says "
            "so"
        )
    run = signatures[signature]

    def predict(image):
        return run(**{source: image})[target].numpy()

    return predict


def load_signatures(folder: Path) -> Mapping[str, Callable]:
    """Loads all signatures of a SavedModel.

    Args:
        folder: Of the SavedModel.

    Raises:
        InputError: It is no SavedModel, or TensorFlow is not installed.
    """
    try:
        import tensorflow as tf  # noqa: PLC0415 - the base install has none
    except ModuleNotFoundError as error:
        raise InputError(
            f"{folder}: a SavedModel needs TensorFlow, which is not "
            "installed: pip install nircolor-tf[train]"
        ) from error
    for part in ("saved_model.pb", "variables/variables.index"):
        if not (folder / part).is_file():
            raise InputError(
                f"{folder / part}: missing; expected a SavedModel in "
                f"{folder}, which has that file"
            )
    try:
        return tf.saved_model.load(str(folder)).signatures
    # TensorFlow has one for each file and way in which it is damaged.
    except (OSError, ValueError, IndexError, tf.errors.OpError) as error:
        raise InputError(
            f"{folder}: not a SavedModel, or damaged: {error}"
        ) from error
