"""What is bright in NIR and in color is white."""

import numpy as np
import pytest

from nircolor_tf.errors import InputError
from nircolor_tf.inference import whitening
from nircolor_tf.inference.colorizer import Colorizer
from nircolor_tf.inference.steps import Steps

CREAM, MEADOW = (0.9, 0.88, 0.76), (0.35, 0.45, 0.2)
LUMA = np.float32([0.299, 0.587, 0.114])


def flat(*values):
    return np.full((2, 3, len(values)), values, np.float32)


@pytest.mark.parametrize(
    ("nir", "color", "share"),
    [
        (0.9, CREAM, 1),  # snow
        (0.9, MEADOW, 0),  # leaves are dark in color
        (0.6, CREAM, 0),  # sand
        # Halfway of the NIR, 0.7 to 0.85, and of the luminance, 0.55 to 0.75.
        (0.775, CREAM, 0.5),
        (0.9, (0.65, 0.7, 0.392544), 0.5),
        # A third of both: 3 (1/3)^2 - 2 (1/3)^3 of each.
        (0.75, (0.65, 0.65, 0.357602), (7 / 27) ** 2),
    ],
)
def test_the_color_of_what_is_bright_in_both_is_lost(nir, color, share):
    rgb = flat(*color)
    gray = (rgb @ LUMA)[..., None]
    whitened = whitening.whiten(flat(nir), rgb)
    np.testing.assert_allclose(whitened, rgb + share * (gray - rgb), atol=1e-5)
    np.testing.assert_allclose((whitened @ LUMA)[..., None], gray, atol=1e-6)


@pytest.mark.parametrize("size", [(12, 15), (40, 60)])
def test_the_network_is_whitened_at_any_size(size):
    def cream(batch):
        return np.broadcast_to(np.float32(CREAM), (*batch.shape[:3], 3))

    steps = Steps(4, working_size=16, half_share=0.25, whiten=True)
    nir = np.full((*size, 1), 0.9, np.float32)
    gray = np.dot(CREAM, LUMA)
    np.testing.assert_allclose(Colorizer(cream, steps)(nir), gray, atol=1e-5)
    nir[:] = 0.6
    rgb = Colorizer(cream, steps)(nir)
    np.testing.assert_allclose(rgb - np.float32(CREAM), 0, atol=1e-5)


def test_only_color_is_whitened():
    steps = Steps(working_size=8, whiten=True)
    assert steps.for_target("rgb").whiten
    assert not steps.for_target("gray").whiten
    with pytest.raises(InputError, match="whiten: needs color"):
        Colorizer(lambda batch: batch, steps, channels=1)
