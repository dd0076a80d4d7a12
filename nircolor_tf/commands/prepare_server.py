"""Lays an export out for TensorFlow Serving.

  bin/prepare_server.py --model=default --output=server
  cd server && docker compose up

The folder gets models/NAME/VERSION/ with warm-up requests, a model-server
config and a compose file. A running server takes up a higher --version of the
same model by itself. Signatures and clients: docs/servers.md. Needs
pip install '.[serving]'.
"""

import shlex

from absl import flags

from nircolor_tf.commands import cli

_MODEL = flags.DEFINE_string(
    "model",
    None,
    "The shipped model, default, an export folder, or one of the "
    "Hugging Face Hub, hf://OWNER/NAME[@REVISION].",
)
_OUTPUT = flags.DEFINE_string("output", None, "Folder of the server to write.")
_VERSION = flags.DEFINE_integer(
    "version", 1, "Of the model; a server runs the highest one.", 1
)
cli.require("model", "output")


def main() -> None:
    from nircolor_tf.export import serving
    from nircolor_tf.inference import models

    model = models.locate(_MODEL.value)
    folder = serving.write_serving(model, _OUTPUT.value, _VERSION.value)
    output = shlex.quote(_OUTPUT.value)
    cli.say(f"wrote {folder}\n  run: cd {output} && docker compose up")
