"""Compares the files of a new export with the exported method."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from nircolor_tf.data import synthetic
from nircolor_tf.errors import ExportError
from nircolor_tf.export.model_card import SAVED_MODEL
from nircolor_tf.inference import cards, models, runtimes
from nircolor_tf.inference.colorizer import Colorizer
from nircolor_tf.methods.base import CHANNELS, Method
from nircolor_tf.training import build

# Largest difference to the method that a reloaded file may show, in [0, 1].
# 'serving' is the SavedModel as a server runs it, with all steps in it.
TOLERANCES = {
    **{"saved_model": 1e-4, "litert": 1e-4, "serving": 1e-4},
    "onnx": 1e-4,
}
# Of 'litert' where the weights are float16: two levels of 8 bit.
_HALF_TOLERANCE = 8e-3


def compare(method: Method, folder: Path) -> dict[str, float]:
    """Loads every path from every file again and compares with the method.

    Args:
        method: The exported one.
        folder: The export, with a card.

    Returns:
        Largest absolute difference per runtime, over all paths and several
        image sizes.

    Raises:
        ExportError: A difference is above `TOLERANCES`.
    """
    above = (method.inference_steps().working_size or 0) + 40
    sizes = ((64, 96), (51, 130), (256, 256), (above, above + 61))
    images = [_test_image(seed, *size) for seed, size in enumerate(sizes)]
    differences = {}
    signatures = runtimes.load_signatures(folder / SAVED_MODEL)
    for path, entry in cards.read_card(folder)["paths"].items():
        expected = build.make_colorizer(method, path)
        results = [expected(image) for image in images]
        for runtime, tolerance in tolerances(entry).items():
            colorizer = load_runtime(folder, path, entry, runtime, signatures)
            difference = max(
                float(np.abs(colorizer(image) - result).max())
                for image, result in zip(images, results, strict=True)
            )
            if not difference <= tolerance:
                raise ExportError(
                    f"the {runtime} file differs from the method by "
                    f"{difference:.2g} on the path {path}; at most "
                    f"{tolerance:.2g} is allowed. Nothing was written"
                )
            differences[runtime] = max(
                differences.get(runtime, 0.0), difference
            )
    return differences


def tolerances(entry: Mapping) -> dict[str, float]:
    """Returns the tolerances of the runtimes that a path has files for.

    Args:
        entry: Of the path in the card.
    """
    applying = {
        runtime: tolerance
        for runtime, tolerance in TOLERANCES.items()
        if runtime != "onnx" or "onnx" in entry["files"]
    }
    if cards.tflite_weights(entry) == "float16":
        applying["litert"] = _HALF_TOLERANCE
    return applying


def load_runtime(
    folder: Path,
    path: str,
    entry: Mapping,
    runtime: str,
    signatures: Mapping[str, Callable],
) -> Colorizer:
    """Loads an inference path of an export as it is compared.

    Args:
        folder: The export.
        path: Name of the path.
        entry: Of the path in the card.
        runtime: One of `TOLERANCES`; 'serving' is the signature that a server
            runs, which takes any size.
        signatures: Of its SavedModel, loaded once for all paths.
    """
    if runtime not in ("saved_model", "serving"):
        return models.load_export(folder, runtime, path=path)
    name, steps = path, {}
    if runtime == "saved_model":
        card = cards.read_card(folder)
        name = cards.signature(card, path)
        steps = {"steps": cards.steps(folder, card, path)}
    predict = runtimes.predict_with(
        signatures,
        folder / SAVED_MODEL,
        name,
        entry["source"],
        entry["target"],
    )
    return Colorizer(predict, channels=CHANNELS[entry["target"]], **steps)


def _test_image(seed: int, height: int, width: int) -> np.ndarray:
    nir, _ = synthetic.make_pair(seed, height, width, 8)
    return (nir / 255).astype(np.float32)
