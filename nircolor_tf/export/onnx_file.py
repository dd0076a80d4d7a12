"""Writes an inference path of an export as an ONNX file.

tf2onnx converts the TFLite file of the path, which holds the network alone.
Needs the extra [onnx].
"""

import platform
import statistics
import time
from pathlib import Path

import numpy as np

from nircolor_tf.errors import InputError
from nircolor_tf.inference import timing
from nircolor_tf.inference.onnx_model import OnnxModel

# The first that holds all of the networks' operations and that TensorRT 8 and
# ONNX Runtime 1.13, both of 2022, read.
OPSET = 17

_SIDES = ("height", "width")
_REPEATS = 5


def require() -> None:
    """Raises an InputError where the extra [onnx] is not installed."""
    try:
        import onnx  # noqa: F401, PLC0415 - of an extra
        import onnxruntime  # noqa: F401, PLC0415
        import tf2onnx  # noqa: F401, PLC0415
    except ModuleNotFoundError as error:
        raise InputError(
            f"ONNX files need {error.name}, which is not installed: "
            "pip install 'nircolor-tf[onnx]'"
        ) from error


def write(tflite: Path, source: str, target: str, file: Path) -> None:
    """Writes the ONNX file of an inference path, with height and width free.

    Args:
        tflite: The TFLite file of the path, of any size.
        source: The name that its input gets.
        target: The name that its output gets.
        file: To write.
    """
    import onnx  # noqa: PLC0415 - of an extra
    from tf2onnx import convert  # noqa: PLC0415

    model, _ = convert.from_tflite(str(tflite), opset=OPSET)
    for values, name in (
        (model.graph.input, source),
        (model.graph.output, target),
    ):
        (value,) = values
        _rename(model.graph, value.name, name)
        dimensions = value.type.tensor_type.shape.dim
        for index, side in enumerate(_SIDES, 1):
            dimensions[index].dim_param = side
    onnx.checker.check_model(model)
    file.write_bytes(model.SerializeToString())


def measure(file: Path, side: int) -> dict[str, int | float | str]:
    """Returns the opset of an ONNX file, and its time on this machine.

    Args:
        file: That `write` wrote.
        side: Of the square image that it is timed with, in pixels.

    Returns:
        The opset, the size, the median milliseconds of an image, the threads
        and the machine.
    """
    threads = timing.cores()
    predict = OnnxModel(file, threads).predict
    image = np.full((1, side, side, 1), 0.5, np.float32)
    seconds = []
    for _ in range(_REPEATS):
        start = time.perf_counter()
        predict(image)
        seconds.append(time.perf_counter() - start)
    return {
        "opset": OPSET,
        **{"height": side, "width": side},
        "milliseconds": 1000 * statistics.median(seconds),
        "threads": threads,
        "machine": platform.machine(),
    }


def _rename(graph, old: str, new: str) -> None:
    """Renames a value wherever the graph mentions it."""
    for value in (*graph.input, *graph.output):
        if value.name == old:
            value.name = new
    for node in graph.node:
        for names in (node.input, node.output):
            for index, name in enumerate(names):
                if name == old:
                    names[index] = new
