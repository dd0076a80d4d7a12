"""The page of `nircolor demo` as a Hugging Face Space."""

import threading

from nircolor_tf.web.server import serve

# The Space's own server stands before it, and asks for this port.
HOST = "0.0.0.0"  # noqa: S104 - of the container, behind that server
with serve(["default"], host=HOST, max_upload=50) as url:
    print(url, flush=True)
    threading.Event().wait()
