"""What the tests of the metrics measure."""

import cv2
import numpy as np
import pytest


@pytest.fixture
def pair():
    """A smooth random uint8 image and a degraded one."""
    rng = np.random.default_rng(0)
    truth = cv2.GaussianBlur(rng.random((40, 52, 3)), (0, 0), 3)
    truth = (truth - truth.min()) / (truth.max() - truth.min())
    prediction = 0.7 * truth + 0.1 + rng.normal(0, 0.05, truth.shape)
    return [
        np.rint(255 * np.clip(image, 0, 1)).astype(np.uint8)
        for image in (prediction, truth)
    ]
