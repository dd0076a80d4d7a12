"""ONNX Runtime: runs an ONNX file, without TensorFlow."""

from pathlib import Path

import numpy as np

from nircolor_tf.errors import InputError
from nircolor_tf.inference import timing


class OnnxModel:
    """An ONNX file with one input (1, H, W, 1), and one output.

    Args:
        path: Of the file.
        threads: CPU threads; as many as `timing.cores` by default.

    Raises:
        InputError: It is no ONNX file, or ONNX Runtime is not installed.
    """

    def __init__(self, path: Path, threads: int | None):
        try:
            import onnxruntime  # noqa: PLC0415 - of an extra
        except ModuleNotFoundError as error:
            raise InputError(
                f"{path}: an ONNX file needs ONNX Runtime, which is not "
                "installed: pip install 'nircolor-tf[onnx]'"
            ) from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or timing.cores()
        options.log_severity_level = 4  # errors are raised as well
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # its classes have no common base
            raise InputError(f"{path}: not an ONNX file: {error}") from error
        (self._input,) = self._session.get_inputs()

    def predict(self, image: np.ndarray) -> np.ndarray:
        """Runs the model: (1, H, W, 1) float32 -> (1, H, W, C) float32.

        Raises:
            InputError: It cannot run at this size.
        """
        feed = {self._input.name: np.ascontiguousarray(image, np.float32)}
        try:
            (result,) = self._session.run(None, feed)
        except Exception as error:  # as above
            _, height, width, _ = image.shape
            raise InputError(
                f"the model cannot run at {height} x {width} pixels: {error}"
            ) from error
        return result
