"""Runs every measurement, and writes what it says.

Each section has a process of its own: no thread of another program waits
beside it, and no memory is left of the one before. The limits of the machine
are measured first.
"""

import dataclasses
import importlib
import importlib.metadata
import itertools
import multiprocessing
import os
import platform
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

from nircolor_tf.benchmarks.rows import Curve, Limits, Plan, Row
from nircolor_tf.errors import InputError

# Modules of this room, the most telling first: a run may end before the last.
SECTIONS = (
    "forward",
    "training_steps",
    "surroundings",
    "memory",
    "growth",
    "exporting",
)
# Those that time training steps.
_TRAININGS = ("training_steps", "memory", "growth")
_VERSIONS = ("tensorflow", "ai-edge-litert", "onnxruntime", "torch")


@dataclasses.dataclass(frozen=True)
class Report:
    """All that was measured.

    Attributes:
        command: The command line.
        machine: The processor, in words.
        versions: Package -> version.
        plan: How it was measured.
        limits: Of the machine.
        rows: Of the table, by section.
        curves: Of growth.
        left_out: Section -> why it was not measured.
        failed: Those of these that could not be, for another reason than the
            time.
        minutes: It took.
    """

    command: str
    machine: str
    versions: dict[str, str]
    plan: Plan
    limits: Limits
    rows: dict[str, list[Row]]
    curves: list[Curve]
    left_out: dict[str, str]
    failed: tuple[str, ...]
    minutes: float


def run(
    plan: Plan,
    sections: Sequence[str],
    minutes: float,
    command: str,
    log: Path,
    say: Callable[[str], None],
) -> Report:
    """Measures.

    Args:
        plan: How.
        sections: Some of `SECTIONS`.
        minutes: After so many no other section begins.
        command: The command line.
        log: File for what the libraries print.
        say: Gets a line for each section.

    Raises:
        InputError: A section is unknown.
    """
    _check_names(sections)
    start = time.monotonic()
    limits = _apart(_limits, plan, log)
    results, left_out, failed = {}, {}, []
    for name in sections:
        begun = time.monotonic()
        if begun - start > 60 * minutes:
            left_out[name] = f"the {minutes:g} minutes were over"
            continue
        try:
            results[name] = _apart(_section, name, plan, limits, log)
        except Exception as error:  # the others go on
            left_out[name] = _describe(error)
            failed.append(name)
        say(f"{name}: {time.monotonic() - begun:.0f} s")
    return Report(
        command=command,
        machine=_machine(plan),
        versions=_installed(),
        plan=plan,
        limits=limits,
        rows=_select(results, Row),
        curves=[*itertools.chain(*_select(results, Curve).values())],
        left_out=left_out,
        failed=tuple(failed),
        minutes=(time.monotonic() - start) / 60,
    )


def _check_names(sections: Sequence[str]) -> None:
    for name in sections:
        if name not in SECTIONS:
            raise InputError(
                f"--sections: {name!r}; expected some of {', '.join(SECTIONS)}"
            )


def _select(results: Mapping[str, Sequence], kind: type) -> dict[str, list]:
    """The results of a kind, by section."""
    return {
        name: [each for each in values if isinstance(each, kind)]
        for name, values in results.items()
    }


def _apart(function: Callable, *arguments) -> Any:
    """Calls a function in a process of its own."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context) as pool:
        return pool.submit(function, *arguments).result()


def _limits(plan: Plan, log: Path) -> Limits:
    _begin(plan, log)
    from nircolor_tf.benchmarks import limits  # noqa: PLC0415 - TensorFlow

    return limits.measure(plan)


def _section(
    name: str, plan: Plan, limits: Limits, log: Path
) -> list[Row | Curve]:
    _begin(plan, log)
    from nircolor_tf.training import process  # noqa: PLC0415

    process.keep_freed_memory()
    if name in _TRAININGS:
        process.use_onednn()
    module = importlib.import_module(f"nircolor_tf.benchmarks.{name}")
    return list(module.rows(plan, limits))


def _begin(plan: Plan, log: Path) -> None:
    """Prepares this process, before any library is loaded.

    Args:
        plan: Which device, and how many threads each program gets.
        log: Gets all that this process prints, C++ too.
    """
    for variable in ("TF_NUM_INTRAOP_THREADS", "OMP_NUM_THREADS"):
        os.environ[variable] = str(plan.threads)
    if plan.device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    with log.open("a") as file:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(file.fileno(), stream.fileno())


def _describe(error: Exception) -> str:
    if isinstance(error, BrokenProcessPool):
        return "its process ended"
    words = " ".join(str(error).split())
    return f"{type(error).__name__}: {words[:200]}"


def _machine(plan: Plan) -> str:
    name = platform.machine()
    file = Path("/proc/cpuinfo")
    if file.is_file():
        lines = file.read_text(encoding="utf-8").splitlines()
        models = [line for line in lines if line.startswith("model name")]
        name = models[0].partition(": ")[2] if models else name
        flags = next((line for line in lines if line.startswith("flags")), "")
        known = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_int8")
        has = [flag for flag in known if flag in flags.split()]
        name += f" ({', '.join(has)})"
    return f"{plan.threads} threads of {name}; device: {plan.device}"


def _installed() -> dict[str, str]:
    versions = {}
    for package in _VERSIONS:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = "not installed"
    return versions
