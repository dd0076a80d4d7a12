"""Serves a web page that colorizes the images and videos dropped onto it.

It needs the extra [demo]: pip install 'nircolor-tf[demo]'. Where the package
is installed, `nircolor demo` is the same command.

Examples:
  bin/web.py
  bin/web.py --model=default,saved_models/mine --port=8000

Only this machine can open the page, unless --host says otherwise:
--host=0.0.0.0 lets everybody in who reaches the machine, without a password.
Ctrl-C ends it and deletes what visitors left behind. The page asks nothing of
other machines.
"""

import contextlib
import threading

from absl import flags

from nircolor_tf.inference import models

_MODEL = flags.DEFINE_list(
    "model",
    list(models.SHIPPED),
    "Models to choose from, the first by default: shipped ones by name, others "
    "by export folder.",
)
_HOST = flags.DEFINE_string("host", "127.0.0.1", "Address to listen on.")
_PORT = flags.DEFINE_integer("port", 7860, "TCP port.", 1, 65535)
_MAX_UPLOAD = flags.DEFINE_integer(
    "max_upload", 200, "Largest file that is accepted, MiB.", 1
)


def main() -> None:
    from nircolor_tf.web.server import serve

    with (
        contextlib.suppress(KeyboardInterrupt),
        serve(_MODEL.value, _HOST.value, _PORT.value, _MAX_UPLOAD.value) as url,
    ):
        print(f"open {url} in a browser; Ctrl-C ends it", flush=True)
        threading.Event().wait()
