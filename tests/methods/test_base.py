"""What every method declares by name, and what happens to a wrong name."""

import keras
import pytest
import smoke
from ml_collections import ConfigDict

from nircolor_tf.errors import InputError
from nircolor_tf.methods import adversarial
from nircolor_tf.methods.base import Method, Named
from nircolor_tf.training import build


@pytest.fixture
def method():
    method = Method(ConfigDict({"method": "empty"}), size_multiple=1)
    layer = keras.layers.Conv2D(3, 1)
    method.add_network(
        "colorizer", keras.Sequential([layer]), 1, inference=True
    )
    method.add_optimizer("colorizer_optimizer", ("colorizer",), ConfigDict())
    method.add_pool("fake_rgb", channels=3)
    return method


def test_an_unknown_name_is_answered_with_those_that_exist(method):
    for names, kind, known in (
        (method.networks, "network", "colorizer"),
        (method.optimizers, "optimizer", "colorizer_optimizer"),
        (method.pools, "pool", "fake_rgb"),
    ):
        assert list(names) == [known]
        with pytest.raises(KeyError, match=rf"no {kind} called 'x'.*{known}"):
            names["x"]


def test_a_misspelt_pool_does_not_pass_its_images_through(method):
    image = keras.ops.ones((1, 2, 2, 3))
    assert method.pooled("fake_rgb", image) is image
    with pytest.raises(KeyError, match="no pool called 'fake_rbg'"):
        method.pooled("fake_rbg", image)


def test_a_name_is_given_once(method):
    with pytest.raises(ValueError, match="two pools are called 'fake_rgb'"):
        method.add_pool("fake_rgb", channels=3)
    assert dict(Named("network")) == {}


def test_an_optimizer_owns_the_variables_of_its_networks(method):
    owned = method.variables_of("colorizer_optimizer")
    assert [tuple(variable.shape) for variable in owned] == [(1, 1, 1, 3), (3,)]


@pytest.mark.parametrize(
    "layer", [keras.layers.BatchNormalization, keras.layers.Dropout]
)
def test_two_batches_in_one_call_need_images_treated_alone(layer):
    layers = [layer(0.5)] if layer is keras.layers.Dropout else [layer()]
    network = keras.Sequential([keras.Input((4, 4, 1)), *layers])
    with pytest.raises(InputError, match=r"'unet'.*treats every image alone"):
        adversarial.check_alone(network, ConfigDict({"name": "unet"}))


def test_a_network_with_a_state_is_refused_when_it_is_made():
    config = smoke.smoke_config("cocolor", "smoke")
    config.network.name = "ronneberger_unet"
    with pytest.raises(InputError, match="'ronneberger_unet': has BatchNorm"):
        build.make_method(config)


def test_two_batches_in_one_call_come_back_apart():
    network = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.ReLU()])
    image = keras.ops.ones((2, 4, 4, 1))
    first, second = adversarial.in_one_call(network, image, 3 * image)
    assert float(keras.ops.max(first)) == float(keras.ops.min(first)) == 1
    assert float(keras.ops.max(second)) == float(keras.ops.min(second)) == 3


def test_weights_from_elsewhere_are_for_networks_that_begin_without(method):
    loaded = []
    network = method.networks["colorizer"]
    network.load_pretrained = lambda: loaded.append("colorizer")
    method.load_pretrained(others={"colorizer"})
    assert not loaded
    method.load_pretrained()
    assert loaded == ["colorizer"]
