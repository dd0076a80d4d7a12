r"""Times a model, the training of several configs, or all of the project.

A model: milliseconds per image at several sizes. Without --model it is the
shipped model "default".

  bin/benchmark.py --sizes=256,480x640
  bin/benchmark.py --file=model_128x176_int8.tflite

Trainings: milliseconds per step of each config, its ratio to the first config,
and the count of steps that fit into --minutes. The configs take turns.
Augmentation, evaluation and saving add some percent on two cores.

  bin/benchmark.py --train=configs/supervised.py:unet256,cpu \
      --train=configs/mpfnet.py:cpu --minutes=40

All of it, beside PyTorch and ONNX Runtime (extra [bench]): networks, training
steps, memory, data, metrics, files, and how costs grow. Writes tables, numbers
and pictures: performance.md, performance.json, roofline.png, growth.png. With
--page the tables also go between the two markers of that file. About a quarter
of an hour on two cores that do nothing else.

  bin/benchmark.py --output=reports/performance

--device=gpu does the same on a GPU. That has not been run yet.
"""

import importlib.util
import os
import re
from pathlib import Path

from absl import flags

from nircolor_tf import files
from nircolor_tf.commands import cli
from nircolor_tf.errors import InputError
from nircolor_tf.inference import cards, models, timing
from nircolor_tf.training import process

_MODEL = flags.DEFINE_string(
    "model", None, "Export folder to time. Default: the shipped model."
)
_RUNTIME = flags.DEFINE_enum(
    "runtime",
    "auto",
    models.RUNTIMES,
    "What runs the model, as for bin/colorize.py.",
)
_FILE = flags.DEFINE_string(
    "file", None, "TFLite file of one size in the export, by its name."
)
_SIZES = flags.DEFINE_list(
    "sizes",
    None,
    "Of the images, px: HEIGHTxWIDTH, or the side of square ones. Default: "
    "256,512,1024; of --file that of the file.",
)
_REPEATS = flags.DEFINE_integer(
    "repeats", 9, "Timed calls per size, or timed steps per config.", 1
)
_THREADS = flags.DEFINE_integer(
    "threads", None, "CPU threads. Default: all cores.", 1
)
_TRAIN = flags.DEFINE_multi_string(
    "train",
    [],
    "Config, FILE.py[:VARIANT], whose training steps to time.",
)
_MINUTES = flags.DEFINE_float(
    "minutes", 40.0, "Length of a training, to count its steps for --train.", 0
)
_OUTPUT = flags.DEFINE_string(
    "output", None, "Folder to write: measure all of it."
)
_PAGE = flags.DEFINE_string(
    "page", None, "Markdown file that gets the tables of --output, too."
)
_SECTIONS = flags.DEFINE_list(
    "sections",
    None,
    "Parts of --output to measure: forward, training_steps, surroundings, "
    "memory, growth, exporting. Default: all.",
)
_LIMIT = flags.DEFINE_float(
    "limit", 15.0, "Minutes after which no other part of --output begins.", 0
)
_QUICK = flags.DEFINE_bool(
    "quick", False, "With --output, tiny networks: does all of it work?"
)
_DEVICE = flags.DEFINE_enum(
    "device", "cpu", ["cpu", "gpu"], "Where --output measures networks."
)


_SIDES = (256, 512, 1024)


def main() -> None:
    if _OUTPUT.value:
        _measure_all()
    elif _TRAIN.value:
        _time_trainings()
    else:
        _time_model()


def _measure_all() -> None:
    if importlib.util.find_spec("torch") is None:
        raise InputError(
            "--output compares with PyTorch, which is not installed: "
            "pip install 'nircolor-tf[bench]'"
        )
    from nircolor_tf.benchmarks import page, suite
    from nircolor_tf.benchmarks.rows import Plan
    from nircolor_tf.report import results_page

    if _PAGE.value:
        # Ten minutes later would be late for an error.
        results_page.replace_between(_PAGE.value, "")
    threads = {} if _THREADS.value is None else {"threads": _THREADS.value}
    seconds = {"seconds": 0.0} if _QUICK.value else {}
    plan = Plan(quick=_QUICK.value, device=_DEVICE.value, **threads, **seconds)
    output = Path(_OUTPUT.value)
    with files.refusals_named(output):
        output.mkdir(parents=True, exist_ok=True)
    log = output / "log.txt"
    report = suite.run(
        plan,
        _SECTIONS.value or suite.SECTIONS,
        _LIMIT.value,
        cli.command_line(),
        log,
        cli.say,
    )
    if not report.left_out:
        log.unlink()
    page.write(report, output)
    cli.say(f"wrote {_OUTPUT.value}")
    if report.failed:
        reasons = (f"{name}: {report.left_out[name]}" for name in report.failed)
        raise InputError(
            "\n  ".join([f"not everything worked, see {log}:", *reasons])
        )
    if _PAGE.value:
        pictures = os.path.relpath(output, Path(_PAGE.value).parent)
        text = page.format_page(report, f"{pictures}/")
        changed = results_page.replace_between(_PAGE.value, text.strip())
        with files.replacing(Path(_PAGE.value)) as temporary:
            temporary.write_text(changed, encoding="utf-8")
        cli.say(f"wrote {_PAGE.value}")


def _time_trainings() -> None:
    process.prepare()
    from nircolor_tf.training import config_files, step_times

    configs = {name: config_files.read(name) for name in _TRAIN.value}
    times = step_times.time_steps(configs, _REPEATS.value)
    first = step_times.mean_seconds(times[_TRAIN.value[0]])
    cli.say(f"median of {_REPEATS.value} steps each, in turn")
    cli.say("| config | ms per step | relative | steps |\n|---|---|---|---|")
    for name, phases in times.items():
        mean = step_times.mean_seconds(phases)
        parts = ", ".join(f"{1e3 * phase.seconds:.0f}" for phase in phases)
        ratios = ", ".join(f"{phase.seconds / first:.2f}" for phase in phases)
        steps = int(60 * _MINUTES.value / mean)
        cli.say(f"| {name} | {parts} | {ratios} | {steps:,} |")


def _time_model() -> None:
    model, file = _MODEL.value or "default", _FILE.value
    colorizer = models.load_export(
        model, _RUNTIME.value, _THREADS.value, file=file
    )
    if _SIZES.value is not None:
        sizes = [_parse_size(text) for text in _SIZES.value]
    elif file is not None:
        sizes = [_size_of(model, file)]
    else:
        sizes = [(side, side) for side in _SIDES]
    seconds = timing.time_colorizer(colorizer, sizes, _REPEATS.value)
    cli.say(f"{file or model}, median of {_REPEATS.value} calls")
    for (height, width), value in seconds.items():
        cli.say(f"{height:>6} x {width:<6} {1e3 * value:9.1f} ms per image")


def _parse_size(text: str) -> tuple[int, int]:
    size = re.fullmatch(r"([1-9]\d{0,4})(?:x([1-9]\d{0,4}))?", text, re.ASCII)
    if size is None:
        raise InputError(
            f"--sizes={text}: expected pixels, as 256 or 480x640, HEIGHTxWIDTH"
        )
    return int(size[1]), int(size[2] or size[1])


def _size_of(model: str, file: str) -> tuple[int, int]:
    folder = models.locate(model)
    card = cards.read_card(folder)
    path = cards.find_fixed(folder, card, file)
    (entry,) = [
        one for one in cards.fixed_files(card, path) if one["file"] == file
    ]
    return entry["height"], entry["width"]
