"""Rows of training steps: ours, and their twins in PyTorch."""

import gc
from collections.abc import Callable, Iterable, Mapping

import numpy as np
import tensorflow as tf
import torch
from ml_collections import ConfigDict

from nircolor_tf.benchmarks import counting, experiments, limits
from nircolor_tf.benchmarks.rows import Limits, Plan, Quartiles, Row
from nircolor_tf.benchmarks.turns import ratios, take_turns
from nircolor_tf.benchmarks.twins.steps import STEPS
from nircolor_tf.methods.base import Phase
from nircolor_tf.training import build
from nircolor_tf.training.build import Training
from nircolor_tf.training.step import compile_step

# Work, config file, variant and the phase whose step it is. The first is the
# paper's own size, the others that of the equal-budget table.
METHODS = (
    ("ATCycleGAN, paired", "atcyclegan", "", "paired"),
    ("MPFNet `:cpu`, fine-tune", "mpfnet", "cpu", "fine-tune"),
    ("CoColor `:cpu`, cooperate", "cocolor", "cpu", "cooperate"),
    ("ColorNet `:cpu`", "colornet", "cpu", "train"),
    ("DCGAN `:cpu`", "dcgan", "cpu", "train"),
)
_EAGER = "PyTorch, float32"
# Of the first of them, the ratio to be reached.
_GOALS = {"TensorFlow, float32": "0.55", "TensorFlow, bfloat16": "0.33"}


def rows(plan: Plan, machine: Limits) -> Iterable[Row]:
    """Times a step of every method."""
    timed = METHODS[:1] if plan.quick else METHODS
    for index, (name, file, variant, phase) in enumerate(timed):
        config = experiments.read(file, plan.variant(variant))
        yield from _rows(
            name, config, phase, plan, machine, {} if index else _GOALS
        )
        gc.collect()


def _rows(
    name: str,
    config: ConfigDict,
    phase: str,
    plan: Plan,
    machine: Limits,
    goals: Mapping[str, str],
) -> Iterable[Row]:
    precisions = ["float32"]
    if limits.has_bfloat16(plan):
        precisions.append("bfloat16")
    ours = {}
    for precision in precisions:
        ours |= our_steps(config, phase, precision, plan)
    steps = {key: run for key, (run, _) in ours.items()}
    for precision in precisions:
        steps |= twin_steps(config, precision, plan)
    times = take_turns(steps, plan.seconds)
    compared = ratios(times, _EAGER) if _EAGER in steps else {}
    # XLA's clusters are not a flat graph; the operations are the same.
    _, counted = ours["TensorFlow, float32"]
    side, batch = config.data.crop, config.data.batch_size
    for key, seconds in times.items():
        in_bfloat16 = key.endswith("bfloat16")
        peak = machine.bfloat16 if in_bfloat16 else machine.float32
        width = 2 if in_bfloat16 else 4
        yield Row(
            work=f"{name}, {side}x{side}, batch {batch}",
            program=key,
            seconds=Quartiles.of(seconds),
            ratio=compared.get(key),
            reference=key == _EAGER,
            goal=goals.get(key, ""),
            operations=sum(each.operations for each in counted),
            traffic=counting.traffic(counted),
            limit=counting.least_seconds(
                counted, peak, machine.bandwidth, width, width
            ),
        )


def our_steps(
    config: ConfigDict, phase_name: str, precision: str, plan: Plan
) -> dict[str, tuple[Callable[[], object], list[counting.Operation]]]:
    """Returns our step; on a GPU also compiled by XLA.

    Args:
        config: Of the method.
        phase_name: Of the phase.
        precision: 'float32' or 'bfloat16'.
        plan: Of the device.

    Returns:
        By name, a call that does a step, and what is in it.
    """
    config = config.copy_and_resolve_references()
    config.train.precision = precision
    device = "/gpu:0" if plan.device == "gpu" else "/cpu:0"
    training = build.make_training(
        config, tf.distribute.OneDeviceStrategy(device)
    )
    for optimizer in training.optimizers.values():
        optimizer.learning_rate = config.rate.peak
    phase = find_phase(training, phase_name)
    images = batch(config)
    steps = {f"TensorFlow, {precision}": False}
    if plan.device == "gpu":
        steps[f"TensorFlow and XLA, {precision}"] = True
    return {
        name: _bind(training, phase, images, jit_compile)
        for name, jit_compile in steps.items()
    }


def _bind(
    training: Training,
    phase: Phase,
    images: Mapping[str, np.ndarray],
    jit_compile: bool,
) -> tuple[Callable[[], object], list[counting.Operation]]:
    step = compile_step(training, phase, jit_compile)
    arranged = as_phase_reads(images, phase)
    counted = []
    if not jit_compile:
        counted = counting.count(step.get_concrete_function(arranged).graph)
    # A number is there when the step is done, on a GPU too.
    return lambda: [float(value) for value in step(arranged).values()], counted


def twin_steps(
    config: ConfigDict, precision: str, plan: Plan
) -> dict[str, Callable[[], object]]:
    """Returns the same step in PyTorch; nothing where it has no twin."""
    if config.method not in STEPS:
        return {}
    device = "cuda" if plan.device == "gpu" else "cpu"
    # Of the weights that ours begins with.
    method = build.make_method(config)
    step = STEPS[config.method](method, precision, device)
    images = {
        name: step.to_torch(image) for name, image in batch(config).items()
    }

    def run():
        losses = step(images)
        if device == "cuda":
            torch.cuda.synchronize()
        return losses

    return {f"PyTorch, {precision}": run}


def find_phase(training: Training, name: str) -> Phase:
    """Returns the first phase of a name."""
    return next(
        phase for phase in training.method.phases() if phase.name == name
    )


def batch(config: ConfigDict) -> dict[str, np.ndarray]:
    """Noise for a step: 'nir', 'rgb', and 'photo', a color image alone."""
    generator = np.random.default_rng(0)
    data = config.data
    return {
        name: generator.uniform(
            *data.value_range,
            (data.batch_size, data.crop, data.crop, channels),
        ).astype(np.float32)
        for name, channels in (("nir", 1), ("rgb", 3), ("photo", 3))
    }


def as_phase_reads(images: Mapping[str, np.ndarray], phase: Phase):
    """Arranges the images of `batch` as a phase reads them."""
    parts = {
        "paired": {key: tf.constant(images[key]) for key in ("nir", "rgb")},
        "unpaired": {"rgb": tf.constant(images["photo"])},
    }
    if len(phase.data) == 1:
        return parts[phase.data[0]]
    return {name: parts[name] for name in phase.data}
