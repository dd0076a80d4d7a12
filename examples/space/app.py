"""The page of `nircolor demo` as a Hugging Face Space."""

import threading

from nircolor_tf.web.server import serve

# The Space's own server stands before it, and asks for this port.
with serve(["default", "edge"], host="0.0.0.0", max_upload=50) as url:
    print(url, flush=True)
    threading.Event().wait()
