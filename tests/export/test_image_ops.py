"""TensorFlow's ops against OpenCV, and against what the camera side does."""

import cv2
import numpy as np
import pytest
import tensorflow as tf

from nircolor_tf.export import image_codec, image_ops
from nircolor_tf.images import conversions, ranges
from nircolor_tf.inference import resizing
from nircolor_tf.inference.steps import Steps


def texture(height, width, channels=1):
    generator = np.random.default_rng(height)
    return generator.random((height, width, channels), np.float32)


@pytest.mark.parametrize(
    ("size", "side"),
    [((201, 333), 64), ((64, 96), 32), ((65, 70), 64), ((500, 7), 5)],
)
def test_shrinking_is_opencvs(size, side):
    image = texture(*size)
    expected = resizing.shrink_to_side(image, side)
    assert min(expected.shape[:2]) == side
    result = image_ops.shrink(image[None], side)[0]
    assert result.shape == expected.shape
    np.testing.assert_allclose(result, expected, atol=3e-5)


def test_an_image_up_to_the_side_stays_as_it_is():
    image = texture(32, 90)
    np.testing.assert_array_equal(image_ops.shrink(image[None], 32)[0], image)


@pytest.mark.parametrize("size", [(201, 333), (64, 62), (33, 1), (32, 31)])
def test_enlarging_is_opencvs(size):
    image = texture(32, 31 if size[1] > 1 else 1, 3)
    expected = cv2.resize(image, size[::-1], interpolation=cv2.INTER_CUBIC)
    result = image_ops.enlarge(image[None], *map(tf.constant, size))[0]
    np.testing.assert_allclose(result, expected.reshape(*size, 3), atol=3e-5)


def test_growing_reflects_also_beyond_the_size_of_the_image():
    row = np.float32([[1, 2, 3]])
    result = image_ops.pad(row[None, :, :, None], Steps(8))[0, :, :, 0]
    np.testing.assert_array_equal(result, 8 * [[1, 2, 3, 2, 1, 2, 3, 2]])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_white_is_that_of_the_range_auto(dtype):
    largest = [0, 1, 254, 255]
    if dtype == np.uint16:
        powers = [256, 1024, 4096, 16384, 65536]
        largest += [p + step for p in powers for step in (-1, 0, 1)][:-2]
    for value in largest:
        stored = np.zeros((2, 3), dtype)
        stored[1, 1] = value
        png = cv2.imencode(".png", stored)[1].tobytes()
        low, high = ranges.parse("auto").of(stored)
        image, deep = image_codec.decode(png)
        assert bool(deep) == (dtype == np.uint16)
        expected = ranges.to_unit(stored, low, high)
        np.testing.assert_allclose(image[0, :, :, 0], expected, rtol=1e-6)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("bits", [8, 16])
def test_encoding_rounds_as_images_do(bits, channels):
    image = texture(9, 11, channels)
    png = image_codec.encode_png(image, tf.constant(bits == 16)).numpy()
    stored = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)
    stored = stored.reshape(9, 11, channels)[..., ::-1]
    np.testing.assert_array_equal(stored, conversions.to_integers(image, bits))
