#!/usr/bin/env python3
r"""Makes one model of several trainings: the mean of what they make.

  bin/combine.py --members=runs/one,runs/two,runs/three --workdir=runs/mean
  bin/export.py --workdir=runs/mean --output=saved_models/mean

The members are trainings of the method 'supervised', each with a seed, losses
and augmentation of its own; of each the best checkpoint is taken. The new
workdir is one of the method 'ensemble' and measured on the validation pairs of
the first member's manifest. What each member was trained with stays in its
config.json, and goes from there into the card of an export.
"""

from absl import flags

from nircolor_tf import cli

_MEMBERS = flags.DEFINE_list("members", None, "Workdirs of bin/train.py.")
_WORKDIR = flags.DEFINE_string("workdir", None, "New folder.")


def main() -> None:
    # TensorFlow takes seconds to import: not for --help or a wrong flag.
    from nircolor_tf.training import combine  # noqa: PLC0415

    metrics = combine.combine(_MEMBERS.value, _WORKDIR.value)
    numbers = ", ".join(f"{k} {v:.4g}" for k, v in metrics.items())
    print(f"combined {len(_MEMBERS.value)} trainings; validation: {numbers}")


if __name__ == "__main__":
    cli.require("members", "workdir")
    cli.run(main)
