"""The limits of this machine: matrix products and memory, measured."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from nircolor_tf.benchmarks.rows import Limits, Plan
from nircolor_tf.errors import InputError
from nircolor_tf.inference.litert import LitertModel
from nircolor_tf.training import process

# Of a product of square matrices, and of the arrays that are added.
_SIDE, _QUICK_SIDE = 2048, 128
_NUMBERS, _QUICK_NUMBERS = 1 << 26, 1 << 20
# Of the 1x1 convolution in 8 bit: pixels of a side, and channels.
_PIXELS, _CHANNELS, _QUICK_CHANNELS = 64, 512, 32
_CALLS = 7


def measure(plan: Plan) -> Limits:
    """Measures the limits; each is the best of some calls.

    Raises:
        InputError: There is no GPU, and the plan is for one.
    """
    if plan.device == "gpu" and not tf.config.list_physical_devices("GPU"):
        raise InputError("--device=gpu: TensorFlow finds no GPU")
    side = _QUICK_SIDE if plan.quick else _SIDE
    return Limits(
        float32=_product(side, tf.float32),
        bfloat16=_product(side, tf.bfloat16) if has_bfloat16(plan) else None,
        int8=_convolution(plan) if plan.device == "cpu" else None,
        bandwidth=_addition(_QUICK_NUMBERS if plan.quick else _NUMBERS),
    )


def has_bfloat16(plan: Plan) -> bool:
    """Whether the device computes in bfloat16, rather than imitating it."""
    if plan.device == "gpu":
        return True
    return bool(process.computes_bfloat16())


def _product(side: int, dtype: tf.DType) -> float:
    factor = tf.cast(tf.random.uniform((side, side)), dtype)

    @tf.function
    def run():
        # One number is fetched, so that a GPU is waited for.
        return tf.reduce_sum(tf.matmul(factor, factor)[0])

    return 2 * side**3 / _best(lambda: float(run()))


def _addition(numbers: int) -> float:
    """Adds one array to another in place: two read, one written."""
    total, other = (tf.Variable(tf.ones(numbers)) for _ in range(2))

    @tf.function
    def run():
        total.assign_add(other)
        return total[0]

    return 3 * 4 * numbers / _best(lambda: float(run()))


def _convolution(plan: Plan) -> float:
    channels = _QUICK_CHANNELS if plan.quick else _CHANNELS
    network = keras.Sequential(
        [
            keras.Input((_PIXELS, _PIXELS, channels), 1),
            keras.layers.Conv2D(channels, 1),
        ]
    )
    image = np.random.default_rng(0).random(network.input_shape, np.float32)
    converter = tf.lite.TFLiteConverter.from_keras_model(network)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: [[image]]
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "convolution.tflite"
        file.write_bytes(converter.convert())
        predict = LitertModel(file, plan.threads).predict
        seconds = _best(lambda: predict(image))
    return 2 * (_PIXELS * channels) ** 2 / seconds


def _best(run: Callable[[], object]) -> float:
    run()
    seconds = []
    for _ in range(_CALLS):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return min(seconds)
