"""Computes how much memory of a device a training takes, without running it.

A step is traced to a graph. Its operations are gone through in the order in
which TensorFlow starts them, adding up the tensors still needed.
"""

import collections
import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import tensorflow as tf
from ml_collections import ConfigDict

from nircolor_tf.methods.base import Phase
from nircolor_tf.training.build import make_training
from nircolor_tf.training.step import compile_step

# Their outputs are their inputs, not copies.
_ALIASES = (
    "ExpandDims",
    "Identity",
    "IdentityN",
    "PreventGradient",
    "ReadVariableOp",
    "Reshape",
    "Squeeze",
    "StopGradient",
)


@dataclasses.dataclass(frozen=True)
class PhaseMemory:
    """Bytes on the device during a phase.

    Attributes:
        phase: Its name.
        weights: Of all networks, frozen ones too.
        optimizers: Of their variables, Adam's two moments.
        others: Moving averages and image pools.
        step: Activations, gradients and all else that a step computes, at the
            moment when they are most. Gradients come as activations go: the
            sum of the largest of either would be more than is ever needed.
    """

    phase: str
    weights: int
    optimizers: int
    others: int
    step: int

    @property
    def total(self) -> int:
        """All of it, in bytes."""
        return self.weights + self.optimizers + self.others + self.step


def estimate(config: ConfigDict) -> list[PhaseMemory]:
    """Estimates a training on one device, phase by phase.

    Workspace of the convolutions, fragmentation and what the device keeps for
    itself come on top. config.train.jit_compile is taken as False: XLA plans
    memory in its own way.

    Args:
        config: A whole experiment; no data is read.

    Returns:
        One estimate for each kind of phase that has steps.

    Raises:
        InputError: Method, network or crop do not fit one another.
    """
    config = config.copy_and_resolve_references()
    if config.train.precision == "float16":
        # As large, and without a branch for the steps that are skipped.
        config.train.precision = "bfloat16"
    # In the host's memory, wherever the training will be.
    strategy = tf.distribute.OneDeviceStrategy("/cpu:0")
    training = make_training(config, strategy)
    method = training.method
    others = list(training.averages.variables)
    for pool in training.pools.values():
        others += pool.variables
    phases = {}
    for phase in method.phases():
        if phase.steps:
            phases.setdefault(phase.kind, phase)
    result = []
    for phase in phases.values():
        step = compile_step(training, phase, jit_compile=False)
        traced = step.get_concrete_function(batch_spec(phase, config.data))
        result.append(
            PhaseMemory(
                phase=phase.name,
                weights=_owned_bytes(method.networks),
                optimizers=_owned_bytes(training.optimizers),
                others=_bytes(others),
                step=peak_bytes(traced.graph),
            )
        )
    return result


def format_table(config: ConfigDict, estimates: Sequence[PhaseMemory]) -> str:
    """Lists estimates, in units of 10^9 bytes, as Markdown."""
    names = ("weights", "optimizers", "others", "step", "total")
    lines = [" | ".join(("phase", *names)), " | ".join(["---"] * 6)]
    for one in estimates:
        sizes = [f"{getattr(one, name) / 1e9:.2f}" for name in names]
        lines.append(" | ".join((one.phase, *sizes)))
    table = "\n".join(f"| {line} |" for line in lines)
    data, train = config.data, config.train
    return (
        f"{table}\n\nIn GB (10^9 bytes) on one device, batch "
        f"{data.batch_size}, {data.crop}x{data.crop} px, "
        f"{train.precision}, "
        f"{'with' if train.recompute else 'without'} recomputation; others: "
        "moving averages and image pools;\nstep: activations and gradients. "
        "Convolution workspace and fragmentation come on top."
    )


def peak_bytes(graph: tf.Graph) -> int:
    """Returns the most bytes of a function's tensors needed at one time.

    A tensor is needed from the start of its operation to the end of its last
    reader. Variables, constants, and what no output needs are not counted.

    Args:
        graph: Of a concrete function.

    Raises:
        NotImplementedError: A shape is not static, or an operation calls
            another function.
    """
    operations = _needed(graph)
    storage = _storage(operations)
    readers = collections.Counter(
        storage[tensor.ref()] for op in operations for tensor in op.inputs
    )
    readers.update(storage[tensor.ref()] for tensor in graph.outputs)
    live = peak = 0
    for operation in _as_started(operations):
        written = {storage[tensor.ref()] for tensor in operation.outputs}
        read = [storage[tensor.ref()] for tensor in operation.inputs]
        new = written.difference(read)
        live += sum(_size(ref.deref()) for ref in new)
        peak = max(peak, live)
        readers.subtract(read)
        ended = {ref for ref in new.union(read) if not readers[ref]}
        live -= sum(_size(ref.deref()) for ref in ended)
    return peak


def _needed(graph: tf.Graph) -> list[tf.Operation]:
    """What outputs and assignments depend on, in the order of tracing."""
    needed = set()
    left = [tensor.op for tensor in graph.outputs] + [*graph.control_outputs]
    while left:
        operation = left.pop()
        if operation not in needed:
            needed.add(operation)
            left += _previous(operation)
    return [op for op in graph.get_operations() if op in needed]


def _storage(operations: Iterable[tf.Operation]) -> dict:
    """Each tensor's reference -> that of the tensor whose bytes it shares."""
    storage = {}
    for operation in operations:
        attributes = operation.node_def.attr.values()
        shapes = [tensor.shape for tensor in operation.outputs]
        if not all(shape.is_fully_defined() for shape in shapes) or any(
            value.HasField("func") for value in attributes
        ):
            raise NotImplementedError(
                f"{operation.name} ({operation.type}): expected static shapes "
                "and no call of another function"
            )
        for index, tensor in enumerate(operation.outputs):
            own = tensor.ref()
            storage[own] = (
                storage[operation.inputs[index].ref()]
                if operation.type in _ALIASES
                else own
            )
    return storage


def _as_started(operations: Iterable[tf.Operation]) -> Iterator[tf.Operation]:
    """First come, first served: an operation comes when its inputs are there.

    So TensorFlow's executor does it, whatever the order of the program.
    """
    waiting, followers = {}, collections.defaultdict(list)
    for operation in operations:
        previous = _previous(operation)
        waiting[operation] = len(previous)
        for other in previous:
            followers[other].append(operation)
    ready = collections.deque(op for op, count in waiting.items() if not count)
    while ready:
        operation = ready.popleft()
        yield operation
        for other in followers[operation]:
            waiting[other] -= 1
            if not waiting[other]:
                ready.append(other)


def _previous(operation: tf.Operation) -> set[tf.Operation]:
    sources = {tensor.op for tensor in operation.inputs}
    return sources.union(operation.control_inputs)


def _size(tensor: tf.Tensor) -> int:
    # A variable comes in as a resource.
    if tensor.op.type == "Const" or tensor.dtype == tf.resource:
        return 0
    return tensor.shape.num_elements() * tensor.dtype.size


def _owned_bytes(owners: Mapping[str, Any]) -> int:
    return sum(_bytes(owner.variables) for owner in owners.values())


def _bytes(variables: Iterable) -> int:
    return sum(
        tf.TensorShape(variable.shape).num_elements()
        * tf.as_dtype(variable.dtype).size
        for variable in variables
    )


def batch_spec(phase: Phase, data: ConfigDict):
    """The shapes that a phase reads: TensorSpecs in place of its batch.

    Args:
        phase: Of a method.
        data: config.data.
    """
    shape = (data.batch_size, data.crop, data.crop)
    channels = {"paired": {"nir": 1, "rgb": 3}, "unpaired": {"rgb": 3}}
    specs = {
        name: {
            part: tf.TensorSpec((*shape, number))
            for part, number in channels[name].items()
        }
        for name in phase.data
    }
    return specs if len(specs) > 1 else specs[phase.data[0]]
