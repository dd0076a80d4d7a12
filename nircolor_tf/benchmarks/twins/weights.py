"""Copies the weights of a network to its twin in PyTorch."""

import keras
import numpy as np
import torch
from torch import nn

# PyTorch counts the batches that a norm has seen; Keras does not.
_WITHOUT_SOURCE = "num_batches_tracked"


def copy_weights(network: keras.Model, twin: nn.Module) -> None:
    """Gives a twin the weights of a network.

    Both make their layers in the same order, which is that of the weights.

    Args:
        network: Ours, built.
        twin: Of the same arguments.

    Raises:
        ValueError: One has weights that the other does not have.
    """
    rates = _rates(network)
    sources = list(network.weights)
    targets = [
        (name, tensor)
        for name, tensor in twin.state_dict().items()
        if not name.endswith(_WITHOUT_SOURCE)
    ]
    if len(sources) != len(targets):
        raise ValueError(
            f"{len(sources)} weights of ours, {len(targets)} of the twin"
        )
    for source, (name, target) in zip(sources, targets, strict=True):
        value = rates.get(id(source), 1.0) * source.numpy()
        shape = tuple(target.shape)
        if value.ndim == 4:
            value = _to_torch_kernel(value, shape)
        if value.shape != shape:
            raise ValueError(
                f"{source.path} {source.shape} is no {name} {shape}"
            )
        target.copy_(torch.from_numpy(np.array(value)))


def _to_torch_kernel(kernel: np.ndarray, shape: tuple) -> np.ndarray:
    """(H, W, in, out), and (H, W, out, in) of a transposed convolution.

    Of a depthwise one it is (H, W, channels, 1).
    """
    turned = kernel.transpose(3, 2, 0, 1)
    return turned if turned.shape == shape else kernel.transpose(2, 3, 0, 1)


def _rates(network: keras.Model) -> dict[int, float]:
    """Factors by which an encoder with a learning rate of its own multiplies.

    Returns:
        id of a weight -> factor; the others have none.
    """
    encoder = getattr(network, "encoder", None)
    rate = getattr(getattr(encoder, "stem", None), "rate", None)
    if rate is None:
        return {}
    return {id(weight): rate for weight in encoder.weights}
