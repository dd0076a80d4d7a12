"""How costs grow: with the image, the batch, the devices, the data."""

import contextlib
import functools
import io
import itertools
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from nircolor_tf.benchmarks import experiments, samples
from nircolor_tf.benchmarks.rows import Curve, Limits, Plan
from nircolor_tf.data import manifest, pipeline
from nircolor_tf.inference import folders, models
from nircolor_tf.methods.base import Phase
from nircolor_tf.training import build
from nircolor_tf.training.memory import batch_spec
from nircolor_tf.training.step import compile_step

_REPEATS = 3
# A call that takes longer is made once, without a call before.
_LONG = 2.0
# Of a training step: the logical processors that it is shared by at most.
_DEVICES = 4


def rows(plan: Plan, machine: Limits) -> Iterable[Curve]:
    """Measures every curve."""
    del machine
    tf.config.set_logical_device_configuration(
        tf.config.list_physical_devices("CPU")[0],
        [tf.config.LogicalDeviceConfiguration()] * _DEVICES,
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        yield _images(plan)
        yield _batches(plan)
        yield _replicas(plan)
        yield _files(plan, folder)
        yield from _pairs(plan, folder)


def fit(sizes: Sequence[float], seconds: Sequence[float]) -> float:
    """The power p of seconds = c sizes^p, by least squares of logarithms."""
    slope, _ = np.polyfit(np.log(sizes), np.log(seconds), 1)
    return float(slope)


def _curve(
    work: str,
    of: str,
    sizes: Sequence[int],
    make: Callable[[int], Callable[[], object]],
) -> Curve:
    """Measures what `make` returns for each size."""
    seconds = [_seconds(make(size)) for size in sizes]
    return Curve(work, of, tuple(sizes), tuple(seconds), fit(sizes, seconds))


def _seconds(run: Callable[[], object]) -> float:
    first = _time(run)
    if first > _LONG:
        return first
    return statistics.median(_time(run) for _ in range(_REPEATS))


def _time(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def _images(plan: Plan) -> Curve:
    colorizer = models.load_export("default", threads=plan.threads)
    generator = np.random.default_rng(0)

    def make(side):
        nir = generator.integers(0, 255, (side, side, 1), np.uint8)
        return lambda: colorizer.integers(nir, 0, 255)

    sizes = (256, 512) if plan.quick else (256, 512, 1024, 2048, 4096, 8192)
    return _curve("default model, one image", "side, px", sizes, make)


def _step(plan: Plan, size: int, replicas: int) -> Callable[[], object]:
    """A step of the plain U-Net on a batch of noise."""
    variant = f"unet256,{plan.variant('cpu')}"
    config = experiments.read("supervised", variant)
    config = config.copy_and_resolve_references()
    config.data.batch_size = size
    # The reduction that two of these objects in one process can have.
    strategy = tf.distribute.MirroredStrategy(
        [f"CPU:{index}" for index in range(replicas)],
        cross_device_ops=tf.distribute.ReductionToOneDevice(),
    )
    training = build.make_training(config, strategy)
    (phase,) = training.method.phases()
    step = compile_step(training, phase, jit_compile=False)
    batch = next(_distributed(strategy, phase, config))

    def run():
        return [float(value) for value in step(batch).values()]

    run()  # compiles
    return run


def _distributed(strategy: tf.distribute.Strategy, phase: Phase, config):
    def of_process(context):
        share = context.get_per_replica_batch_size(config.data.batch_size)
        spec = batch_spec(phase, config.data)
        images = tf.nest.map_structure(
            lambda each: tf.random.uniform((share, *each.shape[1:])), spec
        )
        return tf.data.Dataset.from_tensors(images).repeat()

    return iter(strategy.distribute_datasets_from_function(of_process))


def _batches(plan: Plan) -> Curve:
    return _curve(
        "training step, U-Net `:unet256,cpu`",
        "images of a batch",
        (1, 2) if plan.quick else (1, 4, 16),
        functools.partial(_step, plan, replicas=1),
    )


def _replicas(plan: Plan) -> Curve:
    return _curve(
        "training step, U-Net `:unet256,cpu`, one image a device",
        "logical devices on the same cores",
        (1, 2, _DEVICES),
        lambda count: _step(plan, count, count),
    )


def _files(plan: Plan, folder: Path) -> Curve:
    colorizer = models.load_export("default", threads=plan.threads)
    options = folders.Options(existing="replace")

    def make(count):
        source, target = folder / f"nir{count}", folder / f"color{count}"
        samples.write_nir(source, count, 256, 256)

        def run():
            with contextlib.redirect_stderr(io.StringIO()):
                folders.colorize_path(colorizer, source, target, options)

        return run

    sizes = (2, 4) if plan.quick else (8, 16, 32, 64)
    return _curve("default model, 256x256", "PNG files", sizes, make)


def _pairs(plan: Plan, folder: Path) -> Iterable[Curve]:
    sizes = (16, 32) if plan.quick else (32, 64, 128, 256)
    # Only what is timed is left of preparing them.
    for count in sizes:
        samples.write_pairs(folder / f"pairs{count}", count, 64)
    numbers = itertools.count()

    def prepare(count):
        return lambda: samples.prepare_pairs(
            folder / f"pairs{count}", folder / f"data{count}-{next(numbers)}"
        )

    yield _curve("prepare_data, 64x64", "pairs", sizes, prepare)
    config = experiments.read("atcyclegan", "").copy_and_resolve_references()

    def open_data(count):
        data = config.copy_and_resolve_references().data
        data.manifest = str(
            samples.prepare_pairs(
                folder / f"pairs{count}", folder / f"opened{count}"
            )
        )

        def run():
            examples = manifest.read_manifest(data.manifest)
            pipeline.open_source("paired", examples, data)

        return run

    yield _curve("start of a training, 64x64", "pairs", sizes, open_data)
