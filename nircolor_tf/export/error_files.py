"""The estimator of a model's error, as a part of its export.

error.tflite takes an image and its colors, (1, H, W, 4) in [0, 1], and returns
the mean absolute error that is expected of each pixel, (1, H, W, 1). The
SavedModel has a signature for it, `SIGNATURE`, that does all: NIR images
(B, H, W, 1) of any size -> {'rgb', 'error'}, the error corrected.

On the images that it was trained on a network errs less than on others. The
factor that corrects this, and how far the corrected errors are the real ones,
is measured on the validation split and stands in the card.
"""

import dataclasses
import functools
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tensorflow as tf
from absl import logging
from ml_collections import ConfigDict

from nircolor_tf.data import example_images, manifest
from nircolor_tf.errors import ExportError
from nircolor_tf.export import graph, signatures, subpixel
from nircolor_tf.inference import error_estimate
from nircolor_tf.inference.error_estimate import ErrorEstimator
from nircolor_tf.inference.litert import LitertModel
from nircolor_tf.inference.steps import Steps
from nircolor_tf.methods.base import Method
from nircolor_tf.metrics import reliability
from nircolor_tf.training import build

FILE = "error.tflite"
SIGNATURE = "error"

# Largest difference of the file to the method, in [0, 1].
_TOLERANCE = 1e-4

# Every so many pixels of a row and a column of a validation image count.
_STRIDE = 3


def describe(method: Method) -> dict:
    """Returns what the card has of the estimator; nothing where there is none.

    Args:
        method: Trained. Its config names the manifest.
    """
    if method.error_path() is None:
        return {}
    entry = {"file": FILE, "signature": SIGNATURE, "factor": 1.0}
    config = method.config
    if not Path(config.data.manifest).is_file():
        logging.warning(
            "the expected error is not calibrated: there is no "
            "config.data.manifest %s to measure it on; the card says so",
            config.data.manifest,
        )
        return {error_estimate.KEY: entry | {"checked_on": ""}}
    measured, count = _measure(method, config)
    entry |= dataclasses.asdict(measured)
    entry |= {"checked_on": config.evaluate.split, "images": count}
    return {error_estimate.KEY: entry}


def write(method: Method, folder: Path) -> None:
    """Writes the TFLite file, if the method estimates its error.

    Args:
        method: The exported one.
        folder: The export.

    Raises:
        ExportError: The file does not agree with the method.
    """
    if method.error_path() is None:
        return
    spec = tf.TensorSpec((1, None, None, 4), tf.float32, "nir_rgb")
    network = functools.partial(run_network, method)
    with tempfile.TemporaryDirectory() as temporary:
        with subpixel.substituted(method):
            function = signatures.trace(
                lambda image: {"error": network(image)}, spec
            )
            signatures.write({signatures.DEFAULT: function}, temporary)
        converter = tf.lite.TFLiteConverter.from_saved_model(temporary)
        (folder / FILE).write_bytes(converter.convert())
    _compare(network, folder / FILE, 2 * method.size_multiple)


def signature(
    method: Method, serve: Callable[[tf.Tensor], tf.Tensor], factor: float
) -> Callable[[tf.Tensor], dict[str, tf.Tensor]]:
    """Returns what the SavedModel computes under `SIGNATURE`.

    Args:
        method: Whose estimator.
        serve: NIR images of any size -> colors, all steps of inference.
        factor: On what the estimator says.
    """
    steps = method.inference_steps()

    def estimate(images):
        rgb = serve(images)
        both = tf.concat([images, rgb], axis=-1)
        network = functools.partial(run_network, method)
        error = graph.estimate_error(network, steps, both)
        return {
            "rgb": rgb,
            "error": tf.clip_by_value(factor * error, 0.0, 1.0),
        }

    return estimate


def run_network(method: Method, images: tf.Tensor) -> tf.Tensor:
    """Runs the estimator: (B, H, W, 4) -> (B, H, W, 1), in [0, 1].

    Args:
        method: That has one.
        images: NIR and its colors, of a size that the method takes.
    """
    error = method.error_path().run(images[..., :1], images[..., 1:])
    return tf.clip_by_value(error, 0.0, 1.0)


def make_estimator(method: Method) -> ErrorEstimator:
    """Wraps the estimator of a method, without a correction.

    Args:
        method: That has one.
    """

    @tf.function(
        input_signature=[tf.TensorSpec((1, None, None, 4), tf.float32)]
    )
    def estimate(images):
        return run_network(method, images)

    steps: Steps = method.inference_steps()
    return ErrorEstimator(lambda images: estimate(images).numpy(), steps)


def _compare(
    network: Callable[[tf.Tensor], tf.Tensor], file: Path, side: int
) -> None:
    images = np.random.default_rng(0).random((1, side, side, 4), np.float32)
    result = LitertModel(file, None).predict(images)
    difference = float(np.abs(result - network(images)).max())
    if not difference <= _TOLERANCE:
        raise ExportError(
            f"{FILE} differs from the method by {difference:.2g}; at most "
            f"{_TOLERANCE:.2g} is allowed. Nothing was written"
        )


def _measure(
    method: Method, config: ConfigDict
) -> tuple[reliability.Reliability, int]:
    """Expected against real errors on the validation split."""
    colorize = build.make_colorizer(method)
    estimate = make_estimator(method)
    examples = manifest.select(
        manifest.read_manifest(config.data.manifest), config.evaluate.split
    )
    expected, real = [], []
    for example in examples:
        nir = example_images.read_nir(example).unit
        truth = example_images.read_rgb(example).unit
        rgb = colorize(nir)
        pixels = (slice(None, None, _STRIDE),) * 2
        expected.append(estimate(nir, rgb)[pixels].ravel())
        real.append(np.abs(rgb - truth).mean(axis=-1)[pixels].ravel())
    measured = reliability.measure(
        np.concatenate(expected), np.concatenate(real)
    )
    return measured, len(examples)
