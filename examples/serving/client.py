#!/usr/bin/env python3
"""Colorizes an image file on a model server, over REST.

  examples/serving/client.py http://localhost:8501/v1/models/NAME \
      nir.png color.png

Python's own library is all that it takes. A file travels as base64 in JSON,
where {"b64": ...} says that it is bytes.
"""

import base64
import http.client
import json
import re
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path


def colorize(model: str, image: bytes) -> bytes:
    """Sends a PNG or JPEG file and returns a PNG file of its depth.

    Args:
        model: Address of the model, http://HOST:PORT/v1/models/NAME.
        image: The bytes of the file, NIR or gray.

    Raises:
        ValueError: The address is none, or the server refused the image; the
            message says why.
        OSError: No server answers within a minute.
        http.client.HTTPException: It stops in the middle of an answer.
    """
    body = {
        "signature_name": "image_bytes",
        "inputs": {"image_bytes": [{"b64": base64.b64encode(image).decode()}]},
    }
    if not model.startswith(("http://", "https://")):
        raise ValueError(f"{model}: expected http://HOST:PORT/v1/models/NAME")
    request = urllib.request.Request(
        f"{urllib.parse.quote(model, safe=':/%')}:predict",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            outputs = json.load(response)["outputs"]
    except urllib.error.HTTPError as error:
        raise ValueError(_reason(error)) from error
    return base64.b64decode(outputs[0]["b64"])


def _reason(error: urllib.error.HTTPError) -> str:
    try:
        text = json.load(error)["error"]
    except (ValueError, KeyError, TypeError):  # no model server wrote this
        return f"{error.url}: {error.code} {error.reason}"
    # TensorFlow names the place in the graph around the words of the model.
    ours = re.search(r"assertion failed: \[(.*?)\]", text)
    return ours[1] if ours else text.partition("\n")[0] or "refused"


def main(address: str, source: str, target: str) -> None:
    """Colorizes a file; what fails is one line, and the exit status is 1."""
    try:
        image = Path(source).read_bytes()
        color = colorize(address, image)
        Path(target).write_bytes(color)
    except urllib.error.URLError as error:
        sys.exit(f"error: {address}: no server answers: {error.reason}")
    except (OSError, http.client.HTTPException) as error:
        place = getattr(error, "filename", None) or address
        sys.exit(f"error: {place}: {getattr(error, 'strerror', None) or error}")
    except (ValueError, KeyError) as error:
        sys.exit(f"error: {source}: {error}")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
