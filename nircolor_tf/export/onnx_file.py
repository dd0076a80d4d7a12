"""Writes an inference path of an export as an ONNX file.

tf2onnx converts the TFLite file of the path, which holds the network alone.
Needs the extra [onnx].
"""

from pathlib import Path

from nircolor_tf.errors import InputError

# The first that holds all of the networks' operations and that TensorRT 8 and
# ONNX Runtime 1.13, both of 2022, read.
OPSET = 17

_SIDES = ("height", "width")


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
