"""The protocols, and the means that they give."""

import itertools

import numpy as np
import pytest

from nircolor_tf.errors import InputError
from nircolor_tf.metrics import display, metrics, protocols


def _flat(*color):
    """A 16x16 image of one color."""
    return np.broadcast_to(np.array(color), (16, 16, 3)).copy()


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
        "colorfulness_error",
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
