"""Metrics against hand-worked numbers and independent computations."""

import itertools

import cv2
import numpy as np
import pytest
import skimage.metrics
from scipy import ndimage
from scipy.spatial import distance

from nircolor_tf.errors import InputError
from nircolor_tf.metrics import display, metrics, protocols, similarity


@pytest.fixture
def pair():
    """A smooth random uint8 image and a degraded one."""
    rng = np.random.default_rng(0)
    truth = cv2.GaussianBlur(rng.random((40, 52, 3)), (0, 0), 3)
    truth = (truth - truth.min()) / (truth.max() - truth.min())
    prediction = 0.7 * truth + 0.1 + rng.normal(0, 0.05, truth.shape)
    return [
        np.rint(255 * np.clip(image, 0, 1)).astype(np.uint8)
        for image in (prediction, truth)
    ]


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


def test_protocols_differ_where_they_say(pair):
    std = protocols.measure(*pair, "std")
    hkbu = protocols.measure(*pair, "hkbu")
    assert set(hkbu) == {"psnr", "ssim", "mae", "ae", "ae_pixels_std"}
    assert set(std) == {
        *hkbu,
        "psnr_gain",
        "rmse",
        "s_cielab",
        "ciede2000",
    }
    assert std["psnr"] == hkbu["psnr"]
    assert std["mae"] == hkbu["mae"]
    assert std["ssim"] != pytest.approx(hkbu["ssim"], abs=1e-3)
    assert 0 < abs(hkbu["ae"] - std["ae"]) < 0.1


@pytest.mark.parametrize("protocol", protocols.PROTOCOLS)
def test_measure_rounds_to_8_bit_first(pair, protocol):
    prediction, truth = pair
    expected = protocols.measure(prediction, truth, protocol)
    nearly = np.clip(prediction / 255 + 0.4 / 255, 0, 1).astype(np.float32)
    deep = truth.astype(np.uint16) * 257
    deep[deep < 65000] += 100
    assert protocols.measure(nearly, deep, protocol) == expected


def test_identical_images_have_the_ideal_value_of_every_metric():
    image = np.random.default_rng(0).integers(
        0, 256, (176, 176, 3), dtype=np.uint8
    )
    image[:9, :9] = 0
    measured = protocols.measure(image, image, "std")
    summary = protocols.summarize([measured], [176 * 176])
    # What a network measures is tested with the networks.
    networks = {"lpips", "lpips_ab", "fid", "kid"}
    assert set(summary) == set(display.METRICS) - networks
    for name, value in summary.items():
        assert value == display.METRICS[name].ideal, name


def test_every_metric_is_better_where_the_image_is():
    rng = np.random.default_rng(0)
    truth = rng.integers(60, 190, (176, 176, 3), dtype=np.uint8)
    noise = rng.integers(0, 20, truth.shape, dtype=np.uint8)
    near, far = (
        protocols.measure(truth + factor * noise, truth, "std")
        for factor in (np.uint8(1), np.uint8(3))
    )
    for name, value in near.items():
        assert value != far[name]
        better = value > far[name]
        assert better == display.METRICS[name].higher_is_better, name


@pytest.mark.parametrize("protocol", protocols.PROTOCOLS)
def test_summary_pools_the_angles_of_all_pixels(protocol):
    rng = np.random.default_rng(0)
    sizes = ((11, 12), (40, 30), (16, 90))
    pairs = [
        # Each image has another spread, so that how they weigh shows.
        [rng.integers(low, 256, (*size, 3), dtype=np.uint8) for _ in range(2)]
        for size, low in zip(sizes, (0, 100, 200), strict=True)
    ]
    angles = [
        protocols.PROTOCOLS[protocol].angles(prediction / 255, truth / 255)
        for prediction, truth in pairs
    ]
    measured = [protocols.measure(*images, protocol) for images in pairs]
    summary = protocols.summarize(measured, [h * w for h, w in sizes])
    pooled = np.concatenate([image.ravel() for image in angles])
    assert summary["ae_pixels_mean"] == pytest.approx(pooled.mean())
    assert summary["ae_pixels_std"] == pytest.approx(pooled.std())
    # The plain mean lets every image weigh the same.
    means = [image.mean() for image in angles]
    assert summary["ae"] == pytest.approx(np.mean(means))
    assert abs(summary["ae"] - pooled.mean()) > 1


def test_an_identical_image_leaves_the_mean_finite(pair):
    other = protocols.measure(*pair, "std")
    same = protocols.measure(pair[0], pair[0], "std")
    pixels = pair[0].shape[0] * pair[0].shape[1]
    summary = protocols.summarize([other, same], [pixels, pixels])
    assert summary["psnr"] == pytest.approx((other["psnr"] + 58.92256) / 2)
    assert summary["mae"] == pytest.approx(other["mae"] / 2)


def test_psnr_ends_where_rounding_begins():
    # Of 16 * 16 * 3 values, 64 are one twelfth.
    truth = _flat(0.5, 0.5, 0.5)
    for count, expected in (
        (1, metrics.LARGEST_PSNR),
        (64, metrics.LARGEST_PSNR),
        (65, 10 * np.log10(768 / 65 * 255**2)),
        (768, 10 * np.log10(255**2)),
    ):
        prediction = truth.copy()
        prediction.reshape(-1)[:count] += 1 / 255
        measured = metrics.psnr(prediction, truth)
        assert measured == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("protocol", protocols.PROTOCOLS)
@pytest.mark.parametrize("channels", [1, 3])
def test_no_image_has_an_infinite_or_undefined_metric(protocol, channels):
    shape = (176, 176, channels)
    half = np.zeros(shape, np.uint8)
    half[:88] = 255
    images = [
        np.zeros(shape, np.uint8),
        np.full(shape, 255, np.uint8),
        np.full(shape, 1, np.uint8),
        half,
        255 - half,
        np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8),
    ]
    for prediction, truth in itertools.product(images, images):
        measured = protocols.measure(prediction, truth, protocol)
        summary = protocols.summarize([measured], [176 * 176])
        for name, value in (measured | summary).items():
            assert np.isfinite(value), name


def test_no_images_have_no_means():
    assert protocols.summarize([], []) == {}


def test_summary_leaves_out_images_that_lack_a_metric():
    rng = np.random.default_rng(0)
    small, large = (
        [rng.integers(0, 256, (side, side, 3), dtype=np.uint8) for _ in "pt"]
        for side in (20, 180)
    )
    gray = [image[..., :1] for image in large]
    pairs = (small, gray, large)
    measured = [protocols.measure(*pair, "std") for pair in pairs]
    summary = protocols.summarize(measured, [20**2, 180**2, 180**2])
    _, of_gray, of_large = (one.get("ms_ssim") for one in measured)
    assert summary["ms_ssim"] == pytest.approx((of_gray + of_large) / 2)
    of_small, of_large = (measured[i]["ae"] for i in (0, 2))
    assert summary["ae"] == pytest.approx((of_small + of_large) / 2)
    # 81 times the pixels.
    assert summary["ae_pixels_mean"] == pytest.approx(
        (of_small + 81 * of_large) / 82
    )


def test_one_channel_is_measured_as_gray_rgb_is_without_color(pair):
    gray = [image[..., :1] for image in pair]
    for protocol in protocols.PROTOCOLS:
        measured = protocols.measure(*gray, protocol)
        as_rgb = [np.repeat(image, 3, axis=-1) for image in gray]
        expected = protocols.measure(*as_rgb, protocol)
        more = {"rmse", "psnr_gain"} if protocol == "std" else set()
        assert set(measured) == {"psnr", "ssim", "mae"} | more
        assert measured == pytest.approx({k: expected[k] for k in measured})
        summary = protocols.summarize([measured, measured], [9, 1])
        assert summary == pytest.approx(measured)


def test_bad_input_is_named(pair):
    prediction, truth = pair
    with pytest.raises(InputError, match=r"'fancy'.*std, hkbu"):
        protocols.measure(prediction, truth, "fancy")
    with pytest.raises(InputError, match=r"\(39, 52, 3\).*\(40, 52, 3\)"):
        protocols.measure(prediction[1:], truth, "std")
    with pytest.raises(InputError, match=r"\(40, 52, 2\)"):
        protocols.measure(prediction[..., :2], truth[..., :2], "std")
    with pytest.raises(InputError, match="11x11 pixels; found 52x10"):
        protocols.measure(prediction[:10], truth[:10], "std")
    with pytest.raises(InputError, match="prediction: holds int64"):
        protocols.measure(prediction.astype(np.int64), truth, "std")
    for wrong in (255.0, -0.5):
        values = prediction / 255
        values[3, 4, 1] = wrong
        with pytest.raises(InputError, match=r"prediction: .*expected \[0, 1"):
            protocols.measure(values, truth, "std")
    values = prediction / 255
    values[3, 4] = np.nan
    values[7, 8, 1] = np.inf
    with pytest.raises(
        InputError, match="truth: 2 of 2080 pixels are not finite"
    ):
        protocols.measure(prediction, values, "std")
