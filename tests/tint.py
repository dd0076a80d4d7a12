"""The smallest method there is: one convolution, which tints the NIR."""

import contextlib

import keras
import pytest
from ml_collections import ConfigDict

from nircolor_tf.methods.base import Method
from nircolor_tf.training import build, config_files


class Tint(Method):
    """NIR to NIR times (1, 5/8, 3/8), a gain on red; takes multiples of 4."""

    def __init__(self, config):
        super().__init__(config, size_multiple=4)
        layer = keras.layers.Conv2D(3, 1, use_bias=False)
        network = keras.Sequential([layer])
        self.colorizer = self.add_network(
            "colorizer", network, channels=1, inference=True
        )
        self.kernel = layer.kernel
        self.set_gain(1.0)

    def set_gain(self, red):
        self.kernel.assign([[[[red, 0.625, 0.375]]]])

    def call(self, nir, training=False):
        return self.colorizer(nir, training=training)

    def phases(self):
        return ()


@contextlib.contextmanager
def known():
    """In here it is the method that configs name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            config_files, "parse_config", lambda tree, where: ConfigDict(tree)
        )
        patch.setattr(build, "make_method", Tint)
        yield


def config(manifest):
    """Its config, with a TFLite file of one size."""
    data = {
        "value_range": (0.0, 1.0),
        "manifest": str(manifest),
        "description": "",
        "terms": "",
    }
    return ConfigDict(
        {
            "method": "tint",
            "data": data,
            "evaluate": {"split": "val"},
            "inference": {
                "working_size": 24,
                "mirror": False,
                "guided_radius": 0,
                "half_share": 0.0,
                "least_mean": 0.0,
                "stretch": False,
                "whiten": False,
            },
            "export": {
                "tflite": ("float16",),
                "sizes": ("24x40",),
                "representative": 1,
                "least_db": {"float16": 60.0},
                "threads": 1,
            },
        }
    )
