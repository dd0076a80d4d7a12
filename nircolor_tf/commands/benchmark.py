r"""Times a model, or the training of several configs, on this machine.

A model: milliseconds per image at several sizes. Without --model it is the one
that comes with this repository.

  bin/benchmark.py --sizes=256,1024

Trainings: milliseconds per step of each config, its ratio to the first config,
and the count of steps that fit into --minutes. The configs take turns.
Augmentation, evaluation and saving add some percent on two cores.

  bin/benchmark.py --train=configs/supervised.py:unet256,cpu \
      --train=configs/mpfnet.py:cpu --minutes=40
"""

from absl import flags

from nircolor_tf.errors import InputError
from nircolor_tf.inference import models, timing
from nircolor_tf.training import allocation

_MODEL = flags.DEFINE_string(
    "model", None, "Export folder to time. Default: the shipped model."
)
_RUNTIME = flags.DEFINE_enum(
    "runtime",
    "auto",
    models.RUNTIMES,
    "What runs the model, as for bin/colorize.py.",
)
_SIZES = flags.DEFINE_list(
    "sizes",
    ["256", "512", "1024"],
    "Heights of the images, which are square, px.",
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


def main() -> None:
    if _TRAIN.value:
        _time_trainings()
    else:
        _time_model()


def _time_trainings() -> None:
    # Before TensorFlow starts threads, each with memory of its own.
    allocation.keep_freed_memory()
    from nircolor_tf.training import config_files, step_times

    configs = {name: config_files.read(name) for name in _TRAIN.value}
    times = step_times.time_steps(configs, _REPEATS.value)
    first = step_times.mean_seconds(times[_TRAIN.value[0]])
    print(f"median of {_REPEATS.value} steps each, in turn")
    print("| config | ms per step | relative | steps |\n|---|---|---|---|")
    for name, phases in times.items():
        mean = step_times.mean_seconds(phases)
        parts = ", ".join(f"{1e3 * phase.seconds:.0f}" for phase in phases)
        ratios = ", ".join(f"{phase.seconds / first:.2f}" for phase in phases)
        steps = int(60 * _MINUTES.value / mean)
        print(f"| {name} | {parts} | {ratios} | {steps:,} |")


def _time_model() -> None:
    if not all(size.isdigit() and int(size) > 0 for size in _SIZES.value):
        raise InputError(
            f"--sizes={','.join(_SIZES.value)}: expected pixels, as 256,1024"
        )
    model = _MODEL.value
    seconds = timing.time_colorizer(
        models.load_export(model, _RUNTIME.value, _THREADS.value),
        [int(size) for size in _SIZES.value],
        _REPEATS.value,
    )
    print(f"{model}, median of {_REPEATS.value} calls")
    for size, value in seconds.items():
        print(f"{size:>6} x {size:<6} {1e3 * value:9.1f} ms per image")
