"""Computing activations again changes what is kept, not what is computed."""

import contract
import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops
from ml_collections import ConfigDict

from nircolor_tf import losses
from nircolor_tf.errors import InputError
from nircolor_tf.methods import adversarial
from nircolor_tf.methods.base import Method, Phase
from nircolor_tf.networks.discriminators import PatchGAN
from nircolor_tf.training import build, optimizers, recompute
from nircolor_tf.training.step import compile_step


class Generator(keras.Model):
    """Two convolutions; trained, its output is twice as large."""

    def __init__(self, channels):
        super().__init__()
        self.hidden = layers.Conv2D(8, 3, padding="same", activation="tanh")
        self.output_layer = layers.Conv2D(
            channels, 3, padding="same", dtype="float32"
        )

    def call(self, image, training=False):
        return self.output_layer(self.hidden(image)) * (1.0 + training)


class Cycle(Method):
    """Generators there and back, and a discriminator with spectral norm."""

    def __init__(self):
        train = {
            **{"jit_compile": False, "average_decay": 0.0},
            **{"precision": "float32", "accumulate": 1},
        }
        config = {"method": "cycle", "train": train}
        super().__init__(ConfigDict(config), size_multiple=1)
        discriminator = PatchGAN(filters=4, norm="spectral")
        self.colorizer = self.add_network(
            "colorizer", Generator(3), 1, inference=True
        )
        self.rgb_to_nir = self.add_network(
            "rgb_to_nir", Generator(1), 3, inference=False
        )
        self.rgb_discriminator = self.add_network(
            "rgb_discriminator", discriminator, 3, inference=False
        )
        for name, networks in (
            ("generators", ("colorizer", "rgb_to_nir")),
            ("discriminators", ("rgb_discriminator",)),
        ):
            self.add_optimizer(name, networks, ConfigDict())
        self.gan = losses.gan_loss("least_squares")

    def call(self, nir, training=False):
        return self.colorizer(nir, training=training)

    def phases(self):
        optimizers = "generators", "discriminators"
        data = ("paired",)
        return (Phase("train", 1, self.losses_of, optimizers, data, {}),)

    def losses_of(self, batch):
        fake = self.colorizer(batch["nir"], training=True)
        there = self.colorizer(
            self.rgb_to_nir(batch["rgb"], training=True), training=True
        )
        back = self.rgb_to_nir(fake, training=True)
        logits = self.rgb_discriminator(fake, training=False)
        loss, scalars = adversarial.judge(
            "rgb_discriminator",
            self.rgb_discriminator,
            self.gan,
            batch["rgb"],
            fake,
        )
        generators = (
            self.gan.generator(logits)
            + losses.l1(there, batch["rgb"])
            + losses.l1(back, batch["nir"])
            + ops.mean(fake)
        )
        return {"generators": generators, "discriminators": loss}, scalars


def make_cycle(recomputing):
    keras.utils.set_random_seed(0)
    method = Cycle()
    if recomputing:
        recompute.recompute_activations(method)
    return method


@pytest.mark.parametrize(
    ("policy", "replicas"),
    [("float32", "one_replica"), ("mixed_bfloat16", "two_replicas")],
)
def test_losses_gradients_and_spectral_norms_are_the_same(
    policy, replicas, request, monkeypatch
):
    strategy = request.getfixturevalue(replicas)
    # An update is the gradient.
    monkeypatch.setattr(
        optimizers, "make_adam", lambda settings: keras.optimizers.SGD(1.0)
    )
    images = np.random.default_rng(0).uniform(size=(2, 32, 32, 4))
    images = images.astype("float32")
    batch = {"nir": images[..., :1], "rgb": images[..., 1:]}
    dataset = tf.data.Dataset.from_tensors(batch).unbatch().batch(2)
    results = []
    for recomputing in (False, True):
        keras.config.set_dtype_policy(policy)
        with strategy.scope():
            method = make_cycle(recomputing)
            training = build.prepare_training(method, strategy)
        keras.config.set_dtype_policy("float32")
        (phase,) = method.phases()
        step = compile_step(training, phase, jit_compile=False)
        batches = iter(strategy.experimental_distribute_dataset(dataset))
        scalars = step(next(batches))
        results.append(
            {
                "scalars": [float(scalars[name]) for name in sorted(scalars)],
                **contract.weights_of(method.networks),
            }
        )
    assert contract.largest_difference(*results) < 1e-6


def test_inference_is_not_changed():
    spec = tf.TensorSpec((1, 32, 32, 1))
    kept, again = (
        tf.function(make_cycle(recomputing)).get_concrete_function(spec).graph
        for recomputing in (False, True)
    )
    assert [op.type for op in kept.get_operations()] == [
        op.type for op in again.get_operations()
    ]


def test_what_cannot_be_computed_twice_is_refused():
    method = make_cycle(recomputing=False)
    method.config.train.jit_compile = True
    with pytest.raises(InputError, match="XLA would not compute anything"):
        recompute.recompute_activations(method)
    judge = Method(method.config, size_multiple=1)
    network = PatchGAN(filters=4, norm="spectral")
    judge.add_network("rgb_discriminator", network, 3, inference=False)
    with pytest.raises(InputError, match=r"config\.train\.recompute is True"):
        recompute.recompute_activations(judge)
