"""Models that see an image at half of the working size, too."""

import numpy as np
import pytest

from nircolor_tf.errors import InputError
from nircolor_tf.inference import models
from nircolor_tf.inference.colorizer import Colorizer
from nircolor_tf.inference.litert import LitertModel
from nircolor_tf.inference.steps import GuidedParameters, Steps


def ramp(height, width):
    rows, columns = np.indices((height, width), np.float32)
    return ((rows + columns) / (2 * (height + width)))[..., None]


@pytest.mark.parametrize("guided", [None, GuidedParameters(2, 1e-3)])
@pytest.mark.parametrize("size", [(40, 60), (16, 30), (9, 12)])
def test_the_change_at_half_of_the_size_has_its_share(size, guided):
    def model(nir):
        # Adds more to a smaller image.
        return np.repeat(nir + 2 / nir.shape[1], 3, axis=-1)

    nir = ramp(*size)
    steps = Steps(4, working_size=16, half_share=0.25, guided=guided)
    rgb = Colorizer(model, steps)(nir)
    whole = min(16, -(-size[0] // 4) * 4)
    expected = nir + 0.75 * 2 / whole + 0.25 * 2 / 8
    np.testing.assert_allclose(rgb, np.repeat(expected, 3, -1), atol=1e-6)


def test_an_image_as_small_as_half_of_the_size_is_seen_once():
    seen = []
    steps = Steps(4, working_size=16, half_share=0.25)
    nir = ramp(8, 12)
    rgb = Colorizer(lambda nir: seen.append(nir) or nir, steps, 1)(nir)
    assert len(seen) == 1
    np.testing.assert_array_equal(rgb, nir)


def test_a_file_keeps_the_last_two_sizes(tmp_path):
    file = models.locate("default") / "model.tflite"
    copy = tmp_path / "model.tflite"
    copy.write_bytes(file.read_bytes())
    model = LitertModel(copy, 1)
    copy.write_bytes(b"another export")
    images = [
        np.random.default_rng(0).random((1, *size, 1), np.float32)
        for size in ((64, 64), (128, 64), (64, 192))
    ]
    expected = [LitertModel(file, 1).predict(image) for image in images]
    for index in (0, 1, 0, 1, 2, 0, 1):
        result = model.predict(images[index])
        np.testing.assert_array_equal(result, expected[index])
        assert len(model._interpreters) <= 2
    kept = dict(model._interpreters)
    model.predict(images[0])
    assert model._interpreters == kept
    with pytest.raises(InputError, match="cannot run at 63 x 64 pixels"):
        model.predict(images[0][:, 1:])
    np.testing.assert_array_equal(model.predict(images[1]), expected[1])
