"""Rows of memory: the most that a training step needs, weights included."""

import multiprocessing
from collections.abc import Iterable
from pathlib import Path

from nircolor_tf.benchmarks.rows import Limits, Plan, Quartiles, Row

# The second step has all that a later one has.
_STEPS = 2
_PROGRAMS = ("TensorFlow, float32", "PyTorch, float32")


def rows(plan: Plan, machine: Limits) -> Iterable[Row]:
    """Measures ATCycleGAN's paired step, each program in its own process."""
    del machine
    context = multiprocessing.get_context("spawn")
    most = {}
    for program in _PROGRAMS:
        with context.Pool(1) as pool:
            most[program] = pool.apply(_measure, (program, plan))
    ours, theirs = _PROGRAMS
    for program, value in most.items():
        yield Row(
            work="ATCycleGAN, paired, batch 1: peak memory",
            program=program,
            unit="GB",
            memory=value,
            ratio=Quartiles.of([value / most[theirs]]),
            reference=program == theirs,
            goal="1.00" if program == ours else "",
        )


def _measure(program: str, plan: Plan) -> int:
    """Returns the bytes by which a process has grown at most."""
    from nircolor_tf.benchmarks import (  # noqa: PLC0415 - in this process only
        experiments,
        training_steps,
    )

    config = experiments.read("atcyclegan", plan.variant(""))
    before = _of_process("VmRSS")
    if program.startswith("TensorFlow"):
        steps = training_steps.our_steps(config, "paired", "float32", plan)
        run, _ = steps[program]
    else:
        run = training_steps.twin_steps(config, "float32", plan)[program]
    for _ in range(_STEPS):
        run()
    return _of_process("VmHWM") - before


def _of_process(key: str) -> int:
    """A number of Linux' /proc/self/status, in bytes."""
    text = Path("/proc/self/status").read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if line.startswith(key))
    return 1024 * int(line.split()[1])
