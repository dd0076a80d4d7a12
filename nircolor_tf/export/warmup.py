"""The requests that warm up a model server.

TensorFlow Serving runs them once before it answers, because the first run of
each signature takes longest.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import tensorflow as tf

from nircolor_tf.errors import InputError
from nircolor_tf.export import saved_model
from nircolor_tf.images import image_files
from nircolor_tf.inference import cards

FILE = "tf_serving_warmup_requests"

# Height and width of the images, pixels.
_SIZE = (256, 256)


def signatures(card: dict, path: str) -> tuple[str, str]:
    """Returns the signatures of a path for a server.

    Args:
        card: Of an export.
        path: Name of a path in the card.

    Returns:
        The signature of float images and the one of image files.
    """
    return (
        cards.whole_signature(card, path),
        saved_model.signature(saved_model.BYTES, path, card["paths"]),
    )


def make_requests(card: dict) -> Iterator[bytes]:
    """Yields a PredictionLog for each signature, two for image files.

    Args:
        card: Of an export.

    Raises:
        InputError: The package tensorflow-serving-api is not installed.
    """
    try:
        from tensorflow_serving.apis import (  # noqa: PLC0415 - an extra
            prediction_log_pb2,
        )
    except ImportError as error:
        raise InputError(
            "warm-up requests need tensorflow-serving-api, which is not "
            "installed: pip install 'nircolor-tf[serving]'"
        ) from error
    ramp = np.linspace(0, 1, np.prod(_SIZE)).reshape(1, *_SIZE, 1)
    images = ramp.astype(np.float32)
    encoded = [
        image_files.encode((images[0] * largest).astype(dtype), ".png")
        for dtype, largest in ((np.uint8, 255), (np.uint16, 65535))
    ]
    for name, path in card["paths"].items():
        whole, for_files = signatures(card, name)
        for signature, key, value in (
            (whole, path["source"], images),
            *((for_files, saved_model.BYTES, [data]) for data in encoded),
        ):
            log = prediction_log_pb2.PredictionLog()
            request = log.predict_log.request
            request.model_spec.name = card["name"]
            request.model_spec.signature_name = signature
            request.inputs[key].CopyFrom(tf.make_tensor_proto(value))
            yield log.SerializeToString()


def write(requests: Iterable[bytes], folder: Path) -> None:
    """Writes requests where the server looks for them.

    Args:
        requests: As `make_requests` yields them.
        folder: The SavedModel.
    """
    extra = folder / "assets.extra"
    extra.mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(str(extra / FILE)) as writer:
        for request in requests:
            writer.write(request)
