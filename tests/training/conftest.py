"""Fixtures of trainings."""

import keras
import pytest
import smoke
from toy_method import Toy

from nircolor_tf.methods import METHODS
from nircolor_tf.training import optimizers


@pytest.fixture
def config(pairs_manifest):
    """Supervised U-Net: 4 steps, all of them logged, 2 evaluated and saved."""
    return smoke.smoke_config("supervised", "unet256,smoke", pairs_manifest)


@pytest.fixture
def toy_config(config, monkeypatch):
    monkeypatch.setitem(METHODS, "toy", Toy)
    monkeypatch.setattr(
        optimizers, "make_adam", lambda settings: keras.optimizers.SGD(0.0)
    )
    config.method = "toy"
    return config
