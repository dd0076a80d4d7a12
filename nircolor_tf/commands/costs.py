r"""Counts and times the models of an evaluation, for bin/results.py.

Example:
  bin/costs.py --evaluation=reports/all --reference=U-Net \
      --output=reports/costs.json

Of each export and workdir in it: parameters, multiply-accumulates and time per
image, steps and minutes of the training, its config and its commands. The
models take turns, and times are ratios to one of them. Run it in the folder
where bin/evaluate.py ran: the evaluation names the models by their paths.
"""

from pathlib import Path

from absl import flags, logging

from nircolor_tf.commands import cli
from nircolor_tf.errors import InputError

_EVALUATION = flags.DEFINE_list(
    "evaluation", None, "Folders of bin/evaluate.py, with commas."
)
_REFERENCE = flags.DEFINE_string(
    "reference", None, "Name of the run whose time counts as 1."
)
_SIZE = flags.DEFINE_integer(
    "size", 256, "Height of the image, which is square, px.", 16
)
_REPEATS = flags.DEFINE_integer("repeats", 31, "Timed calls per model.", 1)
_OUTPUT = flags.DEFINE_string("output", None, "JSON file to write.")
cli.require("evaluation", "reference", "output")


def main() -> None:
    output = Path(_OUTPUT.value)
    if not output.parent.is_dir():
        raise InputError(
            f"--output={output}: expected a file in a folder that exists"
        )
    # TensorFlow takes seconds to import: not for --help or a wrong flag.
    from nircolor_tf.evaluation import cost_files, costs

    # Many models in one process: TensorFlow warns of tracing.
    logging.set_verbosity(logging.ERROR)
    measured = costs.measure(
        _EVALUATION.value,
        _REFERENCE.value,
        _SIZE.value,
        _REPEATS.value,
        cli.command_line(),
    )
    cost_files.write(output, measured)
    cli.say(f"wrote the costs of {len(measured['runs'])} runs to {output}")
