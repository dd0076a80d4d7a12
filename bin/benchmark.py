#!/usr/bin/env python3
"""Times a model on this machine: milliseconds per image at several sizes.

Without --model it times the model that comes with this repository.

Example:
  bin/benchmark.py --sizes=256,1024
"""

from absl import flags

from nircolor_tf import benchmark, cli, inference
from nircolor_tf.errors import InputError

_MODEL = flags.DEFINE_string(
    "model", None, "Export folder. Default: the shipped model."
)
_RUNTIME = flags.DEFINE_enum(
    "runtime", "auto", inference.RUNTIMES, "As for bin/colorize.py."
)
_SIZES = flags.DEFINE_list(
    "sizes", ["256", "512", "1024"], "Heights = widths, px."
)
_REPEATS = flags.DEFINE_integer(
    "repeats", 9, "Timed calls per size.", lower_bound=1
)
_THREADS = flags.DEFINE_integer(
    "threads", None, "CPU threads. Default: all.", 1
)


def main() -> None:
    if not all(size.isdigit() and int(size) > 0 for size in _SIZES.value):
        raise InputError(
            f"--sizes={','.join(_SIZES.value)}: expected pixels, as 256,1024"
        )
    model = _MODEL.value or inference.default_model()
    seconds = benchmark.time_colorizer(
        inference.load_export(model, _RUNTIME.value, _THREADS.value),
        [int(size) for size in _SIZES.value],
        _REPEATS.value,
    )
    print(f"{model}, median of {_REPEATS.value} calls")
    for size, value in seconds.items():
        print(f"{size:>6} x {size:<6} {1e3 * value:9.1f} ms per image")


if __name__ == "__main__":
    cli.run(main)
