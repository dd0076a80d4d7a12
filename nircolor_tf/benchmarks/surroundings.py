"""Rows of what is around the networks: data, fusion, metrics, files, start."""

import contextlib
import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import tensorflow as tf

import nircolor_tf
from nircolor_tf.benchmarks import experiments, samples
from nircolor_tf.benchmarks.rows import Limits, Plan, Quartiles, Row
from nircolor_tf.benchmarks.turns import ratios, take_turns
from nircolor_tf.data import manifest, pipeline, synthetic
from nircolor_tf.export import bfwls_graph
from nircolor_tf.images import conversions
from nircolor_tf.inference import bfwls, folders, models
from nircolor_tf.inference.fusion import COLORNET
from nircolor_tf.metrics import protocols

# Height and width of a photo.
_PHOTO = (680, 1024)


def rows(plan: Plan, machine: Limits) -> Iterable[Row]:
    """Measures all of it; no limit of the machine is near any."""
    del machine
    height, width = (64, 96) if plan.quick else _PHOTO
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        yield from _input_pipeline(plan, folder)
        yield from _fusion(plan, height, width)
        yield from _metrics(plan)
        yield from _folder(plan, folder, height, width)
        yield from _board_files(plan)
        yield from _start(plan, folder)


def _table(
    work: str,
    programs: Mapping[str, Callable[[], object]],
    plan: Plan,
    goals: Mapping[str, str],
    **more,
) -> Iterable[Row]:
    """Times programs; the first is the reference of the others."""
    times = take_turns(programs, plan.seconds)
    first = next(iter(programs))
    compared = ratios(times, first) if len(programs) > 1 else {}
    for name, seconds in times.items():
        yield Row(
            work=work,
            program=name,
            seconds=Quartiles.of(seconds),
            ratio=compared.get(name),
            reference=name == first and len(programs) > 1,
            goal=goals.get(name, ""),
            **more,
        )


def _input_pipeline(plan: Plan, folder: Path) -> Iterable[Row]:
    side, batches = plan.side, 2 if plan.quick else 8
    samples.write_pairs(folder / "pairs", 24, side)
    config = experiments.read("atcyclegan", "").copy_and_resolve_references()
    data = config.data
    data.manifest = str(
        samples.prepare_pairs(folder / "pairs", folder / "data")
    )
    data.batch_size, data.crop = 16, side
    examples = manifest.read_manifest(data.manifest)
    source = pipeline.open_source("paired", examples, data)
    iterator = iter(source.batches(data, config.seed, 0))

    def run():
        for _ in range(batches):
            next(iterator)

    yield from _table(
        f"input pipeline, {side}x{side}, ATCycleGAN's augmentation",
        {"TensorFlow": run},
        plan,
        {"TensorFlow": "3,000 pairs/s"},
        items=16 * batches,
        unit="pairs/s",
    )


def _fusion(plan: Plan, height: int, width: int) -> Iterable[Row]:
    nir, rgb = map(conversions.to_float, synthetic.make_pair(0, height, width))
    graph = tf.function(
        lambda: bfwls_graph.fuse(nir[None], rgb[None], COLORNET)
    )
    yield from _table(
        f"BFWLS, {width}x{height}",
        {
            "NumPy and OpenCV": lambda: bfwls.fuse(nir, rgb, COLORNET),
            "TensorFlow": lambda: graph().numpy(),
        },
        plan,
        {"NumPy and OpenCV": "20 ms", "TensorFlow": "2.0 times that"},
    )


def _metrics(plan: Plan) -> Iterable[Row]:
    count, side = 8, plan.side
    truth = synthetic.make_pair(0, side, side)[1]
    generator = np.random.default_rng(0)
    noise = generator.integers(0, 30, (count, *truth.shape), np.uint8)
    predictions = list(truth // 2 + noise)

    def measure(prediction):
        for protocol in protocols.PROTOCOLS:
            protocols.measure(prediction, truth, protocol)

    with ThreadPoolExecutor(plan.threads) as threads:
        yield from _table(
            f"evaluation, all pixel metrics, {side}x{side}",
            {"both protocols": lambda: [*threads.map(measure, predictions)]},
            plan,
            {"both protocols": "300 images/s"},
            items=count,
            unit="images/s",
        )


def _folder(plan: Plan, folder: Path, height: int, width: int) -> Iterable[Row]:
    count = 3 if plan.quick else 12
    samples.write_nir(folder / "nir", count, height, width)
    colorizer = models.load_export("default", threads=plan.threads)
    nir, _ = synthetic.make_pair(0, height, width)
    options = folders.Options(existing="replace")

    def colorize_folder():
        with contextlib.redirect_stderr(io.StringIO()):
            folders.colorize_path(
                colorizer, folder / "nir", folder / "color", options
            )

    yield from _table(
        f"default model, {width}x{height}",
        {
            "arrays in memory": lambda: [
                colorizer.integers(nir, 0, 255) for _ in range(count)
            ],
            "a folder of PNG files, to PNG files": colorize_folder,
        },
        plan,
        {"a folder of PNG files, to PNG files": "1.11"},
        items=count,
        unit="images/s",
    )


def _board_files(plan: Plan) -> Iterable[Row]:
    nir, _ = synthetic.make_pair(0, 128, 176)
    image = conversions.to_float(nir)
    kinds = ("int8", "dynamic")
    programs = {}
    for kind in kinds:
        colorizer = models.load_export(
            "default",
            threads=plan.threads,
            file=f"model_128x176_{kind}.tflite",
        )
        programs[f"LiteRT, {kind}"] = _bind(colorizer, image)
    yield from _table(
        "default model for boards, 176x128",
        programs,
        plan,
        {"LiteRT, int8": "2.0 ms"},
    )


def _bind(colorizer: Callable, image: np.ndarray) -> Callable[[], object]:
    return lambda: colorizer(image)


def _start(plan: Plan, folder: Path) -> Iterable[Row]:
    samples.write_nir(folder / "one", 1, 256, 256)
    (file,) = (folder / "one").iterdir()
    package = Path(nircolor_tf.__file__).parents[1]
    paths = [str(package), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
    command = [
        *(sys.executable, "-m", "nircolor_tf", "colorize", "--overwrite"),
        *(f"--input={file}", f"--output={folder / 'start.png'}"),
    ]

    def run():
        subprocess.run(  # noqa: S603 - our own command
            command, env=environment, check=True, capture_output=True
        )

    yield from _table(
        "colorize, from the start of the process to the file, 256x256",
        {"nircolor colorize": run},
        plan,
        {"nircolor colorize": "250 ms"},
    )
