"""LiteRT: runs a TFLite file, without TensorFlow."""

import threading
from pathlib import Path
from typing import Any

import numpy as np

from nircolor_tf import startup_noise
from nircolor_tf.errors import InputError
from nircolor_tf.inference import timing

# A model that sees an image at half of the size, too, has two in turns.
_SHAPES = 2


class LitertModel:
    """A TFLite file with the input (1, H, W, 1), floating point or 8 bit.

    Args:
        path: Of the file.
        threads: CPU threads; as many as `timing.cores` by default.

    Raises:
        InputError: It is no TFLite file.
    """

    def __init__(self, path: Path, threads: int | None):
        self._path, self._threads = path, threads or timing.cores()
        # Read once: another export may take its place before the second size.
        try:
            self._content = path.read_bytes()
        except OSError as error:
            raise InputError(f"{path}: cannot be read: {error}") from error
        model = self._open()
        self._input = model.get_input_details()[0]
        self._output = model.get_output_details()[0]
        # Shape -> interpreter, the latest last; one that has none yet is under
        # None. To give it another shape takes as long as a small image.
        self._interpreters = {None: model}
        self._lock = threading.Lock()  # its tensors are those of one call

    def predict(self, image: np.ndarray) -> np.ndarray:
        """Runs the model: (1, H, W, 1) float32 -> (1, H, W, C) float32.

        Raises:
            InputError: It cannot run at this size.
        """
        self._check_size(image)
        with self._lock:
            return self._run(image)

    def _open(self) -> Any:
        # Imported here: help and bad input need not wait for it.
        from ai_edge_litert.interpreter import Interpreter  # noqa: PLC0415

        try:
            with startup_noise.dropped():
                return Interpreter(
                    model_content=self._content, num_threads=self._threads
                )
        except (ValueError, RuntimeError) as error:
            raise InputError(
                f"{self._path}: not a TFLite file: {error}"
            ) from error

    def _run(self, image: np.ndarray) -> np.ndarray:
        try:
            model = self._of_shape(image.shape)
            model.set_tensor(
                self._input["index"], _quantize(self._input, image)
            )
            model.invoke()
        except (ValueError, RuntimeError) as error:
            _, height, width, _ = image.shape
            raise InputError(
                f"the model cannot run at {height} x {width} pixels: {error}"
            ) from error
        # After an error it is not put back: its shape is unknown.
        self._interpreters[image.shape] = model
        result = model.get_tensor(self._output["index"])
        return _dequantize(self._output, result)

    def _of_shape(self, shape: tuple[int, ...]) -> Any:
        """Takes an interpreter out that has, or gets, this shape."""
        if shape in self._interpreters:
            return self._interpreters.pop(shape)
        if None in self._interpreters:
            model = self._interpreters.pop(None)
        elif len(self._interpreters) < _SHAPES:
            model = self._open()
        else:
            model = self._interpreters.pop(next(iter(self._interpreters)))
        model.resize_tensor_input(self._input["index"], shape)
        with startup_noise.dropped():
            model.allocate_tensors()
        return model

    def _check_size(self, image: np.ndarray) -> None:
        # A file of one size does resize, and may then compute nonsense.
        _, height, width, _ = self._input["shape_signature"]
        if -1 not in (height, width) and image.shape[1:3] != (height, width):
            raise InputError(
                f"{self._path}: takes images of {height} x {width} pixels "
                f"only, not of {image.shape[1]} x {image.shape[2]}; "
                "bin/export.py --sizes writes other sizes"
            )


def _quantize(tensor: dict, values: np.ndarray) -> np.ndarray:
    """Converts float32 to the type of a tensor, by its scale."""
    if tensor["dtype"] == np.float32:
        return values
    scale, zero = tensor["quantization"]
    limits = np.iinfo(tensor["dtype"])
    levels = np.rint(values / scale + zero).clip(limits.min, limits.max)
    return levels.astype(tensor["dtype"])


def _dequantize(tensor: dict, values: np.ndarray) -> np.ndarray:
    """Converts the values of a tensor to float32, by its scale."""
    if tensor["dtype"] == np.float32:
        return values
    scale, zero = tensor["quantization"]
    return (values.astype(np.float32) - zero) * np.float32(scale)
