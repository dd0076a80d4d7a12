"""Metrics against hand-worked numbers and independent computations."""

import functools

import cv2
import numpy as np
import pytest
import skimage.metrics
from scipy import ndimage
from scipy.spatial import distance

from nircolor_tf.metrics import metrics, protocols, similarity


def _flat(*color):
    """A 16x16 image of one color."""
    return np.broadcast_to(np.array(color), (16, 16, 3)).copy()


def _ssim_by_formula(prediction, truth, blur, *, data_range, margin, unbias):
    """Wang et al. 2004, eq. 13, for one channel."""
    mean_p, mean_t = blur(prediction), blur(truth)
    var_p = unbias * (blur(prediction**2) - mean_p**2)
    var_t = unbias * (blur(truth**2) - mean_t**2)
    cov = unbias * (blur(prediction * truth) - mean_p * mean_t)
    c1, c2 = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    quality = (2 * mean_p * mean_t + c1) * (2 * cov + c2)
    quality /= (mean_p**2 + mean_t**2 + c1) * (var_p + var_t + c2)
    return quality[margin:-margin, margin:-margin].mean()


def test_psnr_mae_and_rmse_by_hand():
    # Every value off by 0.1: MSE 0.01, 20 dB.
    prediction, truth = _flat(0.5, 0.5, 0.5), _flat(0.4, 0.6, 0.4)
    assert metrics.psnr(prediction, truth) == pytest.approx(20)
    assert metrics.mae(prediction, truth) == pytest.approx(0.1)
    assert metrics.rmse(prediction, truth) == pytest.approx(0.1)


def test_channels_are_averaged_before_the_logarithm_and_the_root():
    # Squared errors 0.01, 0.04, 0: MSE 1/60.
    prediction, truth = _flat(0.1, 0.2, 0.0), _flat(0.0, 0.0, 0.0)
    assert metrics.psnr(prediction, truth) == pytest.approx(17.78151250)
    assert metrics.mae(prediction, truth) == pytest.approx(0.1)
    assert metrics.rmse(prediction, truth) == pytest.approx(0.1290994449)


def test_psnr_after_a_gain_by_hand():
    # Half as bright: the gain 2 makes it the truth.
    truth = np.linspace(0, 1, 27).reshape(3, 3, 3)
    assert metrics.psnr_gain(truth / 2, truth) == metrics.LARGEST_PSNR
    assert metrics.psnr(truth / 2, truth) < 12
    # What no gain mends: t^2 - (p t)^2 / p^2 = 0.41 - 0.16 / 0.41.
    prediction, truth = _flat(0.5, 0.4, 0.0), _flat(0.4, 0.5, 0.0)
    assert metrics.psnr_gain(prediction, truth) == pytest.approx(
        -10 * np.log10((0.41 - 0.16 / 0.41) / 3)
    )


def test_a_gain_ends_at_white_and_leaves_black_black():
    # The gain 1.25 / 1.0625 makes 1.18 of the second half: 1.
    prediction = np.concatenate([_flat(0.25, 0.25, 0.25), _flat(1, 1, 1)])
    truth = np.concatenate([_flat(1, 1, 1), _flat(1, 1, 1)])
    gain = 1.25 / 1.0625
    expected = -10 * np.log10((1 - gain / 4) ** 2 / 2)
    assert metrics.psnr_gain(prediction, truth) == pytest.approx(expected)
    black = np.zeros_like(truth)
    assert metrics.psnr_gain(black, truth) == metrics.psnr(black, truth) == 0


def test_errors_against_scikit_image(pair):
    prediction, truth = (image / 255 for image in pair)
    assert metrics.psnr(prediction, truth) == pytest.approx(
        skimage.metrics.peak_signal_noise_ratio(
            truth, prediction, data_range=1
        ),
        abs=1e-9,
    )
    assert metrics.rmse(prediction, truth) == pytest.approx(
        np.sqrt(skimage.metrics.mean_squared_error(truth, prediction)),
        abs=1e-12,
    )


@pytest.mark.parametrize(
    ("prediction", "truth", "degrees"),
    [
        ((1, 0, 0), (0, 1, 0), 90),
        ((1, 1, 0), (1, 0, 0), 45),
        ((0.2, 0.2, 0.2), (0.9, 0.9, 0.9), 0),
        ((1, 1, 1), (1, 0, 0), 54.7356103),
        ((0, 0, 0), (0, 0, 0), 0),
        ((0, 0, 0), (0.3, 0.1, 0.2), 90),
        ((0.3, 0.1, 0.2), (0, 0, 0), 90),
    ],
)
def test_angular_error_by_hand(prediction, truth, degrees):
    measured = metrics.angular_errors(_flat(*prediction), _flat(*truth))
    np.testing.assert_allclose(measured, np.full((16, 16), degrees), atol=2e-6)


def test_angular_error_against_scipy(pair):
    prediction, truth = (image[:8, :8] / 255 for image in pair)
    expected = [
        np.degrees(np.arccos(1 - distance.cosine(p, t)))
        for p, t in zip(
            prediction.reshape(-1, 3), truth.reshape(-1, 3), strict=True
        )
    ]
    measured = metrics.angular_errors(prediction, truth)
    np.testing.assert_allclose(measured.ravel(), expected, atol=1e-5)


def test_angular_error_is_a_mean_of_angles_not_of_cosines():
    prediction = _flat(1.0, 0.0, 0.0)
    truth = prediction.copy()
    truth[:4] = (0, 1, 0)  # a quarter of the pixels at 90 degrees
    measured = protocols.measure(prediction, truth, "std")
    assert measured["ae"] == pytest.approx(22.5, abs=1e-5)
    # A quarter is 67.5 degrees off the mean, the rest 22.5.
    deviation = np.sqrt(0.25 * 67.5**2 + 0.75 * 22.5**2)
    assert measured["ae_pixels_std"] == pytest.approx(deviation, abs=1e-5)


def test_angular_error_with_offset_by_hand():
    # |p| |t| = 1: the cosine of identical colors is 1 / (1 + 1e-6), and
    # acos(1 - x) = sqrt(2 x) for small x.
    red = _flat(1.0, 0.0, 0.0)
    degrees = np.degrees(np.sqrt(2e-6))
    measured = metrics.angular_errors_offset(red, red)
    np.testing.assert_allclose(measured, degrees, rtol=1e-5)
    # Lengths of 1/255: the offset is 6.5% of their product.
    dark = red / 255
    expected = np.degrees(np.arccos(1 / (1 + 1e-6 * 255**2)))
    assert expected > 19
    np.testing.assert_allclose(
        metrics.angular_errors_offset(dark, dark), expected
    )
    black = 0 * red
    np.testing.assert_allclose(metrics.angular_errors_offset(black, black), 90)


def test_angular_error_with_offset_is_finite_for_all_identical_grays():
    # 256 levels, the colors whose rounded cosine most easily passes 1.
    gray = np.repeat(np.arange(256).reshape(16, 16, 1) / 255, 3, axis=2)
    assert np.isfinite(metrics.angular_errors_offset(gray, gray)).all()
    assert metrics.angular_errors(gray, gray).max() < 1e-5


def test_ssim_gaussian_against_the_formula(pair):
    prediction, truth = (image / 255 for image in pair)

    def blur(channel):
        return cv2.GaussianBlur(channel, (11, 11), 1.5)

    expected = np.mean(
        [
            _ssim_by_formula(p, t, blur, data_range=1, margin=5, unbias=1)
            for p, t in zip(
                prediction.transpose(2, 0, 1),
                truth.transpose(2, 0, 1),
                strict=True,
            )
        ]
    )
    measured = similarity.ssim_gaussian(prediction, truth)
    assert measured == pytest.approx(expected, abs=1e-9)


def test_ssim_uniform_against_the_formula(pair):
    prediction, truth = (image / 255 for image in pair)
    data_range = prediction.max() - prediction.min()
    assert data_range < 0.95  # so that another range would be noticed

    def blur(channel):
        return ndimage.uniform_filter(channel, 7)

    expected = np.mean(
        [
            _ssim_by_formula(
                p, t, blur, data_range=data_range, margin=3, unbias=49 / 48
            )
            for p, t in zip(
                prediction.transpose(2, 0, 1),
                truth.transpose(2, 0, 1),
                strict=True,
            )
        ]
    )
    measured = similarity.ssim_uniform(prediction, truth)
    assert measured == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("channels", [1, 3])
def test_ssim_is_that_of_scikit_image(channels):
    generator = np.random.default_rng(8)
    truth = cv2.GaussianBlur(generator.random((61, 48, 3)), None, 2)
    prediction = truth + 0.05 * generator.standard_normal(truth.shape)
    prediction, truth = prediction[..., :channels], truth[..., :channels]
    similar = functools.partial(
        skimage.metrics.structural_similarity,
        prediction,
        truth,
        channel_axis=-1,
    )
    gaussian = similar(
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        data_range=1.0,
    )
    uniform = similar(data_range=np.ptp(prediction))
    assert similarity.ssim_gaussian(prediction, truth) == pytest.approx(
        gaussian, abs=1e-12
    )
    assert similarity.ssim_uniform(prediction, truth) == pytest.approx(
        uniform, abs=1e-12
    )
    assert 0.1 < uniform < gaussian < 0.9


def test_angles_are_those_of_numpys_vectors(pair):
    prediction, truth = (image / 255 for image in pair)
    dots = np.sum(prediction * truth, axis=-1)
    crosses = np.linalg.norm(np.cross(prediction, truth), axis=-1)
    lengths = np.linalg.norm(prediction, axis=-1) * np.linalg.norm(
        truth, axis=-1
    )
    colored = (lengths > 0) | ~(prediction.any(-1) | truth.any(-1))
    np.testing.assert_allclose(
        metrics.angular_errors(prediction, truth)[colored],
        np.degrees(np.arctan2(crosses, dots))[colored],
        atol=1e-11,
    )
    np.testing.assert_allclose(
        metrics.angular_errors_offset(prediction, truth),
        np.degrees(np.arccos(dots / (lengths + 1e-6))),
        atol=1e-8,
    )


def test_ssim_of_flat_images_by_hand():
    # No variance: (2 * 0.2 * 0.6 + 1e-4) / (0.04 + 0.36 + 1e-4).
    measured = similarity.ssim_gaussian(
        _flat(0.2, 0.2, 0.2), _flat(0.6, 0.6, 0.6)
    )
    assert measured == pytest.approx(0.2401 / 0.4001, abs=1e-6)


@pytest.mark.parametrize("inverted", ["nothing", "details", "shapes"])
def test_ms_ssim_against_tensorflow(inverted):
    # TensorFlow takes seconds to import: only where it is needed.
    import tensorflow as tf  # noqa: PLC0415

    rng = np.random.default_rng(0)
    # Sides that are odd at some scales.
    details = cv2.GaussianBlur(rng.random((181, 202, 3)) - 0.5, (0, 0), 2)
    details *= 0.2 / abs(details).max()
    shapes = np.full(details.shape, 0.2)
    shapes *= np.cos(2 * np.pi * np.arange(202) / 600)[:, None]
    truth = 0.5 + details + shapes
    # The one is negative at the finer scales alone, the other at the coarsest.
    if inverted != "nothing":
        {"details": details, "shapes": shapes}[inverted][..., 0] *= -1
    prediction = 0.5 + 0.7 * details + shapes + rng.normal(0, 0.01, truth.shape)
    prediction = np.clip(prediction, 0, 1)
    expected = tf.image.ssim_multiscale(
        *(tf.constant(image, tf.float32) for image in (prediction, truth)), 1.0
    )
    measured = similarity.ms_ssim(prediction, truth)
    assert measured == pytest.approx(float(expected), abs=1e-5)
    # The red channel then counts 0, not a power of a negative number.
    assert (measured < 2 / 3) == (inverted != "nothing")


def test_small_images_have_no_ms_ssim():
    image = np.random.default_rng(0).random((177, 176, 1))
    assert similarity.ms_ssim(image, image) == 1
    assert similarity.ms_ssim(image[:175], image[:175]) is None
    assert similarity.ms_ssim(image[:, :175], image[:, :175]) is None


def test_ssim_uniform_of_a_constant_prediction_is_zero(pair):
    gray = np.full(pair[1].shape, 0.5)
    assert similarity.ssim_uniform(gray, pair[1] / 255) == 0


@pytest.mark.parametrize("shape", [(180, 180, 1), (179, 180, 3)])
@pytest.mark.parametrize(
    "similarity_of",
    [similarity.ssim_gaussian, similarity.ssim_uniform, similarity.ms_ssim],
)
def test_images_of_two_shapes_have_no_similarity(similarity_of, shape):
    images = np.random.default_rng(0).random((2, 180, 180, 3))
    truth = images[1, : shape[0], : shape[1], : shape[2]]
    with pytest.raises(ValueError, match="expected equal shapes"):
        similarity_of(images[0], truth)
