"""Loads the model of an export: in LiteRT, TensorFlow or ONNX Runtime.

TensorFlow is imported only for a SavedModel.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from nircolor_tf.errors import InputError
from nircolor_tf.inference import cards
from nircolor_tf.inference.litert import LitertModel
from nircolor_tf.inference.onnx_model import OnnxModel


def load_path(
    folder: Path, card: dict, path: str, runtime: str, threads: int | None
) -> Callable[[np.ndarray], np.ndarray]:
    """Loads an inference path of an export, for images of any size.

    Args:
        folder: The export folder.
        card: Of that folder.
        path: Name of a path in the card.
        runtime: 'litert', 'saved_model', 'onnx', or 'auto' for LiteRT where
            the path has a TFLite file.
        threads: CPU threads of LiteRT and ONNX Runtime; all cores by default.
            TensorFlow has all cores; where 'auto' takes it, they do not count.

    Returns:
        (1, H, W, 1) float32 -> (1, H, W, C).

    Raises:
        InputError: A file is missing or unreadable, the runtime is missing, or
            'saved_model' was asked for with `threads`.
    """
    if runtime == "saved_model" and threads is not None:
        raise InputError(
            f"--threads={threads}: of LiteRT and ONNX Runtime; TensorFlow runs "
            "a SavedModel on all cores, or on as many threads as the "
            "environment variable TF_NUM_INTRAOP_THREADS says"
        )
    entry = card["paths"][path]
    if runtime == "auto":
        runtime = "litert" if "tflite" in entry["files"] else "saved_model"
    if runtime == "litert":
        file = cards.model_file(folder, card, path, "tflite")
        return LitertModel(file, threads).predict
    if runtime == "onnx":
        file = cards.model_file(folder, card, path, "onnx")
        return OnnxModel(file, threads).predict
    return load_saved_model(
        cards.model_file(folder, card, path, "saved_model"),
        cards.signature(card, path),
        entry["source"],
        entry["target"],
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
    run = predict_with(
        load_signatures(folder), folder, signature, source, target
    )
    import tensorflow as tf  # noqa: PLC0415 - it is loaded by now

    def predict(image):
        try:
            return run(image)
        except tf.errors.OpError as error:
            _, height, width, _ = image.shape
            # Behind where it was in the graph, before the node.
            reason = error.message.partition("\n\t [[")[0].splitlines()[-1]
            raise InputError(
                f"the model cannot run at {height} x {width} pixels: {reason}"
            ) from error

    return predict


def predict_with(
    signatures: Mapping[str, Callable],
    folder: Path,
    signature: str,
    source: str,
    target: str,
) -> Callable[[np.ndarray], np.ndarray]:
    """Wraps one of the signatures of a SavedModel.

    Args:
        signatures: All of them.
        folder: Of the SavedModel.
        signature: As of `load_saved_model`, like the rest.
        source: Name of its input.
        target: Name of its output.

    Raises:
        InputError: It has no such signature.
    """
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
