r"""Makes one model of several trainings: the mean of what they make.

  bin/combine.py --members=runs/one,runs/two,runs/three --workdir=runs/mean
  bin/export.py --workdir=runs/mean --output=saved_models/mean

The members are trainings of the method 'supervised', each with a seed, losses
and augmentation of its own; of each the best checkpoint is taken. The new
workdir is one of the method 'ensemble' and measured on the validation pairs of
the first member's manifest. What each member was trained with stays in its
config.json, and goes from there into the card of an export.

With --shares it is the mean of their weights, which is no larger and no slower
than one of them. The members, workdirs or exports, then have to be trained from
the same weights on (bin/train.py --start_from).

  bin/combine.py --members=runs/on,saved_models/default --shares=0.4,0.6 \
      --workdir=runs/between
"""

from absl import flags

from nircolor_tf.commands import cli
from nircolor_tf.errors import InputError

_MEMBERS = flags.DEFINE_list("members", None, "Workdirs of bin/train.py.")
_SHARES = flags.DEFINE_list(
    "shares", [], "Of each member in the weights; none: each stays whole."
)
_CHECKPOINT = flags.DEFINE_enum(
    "checkpoint", "best", ["best", "latest"], "Of the workdirs, for --shares."
)
_WORKDIR = flags.DEFINE_string("workdir", None, "New folder.")
cli.require("members", "workdir")


def main() -> None:
    # TensorFlow takes seconds to import: not for --help or a wrong flag.
    from nircolor_tf.export import start
    from nircolor_tf.training import combine

    if _SHARES.value:
        shares = _shares()
        members = [
            start.read(member, _CHECKPOINT.value) for member in _MEMBERS.value
        ]
        metrics = combine.average(members, shares, _WORKDIR.value)
    elif _CHECKPOINT.value != "best":
        raise InputError("--checkpoint=latest: expected --shares beside it")
    else:
        metrics = combine.combine(_MEMBERS.value, _WORKDIR.value)
    numbers = ", ".join(f"{k} {v:.4g}" for k, v in metrics.items())
    print(f"combined {len(_MEMBERS.value)} trainings; validation: {numbers}")


def _shares() -> list[float]:
    try:
        return [float(share) for share in _SHARES.value]
    except ValueError as error:
        raise InputError(
            f"--shares={','.join(_SHARES.value)}: expected numbers, as 0.4,0.6"
        ) from error
