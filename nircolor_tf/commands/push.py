"""Uploads an export to the Hugging Face Hub, with a model card.

  bin/push.py --model=saved_models/mine --repo=OWNER/NAME

--model=hf://OWNER/NAME then names the model in every command. Needs the extra
[hub], and a token that may write (`hf auth login`, or HF_TOKEN). The terms of
the training data go into the model card: whether they let you publish the model
is yours to know.
"""

from absl import flags

from nircolor_tf.commands import cli

_MODEL = flags.DEFINE_string(
    "model", None, "The shipped model, default, or an export folder."
)
_REPO = flags.DEFINE_string(
    "repo", None, "OWNER/NAME on the hub; made if it does not exist."
)
_LICENSE = flags.DEFINE_string(
    "license", "other", "As the hub names it; other: the terms in card.json."
)
_PRIVATE = flags.DEFINE_bool("private", False, "Make a new repository private.")
cli.require("model", "repo")


def main() -> None:
    from nircolor_tf.export import push
    from nircolor_tf.inference import models

    commit = push.push(
        models.locate(_MODEL.value),
        _REPO.value,
        _LICENSE.value,
        _PRIVATE.value,
    )
    cli.say(
        f"pushed: {commit}\n"
        f"  use: bin/colorize.py --model=hf://{_REPO.value} "
        "--input=IMAGE --output=RESULT"
    )
