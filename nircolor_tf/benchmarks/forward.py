"""Rows of networks: an image through each, in every program."""

import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import tensorflow as tf

from nircolor_tf.benchmarks import counting, experiments
from nircolor_tf.benchmarks.programs import EAGER, KINDS, Network
from nircolor_tf.benchmarks.rows import Limits, Plan, Quartiles, Row
from nircolor_tf.benchmarks.turns import ratios, take_turns
from nircolor_tf.evaluation.counts import frozen_graph
from nircolor_tf.training import build

# Network, config file, variant and inference path.
NETWORKS = (
    ("ATCycleGAN's and CoColor's generator", "atcyclegan", "", "n2c"),
    ("default model", "default", "", "n2c"),
)
# Of the first of them, the ratio to be reached.
_GOALS = {
    "SavedModel": "0.50",
    "LiteRT, dynamic": "0.18 with VNNI or AMX",
    "LiteRT, int8": "0.15 with VNNI or AMX",
}


def rows(plan: Plan, machine: Limits) -> Iterable[Row]:
    """Times every network, the largest first."""
    timed = NETWORKS[:1] if plan.quick else NETWORKS
    for index, (name, file, variant, path) in enumerate(timed):
        config = experiments.read(file, plan.variant(variant))
        with tempfile.TemporaryDirectory() as folder:
            network = Network.make(config, path, plan, Path(folder))
            yield from _rows(
                f"{name}, {plan.side}x{plan.side}",
                network,
                machine,
                first=not index,
            )


def _rows(
    work: str, network: Network, machine: Limits, first: bool
) -> Iterable[Row]:
    goals = _GOALS if first else {}
    runs = network.programs(compiled=first and not network.plan.quick)
    results = {name: run() for name, run in runs.items()}
    expected = next(iter(results.values()))
    times = take_turns(runs, network.plan.seconds)
    compared = ratios(times, EAGER) if EAGER in times else {}
    counted = _count(network)
    for name, seconds in times.items():
        yield Row(
            work=work,
            program=name,
            seconds=Quartiles.of(seconds),
            ratio=compared.get(name),
            reference=name == EAGER,
            goal=goals.get(name, ""),
            operations=sum(each.operations for each in counted),
            traffic=counting.traffic(counted),
            limit=_limit(name, counted, machine),
            difference=float(np.abs(results[name] - expected).max()),
        )


def _count(network: Network) -> list[counting.Operation]:
    height, width = network.image.shape[1:3]

    def run(image: tf.Tensor) -> tf.Tensor:
        return build.run_path(network.method, network.path, image)

    return counting.count(frozen_graph(run, height, width))


def _limit(
    name: str, counted: list[counting.Operation], machine: Limits
) -> float | None:
    program, _, kind = name.partition(", ")
    if program == "LiteRT" and kind != "float32":
        return counting.least_seconds(
            counted, machine.int8, machine.bandwidth, *KINDS[kind]
        )
    if kind == "bfloat16":
        return counting.least_seconds(
            counted, machine.bfloat16, machine.bandwidth, 2, 2
        )
    return counting.least_seconds(counted, machine.float32, machine.bandwidth)
