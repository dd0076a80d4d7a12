"""Counts what the convolutions and matrix products of a graph cost at least.

All else, norms and activations, could be done while these read and write.
"""

import dataclasses
import math
from collections.abc import Iterable, Sequence

import tensorflow as tf


@dataclasses.dataclass(frozen=True)
class Operation:
    """A convolution or a matrix product.

    Attributes:
        operations: Additions and multiplications.
        activations: Numbers that it reads or writes and that depend on the
            image.
        weights: Likewise that do not, and gradients of them.
    """

    operations: int
    activations: int
    weights: int


@dataclasses.dataclass(frozen=True)
class _Places:
    """Where an operation of TensorFlow has what: input, or -1 for the output.

    Attributes:
        pixels: The images of as many pixels as the kernel is applied to.
        other: The images on the other side.
        kernel: (H, W, in, out).
    """

    pixels: int
    other: int
    kernel: int
    depthwise: bool = False


_CONVOLUTIONS = {
    "Conv2D": _Places(pixels=-1, other=0, kernel=1),
    "Conv2DBackpropInput": _Places(pixels=2, other=-1, kernel=1),
    "Conv2DBackpropFilter": _Places(pixels=2, other=0, kernel=-1),
}
_DEPTHWISE = {
    f"DepthwiseConv2dNative{end}": dataclasses.replace(
        _CONVOLUTIONS[f"Conv2D{end}"], depthwise=True
    )
    for end in ("", "BackpropInput", "BackpropFilter")
}
_PLACES = _CONVOLUTIONS | _DEPTHWISE
_PRODUCTS = ("MatMul", "BatchMatMulV2")


def count(graph: tf.Graph) -> list[Operation]:
    """Counts every convolution and matrix product of a graph.

    Args:
        graph: Of a concrete function, flat, of static shapes.

    Raises:
        NotImplementedError: A shape is not static.
    """
    return [
        _of_product(operation)
        if operation.type in _PRODUCTS
        else _of_convolution(operation)
        for operation in graph.get_operations()
        if operation.type in _PRODUCTS or operation.type in _PLACES
    ]


def traffic(counted: Iterable[Operation]) -> int:
    """Bytes that pass through memory in float32."""
    return sum(4 * (each.activations + each.weights) for each in counted)


def least_seconds(
    counted: Sequence[Operation],
    per_second: float,
    bandwidth: float,
    activation_bytes: int = 4,
    weight_bytes: int = 4,
) -> float:
    """The time in which a machine could do it: the roofline of each operation.

    Args:
        counted: By `count`.
        per_second: Additions and multiplications that the machine can do.
        bandwidth: Bytes of a second.
        activation_bytes: Of each number.
        weight_bytes: Likewise.
    """
    return sum(
        max(
            each.operations / per_second,
            (activation_bytes * each.activations + weight_bytes * each.weights)
            / bandwidth,
        )
        for each in counted
    )


def _of_convolution(operation: tf.Operation) -> Operation:
    places = _PLACES[operation.type]
    pixels, other, kernel = (
        _shape(operation, place)
        for place in (places.pixels, places.other, places.kernel)
    )
    height, width, inputs, _ = kernel
    taps = height * width * (1 if places.depthwise else inputs)
    return Operation(
        2 * math.prod(pixels) * taps,
        math.prod(pixels) + math.prod(other),
        math.prod(kernel),
    )


def _of_product(operation: tf.Operation) -> Operation:
    left, right, result = (_shape(operation, place) for place in (0, 1, -1))
    turned = "transpose_a" if operation.type == "MatMul" else "adj_x"
    inner = left[-2] if operation.get_attr(turned) else left[-1]
    return Operation(
        2 * math.prod(result) * inner,
        math.prod(left) + math.prod(result),
        math.prod(right),
    )


def _shape(operation: tf.Operation, place: int) -> tuple[int, ...]:
    tensor = operation.outputs[0] if place < 0 else operation.inputs[place]
    if not tensor.shape.is_fully_defined():
        raise NotImplementedError(f"{operation.name}: expected a shape")
    return tuple(tensor.shape)
