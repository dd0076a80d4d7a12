"""Losses on hand-worked numbers; MS-SSIM against TensorFlow's own."""

import numpy as np
import pytest
import tensorflow as tf

from nircolor_tf import losses


def make_images(height, width, seed=0):
    """A smooth image and a noisy copy, (2, H, W, 3) float32 in [0, 1]."""
    rng = np.random.default_rng(seed)
    coarse = rng.random((2, height // 8 + 1, width // 8 + 1, 3))
    smooth = tf.image.resize(coarse, (height, width)).numpy()
    noisy = smooth + rng.normal(0, 0.1, smooth.shape)
    return smooth, np.clip(noisy, 0, 1).astype(np.float32)


def reference(prediction, truth, span, scales=5):
    weights = np.array([0.0448, 0.2856, 0.3001, 0.2363, 0.1333])[:scales]
    return tf.image.ssim_multiscale(
        prediction,
        truth,
        max_val=span,
        power_factors=tuple(weights / weights.sum()),
    ).numpy()


def test_l1_and_l2_are_means():
    prediction = tf.constant([0.0, 0.5, 1.0, 0.0], shape=(1, 2, 2, 1))
    truth = tf.constant([0.0, 0.25, 0.0, 0.0], shape=(1, 2, 2, 1))
    assert float(losses.l1(prediction, truth)) == (0.25 + 1) / 4
    assert float(losses.l2(prediction, truth)) == (0.0625 + 1) / 4


def test_chroma_l1_of_red_and_of_a_gray_offset():
    red = tf.constant([1.0, 0.0, 0.0], shape=(1, 1, 1, 3))
    black = tf.zeros((1, 1, 1, 3))
    # Luminance 0.299 leaves (0.701, -0.299, -0.299).
    np.testing.assert_allclose(losses.chroma_l1(red, black), 1.299 / 3)
    np.testing.assert_allclose(losses.luminance(red), [[[[0.299]]]])
    image, _ = make_images(16, 16)
    assert float(losses.chroma_l1(image + 0.25, image)) < 1e-6
    assert float(losses.l1(image + 0.25, image)) > 0.2


@pytest.mark.parametrize("size", [(176, 176), (192, 256)])
def test_ms_ssim_equals_tensorflows(size):
    truth, noisy = make_images(*size)
    expected = reference(noisy, truth, 1.0)
    # Neither near 1, where little would be compared, nor the same twice.
    assert expected.max() < 0.95
    assert abs(expected[0] - expected[1]) > 1e-4
    actual = losses.ms_ssim(noisy, truth, (0.0, 1.0))
    np.testing.assert_allclose(actual, expected.mean(), atol=2e-5)
    # The same images in (-1, 1) are as similar.
    actual = losses.ms_ssim(2 * noisy - 1, 2 * truth - 1, (-1.0, 1.0))
    np.testing.assert_allclose(actual, expected.mean(), atol=2e-5)


@pytest.mark.parametrize(
    ("side", "scales"), [(160, 4), (88, 4), (80, 3), (44, 3), (32, 2), (20, 1)]
)
def test_small_images_have_fewer_scales(side, scales):
    truth, noisy = make_images(side, side)
    if scales > 1:
        expected = reference(noisy, truth, 1.0, scales).mean()
    else:
        expected = tf.image.ssim(noisy, truth, max_val=1.0).numpy().mean()
    actual = losses.ms_ssim(noisy, truth, (0.0, 1.0))
    np.testing.assert_allclose(actual, expected, atol=2e-5)


def test_ms_ssim_needs_one_window():
    assert float(losses.ms_ssim(*[tf.zeros((1, 11, 30, 3))] * 2, (0, 1))) == 1
    with pytest.raises(ValueError, match="at least 11 px, got 10"):
        losses.ms_ssim(*[tf.zeros((1, 30, 10, 3))] * 2, (0, 1))


def test_ms_ssim_at_its_ends_has_a_gradient():
    truth, _ = make_images(48, 48)
    np.testing.assert_allclose(
        losses.ms_ssim(truth, truth, (0.0, 1.0)), 1.0, atol=1e-5
    )
    # The negative: its contrast terms are negative and have no real power.
    negative = tf.constant(1.0 - truth)
    with tf.GradientTape() as tape:
        tape.watch(negative)
        similarity = losses.ms_ssim(negative, truth, (0.0, 1.0))
    assert 0.0 <= float(similarity) < 0.05
    assert np.isfinite(tape.gradient(similarity, negative).numpy()).all()


def test_mix_is_the_weighted_sum_of_both():
    truth, noisy = make_images(176, 176)
    l1 = np.abs(noisy - truth).mean()
    structure = 1 - reference(noisy, truth, 1.0).mean()
    for alpha in (0.0, 0.84, 1.0):
        np.testing.assert_allclose(
            losses.mix(noisy, truth, (0.0, 1.0), alpha),
            alpha * structure + (1 - alpha) * l1,
            atol=2e-5,
        )
