"""What a method says of the steps of inference around its networks."""

import contract
import numpy as np

from nircolor_tf.inference.fusion import COLORNET
from nircolor_tf.inference.steps import GuidedParameters, Steps
from nircolor_tf.training import build


def test_the_config_decides_about_the_working_size():
    changes = {"inference.working_size": 0}
    method = contract.make_method("landscapes", "smoke", **changes)
    assert method.inference_steps() == Steps(method.size_multiple)
    method.config.inference.working_size = 96
    assert method.inference_steps().working_size == 96


def test_the_config_decides_about_the_enlargement():
    method = contract.make_method("landscapes", "smoke")
    assert method.inference_steps().guided is None
    method.config.inference.guided_radius = 4
    assert method.inference_steps().guided == GuidedParameters(4, 5e-4)


def test_the_config_decides_about_half_of_the_size():
    method = contract.make_method("landscapes", "smoke")
    assert method.inference_steps().half_share == 0
    method.config.inference.update(working_size=96, half_share=0.25)
    assert method.inference_steps().half_share == 0.25
    assert method.inference_steps().least_mean == 0


def test_the_config_decides_about_dark_images():
    method = contract.make_method("landscapes", "smoke")
    method.config.inference.least_mean = 0.375
    assert method.inference_steps().least_mean == 0.375


def test_the_config_decides_whether_images_are_stretched():
    method = contract.make_method("landscapes", "smoke")
    assert not method.inference_steps().stretch
    method.config.inference.stretch = True
    assert method.inference_steps().stretch


def test_the_config_decides_whether_what_is_bright_is_white():
    method = contract.make_method("landscapes", "smoke")
    assert not method.inference_steps().whiten
    method.config.inference.whiten = True
    assert method.inference_steps().whiten


def test_the_mirror_image_is_colorized_around_the_network():
    method = contract.make_method("landscapes", "smoke")
    side = 2 * method.size_multiple
    nir = np.random.default_rng(0).random((side, side, 1), np.float32)
    plain = build.make_colorizer(method)(nir)
    flipped = build.make_colorizer(method)(nir[:, ::-1])[:, ::-1]
    assert np.abs(plain - flipped).max() > 1e-4
    output = method(nir[None]).numpy()
    method.config.inference.mirror = True
    assert method.inference_steps().mirror
    mean = build.make_colorizer(method)(nir)
    np.testing.assert_allclose(mean, (plain + flipped) / 2, atol=1e-6)
    # The method itself, which is trained, is the plain network.
    np.testing.assert_array_equal(method(nir[None]).numpy(), output)


def test_colornet_fuses_where_its_config_says_so():
    for enabled in (True, False):
        changes = {"fusion.enabled": enabled}
        method = contract.make_method("colornet", "smoke", **changes)
        expected = COLORNET if enabled else None
        assert method.inference_steps().fusion == expected
