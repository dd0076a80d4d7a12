"""Losses on hand-worked numbers; MS-SSIM against TensorFlow's own."""

import numpy as np
import pytest
import tensorflow as tf
from ml_collections import ConfigDict

from nircolor_tf import losses
from nircolor_tf.methods import adversarial


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


def test_pixel_is_the_weighted_sum_of_the_terms_that_have_a_weight():
    truth, noisy = (image[:, :16, :16] for image in make_images(16, 16))
    batch = {"nir": truth[..., :1], "rgb": tf.constant(truth, tf.float32)}
    weights = {"l1": 2.0, "l2": 0.0, "chroma": 3.0, "mix": 0.5}
    weights = ConfigDict(
        weights | {"mix_alpha": 0.84, "mix_form": "pyramid", "shift": 0}
    )
    total, terms = losses.pixel(noisy, batch, weights, (0.0, 1.0))
    assert set(terms) == {"l1", "chroma", "mix"}
    rgb = batch["rgb"]
    expected = {
        "l1": losses.l1(noisy, rgb),
        "chroma": losses.chroma_l1(noisy, rgb),
        "mix": losses.pyramid_mix(noisy, rgb, (0.0, 1.0), 0.84),
    }
    for name, value in expected.items():
        assert float(terms[name]) == float(value)
    summed = sum(weights[name] * float(expected[name]) for name in expected)
    assert float(total) == pytest.approx(summed, rel=1e-6)


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


def gauss(reach, sigma):
    """A window of 2 reach + 1 pixels a side, (side, side); sums to 1."""
    rows, columns = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    window = np.exp(-(rows**2 + columns**2) / (2 * sigma**2))
    return window / window.sum()


def count_in_windows(height, width, reach, sigma):
    """How much each pixel counts, with a window around every one."""
    counts = np.zeros((height + 2 * reach, width + 2 * reach))
    window, side = gauss(reach, sigma), 2 * reach + 1
    for row in range(height):
        for column in range(width):
            counts[row : row + side, column : column + side] += window
    # No window reads beyond the image.
    return counts[reach : reach + height, reach : reach + width]


# (height, width, reach, sigma): of 11 pixels, and of twice and four times them.
WINDOWS = [(13, 17, 5, 1.5), (23, 30, 10, 3.0), (44, 46, 20, 6.0)]


@pytest.mark.parametrize(("height", "width", "reach", "sigma"), WINDOWS)
def test_window_weights_are_sums_over_windows(height, width, reach, sigma):
    expected = count_in_windows(height, width, reach, sigma)
    weights = losses.window_weights(height, width)
    assert weights.dtype == np.float32
    np.testing.assert_allclose(weights, expected / expected.mean(), rtol=1e-5)


def test_window_weights_in_the_middle_at_an_edge_and_in_a_corner():
    weights = losses.window_weights(19, 21)
    assert weights.mean() == pytest.approx(1.0, rel=1e-6)
    middle = weights[5:-5, 5:-5]
    np.testing.assert_allclose(middle, middle[0, 0], rtol=1e-5)
    # Of the 11 windows in a row that could reach it, 6 have their center in
    # the image: half of the Gaussian, and half of its peak.
    peak = 1 / sum(np.exp(-(x**2) / (2 * 1.5**2)) for x in range(-5, 6))
    edge = (1 + peak) / 2
    assert edge == pytest.approx(0.633, abs=1e-3)
    for row, column, share in (
        (0, 10, edge),
        (-1, 10, edge),
        (9, 0, edge),
        (9, -1, edge),
        (0, 0, edge**2),
        (0, -1, edge**2),
        (-1, 0, edge**2),
        (-1, -1, edge**2),
    ):
        found = weights[row, column] / middle[0, 0]
        assert found == pytest.approx(share, rel=1e-5)


@pytest.mark.parametrize(
    ("side", "reach"), [(21, 5), (22, 10), (43, 10), (44, 20)]
)
def test_small_images_have_the_narrower_gaussian(side, reach):
    """What is nearer to an edge than a window's reach counts less."""
    row = losses.window_weights(side, 200)[side // 2]
    np.testing.assert_allclose(row[reach], row[100], rtol=1e-5)
    assert row[reach - 1] < (1 - 1e-4) * row[100]


def test_pyramid_mix_is_the_weighted_sum_of_both():
    truth, noisy = make_images(44, 52)
    # More error at the edges, where it counts less.
    noisy[:, :5] = 1 - noisy[:, :5]
    weights = count_in_windows(44, 52, 20, 6.0)[None, :, :, None]
    error = np.abs(noisy - truth)
    weighted = (error * weights).mean() / weights.mean()
    assert weighted < error.mean() - 0.01
    structure = 1 - reference(noisy, truth, 1.0, 3).mean()
    for alpha in (0.0, 0.84, 1.0):
        expected = alpha * structure + (1 - alpha) * weighted
        mix = losses.pyramid_mix(noisy, truth, (0.0, 1.0), alpha)
        np.testing.assert_allclose(mix, expected, atol=2e-5)
        # As if in [0, 1], whatever the range of the networks.
        images = 2 * noisy - 1, 2 * truth - 1
        mix = losses.pyramid_mix(*images, (-1.0, 1.0), alpha)
        np.testing.assert_allclose(mix, expected, atol=2e-5)


def gradients(loss, *logits):
    """Of the loss with respect to each player's logits."""
    logits = [tf.constant(each) for each in logits]
    with tf.GradientTape() as tape:
        tape.watch(logits)
        value = loss(*logits)
    return [each.numpy() for each in tape.gradient(value, logits)]


def test_least_squares_by_hand():
    gan = losses.GAN_LOSSES["least_squares"]
    real, fake = np.array([1.0, 0.5]), np.array([0.5, -1.0])
    # (0 + 1/4) / 2 for the real ones, (1/4 + 1) / 2 for the others.
    assert float(gan.discriminator(real, fake)) == 0.125 + 0.625
    # (1/4 + 4) / 2.
    assert float(gan.generator(fake)) == 2.125


def test_log_forms_are_the_logarithms_of_the_papers():
    real, fake = np.array([0.0, 3.0]), np.array([0.0, -2.0, 1.5])
    of_real, of_fake = 1 / (1 + np.exp(-real)), 1 / (1 + np.exp(-fake))
    expected = -np.log(of_real).mean() - np.log(1 - of_fake).mean()
    for form in ("log", "non_saturating"):
        gan = losses.GAN_LOSSES[form]
        np.testing.assert_allclose(gan.discriminator(real, fake), expected)
    np.testing.assert_allclose(
        losses.log_generator(fake), np.log(1 - of_fake).mean()
    )
    np.testing.assert_allclose(
        losses.non_saturating_generator(fake), -np.log(of_fake).mean()
    )


def test_log_forms_are_finite_where_the_sigmoid_is_not():
    """In float32 the sigmoid of -100 is 0 and its logarithm infinite."""
    low, high = np.float32([-100.0]), np.float32([100.0])
    assert float(losses.log_discriminator(low, high)) == 200.0
    assert float(losses.log_discriminator(high, low)) == pytest.approx(0.0)
    assert float(losses.log_generator(high)) == -100.0
    assert float(losses.non_saturating_generator(low)) == 100.0
    for at in (low, high):
        assert np.isfinite(gradients(losses.log_generator, at)).all()
        assert np.isfinite(gradients(losses.log_discriminator, at, at)).all()


def test_what_a_sure_discriminator_leaves_the_generator():
    sure, unsure = -6.0, 0.0
    sigmoid = 1 / (1 + np.exp(6.0))
    # Per logit, of a mean over two.
    for loss, expected in (
        (losses.log_generator, [-sigmoid, -0.5]),
        (losses.non_saturating_generator, [-(1 - sigmoid), -0.5]),
        (losses.least_squares_generator, [2 * (-6 - 1), 2 * (0 - 1)]),
    ):
        (found,) = gradients(loss, [sure, unsure])
        np.testing.assert_allclose(2 * found, expected, rtol=1e-5)


@pytest.mark.parametrize("form", losses.GAN_LOSSES)
def test_each_player_pulls_its_own_way(form):
    gan = losses.GAN_LOSSES[form]
    real, fake = [0.25, 0.75], [0.75, 0.25]
    of_real, of_fake = gradients(gan.discriminator, real, fake)
    (of_generator,) = gradients(gan.generator, fake)
    # A step goes against the gradient: real up, fake down, fake up.
    assert np.all(of_real < 0)
    assert np.all(of_fake > 0)
    assert np.all(of_generator < 0)


def test_judging_sees_the_pooled_fakes_and_passes_them_no_gradient():
    calls = []

    def discriminator(images, training):
        calls.append((images.shape[0], training))
        return images[:, 0, 0]

    gan = losses.GAN_LOSSES["least_squares"]
    real, fake = tf.fill((2, 1, 1, 1), 0.75), tf.fill((2, 1, 1, 1), 0.5)
    with tf.GradientTape() as tape:
        tape.watch([real, fake])
        # An older fake, half as bright, comes back.
        loss, scalars = adversarial.judge(
            "rgb_discriminator", discriminator, gan, real, 0.5 * fake
        )
    of_real, of_fake = tape.gradient(loss, [real, fake])
    assert np.all(of_real < 0)
    assert of_fake is None
    assert calls == [(4, True)]
    assert {name: float(value) for name, value in scalars.items()} == {
        "rgb_discriminator/gan": 0.0625 + 0.0625,
        "rgb_discriminator/real_logits": 0.75,
        "rgb_discriminator/fake_logits": 0.25,
    }
    assert float(loss) == 0.125


def test_laplace_by_hand_is_least_at_the_mean_error():
    prediction = tf.constant([0.2, 0.4, 0.9], shape=(1, 1, 1, 3))
    truth = tf.constant([0.0, 0.3, 0.6], shape=(1, 1, 1, 3))

    def at(scale):
        scales = tf.fill((1, 1, 1, 1), scale)
        return float(losses.laplace(prediction, truth, scales))

    # The mean error is 0.2: 0.2 / 0.2 + log 0.4.
    assert at(0.2) == pytest.approx(1 + np.log(0.4))
    assert at(0.2) < min(at(0.19), at(0.21))
    # Below 0.001 a scale counts as that.
    assert at(1e-6) == at(1e-3) == pytest.approx(200 + np.log(0.002))
