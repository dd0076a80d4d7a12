"""A small method with all that a server's model can hold, and its export."""

import dataclasses
import json

import keras
from ml_collections import ConfigDict

from nircolor_tf.export import saved_model
from nircolor_tf.inference import cards
from nircolor_tf.inference.fusion import COLORNET
from nircolor_tf.methods.base import InferencePath, Method


class Blocks(Method):
    """Takes multiples of 4 only, and mixes the pixels of a block."""

    def __init__(self, working_size, fusion, mirror=False):
        config = {
            "method": "blocks",
            "data": {"value_range": (-1.0, 1.0)},
            "inference": {
                "working_size": working_size,
                "mirror": False,
                "guided_radius": 0,
                "half_share": 0.0,
                "least_mean": 0.0,
                "stretch": False,
                "whiten": False,
            },
        }
        super().__init__(ConfigDict(config), size_multiple=4)
        self.fusion, self.mirror = fusion, mirror
        keras.utils.set_random_seed(0)
        for name, channels in (("colorizer", 3), ("translator", 1)):
            layers = [
                keras.layers.Conv2D(16, 4, strides=4, activation="tanh"),
                keras.layers.Conv2DTranspose(channels, 4, strides=4),
            ]
            network = keras.Sequential(layers)
            self.add_network(name, network, channels=1, inference=True)
        self.colorizer = self.networks["colorizer"]
        self.translator = self.networks["translator"]

    def call(self, nir, training=False):
        return self.colorizer(nir, training=training)

    def inference_paths(self):
        return {
            "n2c": InferencePath("nir", "rgb", ("colorizer",), self),
            "n2g": InferencePath(
                "nir", "gray", ("translator",), self.translator
            ),
        }

    def inference_steps(self):
        return dataclasses.replace(
            super().inference_steps(), mirror=self.mirror, fusion=self.fusion
        )


def whole_method():
    return Blocks(working_size=24, fusion=COLORNET, mirror=True)


def write_export(folder, method, names):
    """Writes an export folder of these paths, without TFLite files."""
    paths = {name: method.inference_paths()[name] for name in names}
    saved_model.write(method, paths, folder / "saved_model")
    card = {
        "format": 1,
        "name": "blocks",
        "method": "blocks",
        **cards.describe_steps(method.inference_steps()),
        "paths": {
            name: {
                "source": path.source,
                "target": path.target,
                "signature": saved_model.signature(
                    saved_model.NETWORK, name, paths
                ),
                "files": {"saved_model": "saved_model"},
            }
            for name, path in paths.items()
        },
    }
    (folder / "card.json").write_text(json.dumps(card))
