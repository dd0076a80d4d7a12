"""SavedModels as a runtime: what TensorFlow refuses is of one image."""

import numpy as np
import pytest
import tensorflow as tf

from nircolor_tf.errors import InputError
from nircolor_tf.inference import runtimes


class Picky(tf.Module):
    """Takes images of at most 8 rows."""

    @tf.function(
        input_signature=[tf.TensorSpec((None, None, None, 1), name="nir")]
    )
    def network(self, nir):
        tf.debugging.assert_less(tf.shape(nir)[1], 9, "too many rows")
        return {"rgb": tf.repeat(nir, 3, axis=-1)}


def test_an_image_that_a_saved_model_cannot_run_is_named(tmp_path):
    model = Picky()
    tf.saved_model.save(model, str(tmp_path), {"network": model.network})
    predict = runtimes.load_saved_model(tmp_path, "network", "nir", "rgb")
    image = np.ones((1, 8, 6, 1), np.float32)
    assert predict(image).shape == (1, 8, 6, 3)
    with pytest.raises(
        InputError,
        match=r"cannot run at 12 x 6 pixels: assertion failed: .too many",
    ):
        predict(np.ones((1, 12, 6, 1), np.float32))
