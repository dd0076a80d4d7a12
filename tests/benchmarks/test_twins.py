"""The twins in PyTorch make the same of an image, and of a step."""

import keras
import numpy as np
import pytest
import smoke
import tensorflow as tf
from ml_collections import ConfigDict

import nircolor_tf.benchmarks  # noqa: F401 - before torch

torch = pytest.importorskip("torch", reason="of the extra [bench]")

from nircolor_tf.benchmarks import twins  # noqa: E402
from nircolor_tf.benchmarks.twins import losses as twin_losses  # noqa: E402
from nircolor_tf.benchmarks.twins import steps  # noqa: E402
from nircolor_tf.losses import zhao_mix  # noqa: E402
from nircolor_tf.methods.base import Phase  # noqa: E402
from nircolor_tf.networks import make_network  # noqa: E402
from nircolor_tf.training import build  # noqa: E402
from nircolor_tf.training.step import compile_step  # noqa: E402

RGB = {"output_channels": 3, "activation": "sigmoid"}
NETWORKS = {
    "cross_scale_unet": {"filters": 8, "levels": 5, **RGB},
    "lite_unet": {
        "version": 1,
        "encoder_rate": 0.2,
        "pretrained": False,
        "filters": (8, 6, 6, 4),
        "dropout": 0.1,
        "from_image": True,
        **RGB,
    },
    "mpfnet": {
        "filters": 16,
        "levels": 2,
        "scales": 3,
        "reduction": 2,
        "attention": True,
        "sccm": True,
        "output_channels": 3,
        "activation": "tanh",
    },
    "patch_gan": {"filters": 4, "norm": "spectral"},
}


def with_new_weights(network):
    """Biases and statistics too, so that none is left out unseen."""
    generator = np.random.default_rng(1)
    for weight in network.weights:
        noise = 0.1 * generator.standard_normal(weight.shape)
        weight.assign_add(np.abs(noise) if "variance" in weight.path else noise)
    return network


def to_keras(images):
    return images.detach().numpy().transpose(0, 2, 3, 1)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_twin_makes_the_same_of_an_image(name):
    config = ConfigDict({"name": name, **NETWORKS[name]})
    network = make_network(config, "network")
    network(keras.Input((None, None, 1)))
    with_new_weights(network)
    image = np.random.default_rng(0).random((2, 64, 96, 1), np.float32)
    twin = twins.make_twin(config, network, 1).eval()
    expected = network(image, training=False)
    result = twin(torch.from_numpy(image.transpose(0, 3, 1, 2)))
    if not isinstance(expected, tuple):
        expected, result = (expected,), (result,)
    for ours, theirs in zip(expected, result, strict=True):
        assert np.std(ours) > 0.01
        np.testing.assert_allclose(to_keras(theirs), ours, atol=1e-4)


def test_a_twin_with_other_weights_is_refused():
    config = ConfigDict({"name": "patch_gan", **NETWORKS["patch_gan"]})
    network = make_network(config, "network")
    network(keras.Input((None, None, 1)))
    config.filters = 5
    with pytest.raises(ValueError, match=r"is no blocks\.0\.weight"):
        twins.make_twin(config, network, 1)


def test_l_mix_is_the_same():
    shape = (2, 40, 24, 3)
    first, second = (
        np.random.default_rng(0).uniform(-1, 1, (2, *shape)).astype(np.float32)
    )
    expected = zhao_mix(first, second, (-1.0, 1.0), 0.84)
    result = twin_losses.zhao_mix(
        *(
            torch.from_numpy(image.transpose(0, 3, 1, 2))
            for image in (first, second)
        ),
        (-1.0, 1.0),
        0.84,
    )
    np.testing.assert_allclose(result.item(), expected, rtol=1e-5)


def last_phase(method) -> Phase:
    """The phase that the twins' steps are of."""
    return next(
        phase
        for phase in reversed(method.phases())
        if phase.data == ("paired",) or method.config.method != "atcyclegan"
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", steps.STEPS)
def test_two_steps_have_the_losses_of_ours(name, one_replica):
    # While a history of generated images fills up, it gives back what it gets.
    config = smoke.load_config(name, "smoke")
    config.data.crop = 64
    training = build.make_training(config, one_replica)
    method = training.method
    for network in method.networks.values():
        with_new_weights(network)
    for optimizer in training.optimizers.values():
        optimizer.learning_rate = config.rate.peak
    generator = np.random.default_rng(0)
    nir, rgb, photo = (
        generator.uniform(
            *config.data.value_range, (2, 64, 64, channels)
        ).astype(np.float32)
        for channels in (1, 3, 3)
    )
    batch = {"nir": nir, "rgb": rgb}
    phase = last_phase(method)
    if len(phase.data) > 1:
        batch = {"paired": batch, "unpaired": {"rgb": photo}}
    step = compile_step(training, phase, jit_compile=False)
    twin = steps.STEPS[name](method, "float32", "cpu")
    images = {
        key: twin.to_torch(image)
        for key, image in (("nir", nir), ("rgb", rgb), ("photo", photo))
    }
    for tolerance in (1e-4, 1e-3):
        scalars = step(tf.nest.map_structure(tf.constant, batch))
        losses = twin(images)
        assert set(losses) == set(phase.optimizers)
        for optimizer, loss in losses.items():
            np.testing.assert_allclose(
                loss.item(), scalars[f"{optimizer}/loss"], rtol=tolerance
            )
