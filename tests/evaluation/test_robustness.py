"""Degradations by hand, and curves of a model whose numbers are known."""

import csv
import re

import cv2
import numpy as np
import pytest
from scipy import ndimage

from nircolor_tf.errors import InputError
from nircolor_tf.evaluation import robustness, robustness_files
from nircolor_tf.evaluation.degradations import DEGRADATIONS, generator
from nircolor_tf.metrics import protocols
from nircolor_tf.report import robustness_plot

each = pytest.mark.parametrize("key", DEGRADATIONS)


def degrade(key, image, strength, name="one"):
    return DEGRADATIONS[key].apply(image, strength, generator(name))


def flat(value, height=16, width=20):
    return np.full((height, width, 1), value, np.float32)


@pytest.fixture
def texture():
    """Smooth, between 0.3 and 0.7, of a mean that is not 0.5."""
    noise = np.random.default_rng(4).random((24, 28, 1))
    smooth = ndimage.gaussian_filter(noise, (2, 2, 0))
    smooth -= smooth.min()
    return (0.3 + 0.4 * (smooth / smooth.max()) ** 2).astype(np.float32)


@each
def test_none_changes_nothing_and_all_else_does(key, texture):
    degradation = DEGRADATIONS[key]
    assert degradation.none in degradation.strengths
    before = texture.copy()
    for strength in degradation.strengths:
        changed = degrade(key, texture, strength)
        assert changed.shape == texture.shape
        assert changed.dtype == np.float32
        same = np.array_equal(changed, texture)
        assert same == (strength == degradation.none)
    np.testing.assert_array_equal(texture, before)


@each
def test_degraded_images_stay_in_range(key):
    checks = np.indices((24, 24)).sum(0)[..., None] // 3 % 2
    for strength in DEGRADATIONS[key].strengths:
        changed = degrade(key, checks.astype(np.float32), strength)
        assert changed.min() >= 0
        assert changed.max() <= 1


def test_blur_of_a_point_is_a_gaussian():
    point = flat(0, 33, 33)
    point[16, 16] = 1
    distance = np.hypot(*np.indices((33, 33)) - 16)
    expected = np.exp(-(distance**2) / (2 * 2**2)) / (2 * np.pi * 2**2)
    blurred = degrade("blur", point, 2)
    np.testing.assert_allclose(blurred[..., 0], expected, atol=5e-5)


def test_noise_has_the_stated_deviation_in_8_bit_levels():
    noise = 255 * (degrade("noise", flat(0.5, 200, 200), 10) - 0.5)
    # 40000 draws: the deviation is known to 0.4%, the mean to 0.05 levels.
    assert noise.std() == pytest.approx(10, rel=0.02)
    assert noise.mean() == pytest.approx(0, abs=0.25)


def test_noise_is_the_image_names_own():
    gray = flat(0.5)
    noise = degrade("noise", gray, 10) - gray
    np.testing.assert_array_equal(noise, degrade("noise", gray, 10) - gray)
    assert not np.array_equal(noise, degrade("noise", gray, 10, "two") - gray)
    # The same pattern in every strength.
    np.testing.assert_allclose(
        degrade("noise", gray, 20) - gray, 2 * noise, atol=1e-6
    )


@pytest.mark.parametrize(
    ("stored", "stops", "expected"),
    [
        # Light ((0.5 + 0.055) / 1.055)^2.4 = 0.214041; twice that is stored
        # as 1.055 * 0.428082^(1 / 2.4) - 0.055.
        (0.5, 1, 0.685837),
        (0.685837, -1, 0.5),
        # Up to 0.04045 the encoding is a straight line: 0.04 / 12.92 is the
        # light, and four times that is beyond.
        (0.01, 1, 0.02),
        (0.04, 2, 0.114282),
        (0.2, -2, 0.088114),
        # Light 0.787: twice as much is white.
        (0.9, 1, 1),
    ],
)
def test_exposure_scales_the_light(stored, stops, expected):
    exposed = degrade("exposure", flat(stored), stops)
    np.testing.assert_allclose(exposed, expected, atol=1e-6)


def test_contrast_is_about_the_mean(texture):
    assert abs(texture.mean() - 0.5) > 0.05
    changed = degrade("contrast", texture, 0.5)
    assert changed.mean() == pytest.approx(texture.mean(), abs=1e-6)
    assert changed.std() == pytest.approx(texture.std() / 2, abs=1e-6)


def test_jpeg_of_quality_100_is_near_and_of_10_is_not(texture):
    errors = {
        quality: 255 * np.abs(degrade("jpeg", texture, quality) - texture)
        for quality in (100, 60, 10)
    }
    assert errors[100].max() < 2  # levels
    assert errors[100].mean() < errors[60].mean() < errors[10].mean()


def test_shift_moves_content_right_and_down():
    point = flat(0)
    point[5, 7] = 1
    shifted = degrade("shift", point, 4)
    assert list(zip(*np.nonzero(shifted), strict=True)) == [(9, 11, 0)]
    rows = np.arange(16, dtype=np.float32)[:, None, None] / 16
    border = 16 * degrade("shift", np.tile(rows, (1, 20, 1)), 2)[:5, 0, 0]
    assert border.tolist() == [2, 1, 0, 1, 2]


def test_downscaling_averages_blocks_and_keeps_the_size():
    # Every 2x2 block has the mean 0.4, which is all that is left.
    blocks = np.tile(
        np.array([[0.1, 0.7], [0.5, 0.3]], np.float32)[..., None], (8, 10, 1)
    )
    np.testing.assert_allclose(
        degrade("downscale", blocks, 2), flat(0.4), atol=1e-6
    )
    # Sizes that are no multiple, and smaller than the factor.
    np.testing.assert_allclose(
        degrade("downscale", flat(0.3, 3, 21), 8), flat(0.3, 3, 21), atol=1e-6
    )


def colorize(nir):
    """Nearly the truth, 0.1 + 0.8 NIR in each channel, tinted."""
    return (0.1 + 0.8 * nir) * np.array([1, 0.9, 0.8], np.float32)


@pytest.fixture
def pairs(texture):
    return [
        (name, nir, np.repeat(0.1 + 0.8 * nir, 3, axis=-1))
        for name, nir in (("one", texture), ("two", texture[:, ::-1] ** 2))
    ]


def test_points_are_means_under_the_std_protocol(pairs):
    calls = []

    def counted(nir):
        calls.append(nir)
        return colorize(nir)

    points = robustness.measure("run", counted, pairs)
    assert [(point.degradation, point.strength) for point in points] == [
        (key, strength)
        for key, degradation in DEGRADATIONS.items()
        for strength in degradation.strengths
    ]
    for point in points:
        expected = [
            protocols.measure(
                colorize(degrade(point.degradation, nir, point.strength, name)),
                truth,
                "std",
            )
            for name, nir, truth in pairs
        ]
        for metric in ("psnr", "ssim", "ae"):
            mean = np.mean([one[metric] for one in expected])
            assert getattr(point, metric) == pytest.approx(mean, abs=1e-12)
        assert (point.run, point.images, point.left_out) == ("run", 2, 0)
    # Each strength once, and the undegraded images once, not in every curve.
    assert len(calls) == 2 * (len(points) - len(DEGRADATIONS) + 1)


def test_an_image_that_fails_once_is_left_out_everywhere(pairs):
    good = robustness.measure("run", colorize, pairs[:1])

    def fail_in_the_dark(nir):
        if nir.max() < 0.2:  # the second image, degraded
            raise RuntimeError("too dark")
        return colorize(nir)

    for bad in (
        ("dark", 0.5 * pairs[1][1], pairs[1][2]),
        ("smaller truth", pairs[1][1], pairs[1][2][:-1]),
        ("gray truth", pairs[1][1], pairs[1][2][..., :1]),
    ):
        points = robustness.measure("run", fail_in_the_dark, [pairs[0], bad])
        assert {(point.images, point.left_out) for point in points} == {(1, 1)}
        assert [point.psnr for point in points] == [p.psnr for p in good]
        with pytest.raises(InputError, match=rf"^run: .* all 1 .*{bad[0]}: "):
            robustness.measure("run", fail_in_the_dark, [bad])


def test_gray_has_no_angular_error(pairs, tmp_path):
    gray = [(name, nir, truth[..., :1]) for name, nir, truth in pairs]
    points = robustness.measure("gray", lambda nir: nir, gray)
    assert {point.ae for point in points} == {None}
    robustness_files.write(tmp_path / "curves.csv", points)
    with (tmp_path / "curves.csv").open(newline="") as file:
        assert {row["ae"] for row in csv.DictReader(file)} == {""}
    robustness_plot.write_plot(tmp_path / "curves.svg", points)
    assert "AE" not in (tmp_path / "curves.svg").read_text()


def made_up(run, psnr):
    return [
        robustness.Point(run, key, strength, 3, 1, psnr, 0.5, 10 / 3)
        for key, degradation in DEGRADATIONS.items()
        for strength in degradation.strengths
    ]


def test_csv_has_a_line_per_point(tmp_path):
    path = tmp_path / "curves.csv"
    robustness_files.write(path, made_up("a", 20) + made_up("b, c", 30))
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * sum(len(d.strengths) for d in DEGRADATIONS.values())
    assert rows[1] == {
        "run": "a",
        "degradation": "blur",
        "strength": "0.5",
        "images": "3",
        "left_out": "1",
        "psnr": "20.000000",
        "ssim": "0.500000",
        "ae": "3.333333",
    }
    assert (rows[-1]["run"], rows[-1]["psnr"]) == ("b, c", "30.000000")
    strengths = [r["strength"] for r in rows if r["degradation"] == "jpeg"]
    assert strengths == ["inf", "90", "60", "30", "10"] * 2


def test_plot_has_a_line_per_run_and_panel(tmp_path):
    path = tmp_path / "curves.svg"
    names = ["_unet", "$a$ <b>"]
    robustness_plot.write_plot(
        path, made_up("_unet", 20) + made_up("$a$ <b>", 21)
    )
    text = path.read_text()
    for name in ("_unet", "$a$ &lt;b&gt;", "PSNR (dB), higher is better"):
        assert text.count(f">{name}</text>") == 1
    # Three metrics and the legend.
    colors = re.findall(r"stroke: (#[0-9a-f]{6}); stroke-width: 1.2", text)
    per_run = 3 * len(DEGRADATIONS) + 1
    assert [colors.count(c) for c in dict.fromkeys(colors)] == [per_run] * len(
        names
    )
    robustness_plot.write_plot(
        path, made_up("_unet", 20) + made_up("$a$ <b>", 21)
    )
    assert path.read_text() == text


def test_plot_as_png_and_of_no_other_suffix(tmp_path):
    robustness_plot.write_plot(tmp_path / "curves.PNG", made_up("a", 30))
    image = cv2.imread(str(tmp_path / "curves.PNG"))
    assert image.shape[1] == 1800
    with pytest.raises(InputError, match=r"curves\.pdf.*'\.pdf'.*\.svg, \.png"):
        robustness_plot.write_plot(tmp_path / "curves.pdf", made_up("a", 20))
    with pytest.raises(InputError, match="absent"):
        robustness_plot.write_plot(
            tmp_path / "absent" / "a.svg", made_up("a", 20)
        )
    assert [path.name for path in tmp_path.iterdir()] == ["curves.PNG"]
