r"""Makes one model of several trainings, the members.

Without --shares it is the mean of their images. The members are trainings of
the method 'supervised', each at its best checkpoint; seed, losses and
augmentation may differ. The new workdir is one of the method 'ensemble', and as
large and slow as all members together.

  bin/combine.py --members=runs/one,runs/two,runs/three --workdir=runs/mean
  bin/export.py --workdir=runs/mean --output=saved_models/mean

With --shares it is the mean of their weights, as small and fast as one member.
The members, workdirs or exports, must be trained from the same weights on
(bin/train.py --start_from).

  bin/combine.py --members=runs/on,default --shares=0.4,0.6 \
      --workdir=runs/between

Either is measured on the validation pairs of the first member's manifest. The
configs of the members are in its config.json, their commands in commands.json;
both go into the card of an export.
"""

from absl import flags

from nircolor_tf.commands import cli
from nircolor_tf.errors import InputError

_MEMBERS = flags.DEFINE_list(
    "members",
    None,
    "Workdirs of bin/train.py, with commas; for --shares exports, too.",
)
_SHARES = flags.DEFINE_list(
    "shares", [], "Share of each member in the mean of the weights."
)
_CHECKPOINT = flags.DEFINE_enum(
    "checkpoint",
    "best",
    ["best", "latest"],
    "Which weights of the workdirs; latest only with --shares.",
)
_WORKDIR = flags.DEFINE_string("workdir", None, "New folder to write.")
cli.require("members", "workdir")


def main() -> None:
    # TensorFlow takes seconds to import: not for --help or a wrong flag.
    from nircolor_tf.export import start
    from nircolor_tf.inference import models
    from nircolor_tf.training import combine

    command = cli.command_line()
    if _SHARES.value:
        shares = _shares()
        members = [
            start.read(models.locate(member), _CHECKPOINT.value)
            for member in _MEMBERS.value
        ]
        metrics = combine.average(members, shares, _WORKDIR.value, command)
    elif _CHECKPOINT.value != "best":
        raise InputError("--checkpoint=latest: expected --shares beside it")
    else:
        metrics = combine.combine(_MEMBERS.value, _WORKDIR.value, command)
    numbers = ", ".join(f"{key} {mean:.4g}" for key, mean in metrics.items())
    cli.say(
        f"combined {len(_MEMBERS.value)} trainings in {_WORKDIR.value}; "
        f"validation: {numbers}"
    )


def _shares() -> list[float]:
    try:
        return [float(share) for share in _SHARES.value]
    except ValueError as error:
        raise InputError(
            f"--shares={','.join(_SHARES.value)}: expected numbers, as 0.4,0.6"
        ) from error
