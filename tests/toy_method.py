"""A method of two small networks, and what a training wrote in its workdir."""

import csv

import keras
from keras import layers
from ml_collections import ConfigDict

from nircolor_tf import losses
from nircolor_tf.methods.base import Method, Phase


class Network(keras.Model):
    """One convolution and one BatchNorm, in a list that Keras does not see."""

    size_multiple = 1

    def __init__(self, channels):
        super().__init__()
        self.stack = [
            layers.BatchNormalization(synchronized=True),
            layers.Conv2D(channels, 1),
        ]

    def call(self, image, training=False):
        for layer in self.stack:
            image = layer(image, training=training)
        return image


class Toy(Method):
    """Translator, then colorizer, then both again; rates tell them apart."""

    def __init__(self, config):
        super().__init__(config, size_multiple=1)
        self.translator = self.add_network(
            "translator", Network(1), 1, inference=True
        )
        self.colorizer = self.add_network(
            "colorizer", Network(3), 1, inference=True
        )
        for name in self.networks:
            self.add_optimizer(f"{name}_optimizer", (name,), ConfigDict())

    def call(self, nir, training=False):
        return self.colorizer(self.translator(nir))

    def phases(self):
        def phase(name, losses):
            optimizer = f"{name}_optimizer"
            rates = {optimizer: lambda progress: 0.1 * (1 - progress)}
            return Phase(name, 2, losses, (optimizer,), ("paired",), rates)

        return (
            phase("translator", self.translate),
            phase("colorizer", self.colorize),
        ) * 2

    def translate(self, batch):
        gray = losses.luminance(batch["rgb"])
        l1 = losses.l1(self.translator(batch["nir"], training=True), gray)
        return {"translator_optimizer": l1}, {"translator/l1": l1}

    def colorize(self, batch):
        gray = self.translator(batch["nir"])
        l1 = losses.l1(self.colorizer(gray, training=True), batch["rgb"])
        return {"colorizer_optimizer": l1}, {"colorizer/l1": l1}


def rows(workdir, kind):
    with open(workdir / kind / "scalars.csv", newline="") as file:
        return list(csv.DictReader(file))
