"""WLS smoothing and BFWLS fusion against independent computations."""

import dataclasses
import subprocess
import sys

import cv2
import numpy as np
import pytest
import smoke

from nircolor_tf.data import synthetic
from nircolor_tf.errors import InputError
from nircolor_tf.inference import bfwls, wls, wls_exact
from nircolor_tf.inference.fusion import COLORNET, BfwlsParameters

PARAMETERS = BfwlsParameters(
    bilateral_diameter=9,
    bilateral_sigma_color=0.1,
    bilateral_sigma_space=3,
    wls_lambda=0.5,
    wls_alpha=1.2,
    wls_epsilon=1e-4,
)


def _scene(seed, height=128, width=160):
    """A natural-looking image: 1/f texture, flat regions and sharp edges."""
    rng = np.random.default_rng(seed)
    frequency = np.hypot(
        np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)
    )
    spectrum = np.fft.rfft2(rng.standard_normal((height, width)))
    texture = np.fft.irfft2(
        spectrum / (frequency + 0.01) ** 1.3, (height, width)
    )
    scene = 0.45 + 0.1 * texture / texture.std()
    for _ in range(12):
        center = (int(rng.integers(width)), int(rng.integers(height)))
        radius = int(rng.integers(5, 30))
        mask = cv2.circle(np.zeros((height, width)), center, radius, 1.0, -1)
        scene = np.where(mask > 0, 0.4 * scene + 0.6 * rng.random(), scene)
    return np.clip(scene, 0, 1)


def _dense_system(image, strength, alpha, epsilon):
    """I + strength * L of Farbman et al., assembled pixel by pixel."""
    height, width = image.shape
    log = np.log(image + epsilon)
    system = np.eye(image.size)
    for y in range(height):
        for x in range(width):
            for y2, x2 in ((y + 1, x), (y, x + 1)):
                if y2 == height or x2 == width:
                    continue
                step = abs(log[y, x] - log[y2, x2])
                weight = strength / (step**alpha + epsilon)
                p, q = y * width + x, y2 * width + x2
                system[p, p] += weight
                system[q, q] += weight
                system[p, q] -= weight
                system[q, p] -= weight
    return system


def _psnr(one, other):
    return -10 * np.log10(np.mean((one - other) ** 2))


@pytest.mark.parametrize(("height", "width"), [(9, 13), (1, 7), (7, 1), (1, 1)])
def test_wls_exact_solves_the_system(height, width):
    image = _scene(0, 64, 64)[:height, :width]
    smooth = wls_exact.smooth(image[None], 0.7, 1.2, 1e-4)[0]
    system = _dense_system(image, 0.7, 1.2, 1e-4)
    residual = system @ smooth.ravel() - image.ravel()
    assert np.abs(residual).max() < 1e-8


def test_wls_exact_of_two_pixels_by_hand():
    # Log step 1 with epsilon 0 and alpha 1 gives the weight 1; lambda 0.5
    # gives 1.5 u - 0.5 v = a, -0.5 u + 1.5 v = b.
    image = np.array([[1.0, np.exp(-1)]])
    u, v = wls_exact.smooth(image[None], 0.5, 1.0, 0.0)[0, 0]
    assert u == pytest.approx(0.75 + 0.25 * np.exp(-1))
    assert v == pytest.approx(0.25 + 0.75 * np.exp(-1))


@pytest.mark.parametrize("strength", [0.1, 0.3, 1.0, 3.0])
@pytest.mark.parametrize("seed", [1, 2])
def test_wls_separable_agrees_with_exact(strength, seed):
    images = _scene(seed)[None]
    exact = wls_exact.smooth(images, strength, 1.2, 1e-4)
    separable = wls.smooth(images, strength, 1.2, 1e-4)
    assert separable.dtype == np.float32
    assert _psnr(separable, exact) >= 45
    # The agreement means something: the filter itself changes far more.
    assert _psnr(images, exact) < 35


@pytest.mark.parametrize("shape", [(1, 40), (40, 1)])
def test_wls_separable_converges_on_single_lines(shape):
    image = _scene(3, 64, 64).ravel()[:40].reshape(1, *shape)
    exact = wls_exact.smooth(image, 0.5, 1.2, 1e-4)
    separable = wls.smooth(image, 0.5, 1.2, 1e-4)
    assert _psnr(separable, exact) >= 60


def test_more_shifts_come_closer_to_the_exact_solution(monkeypatch):
    images = _scene(1)[None]
    exact = wls_exact.smooth(images, 1.0, 1.2, 1e-4)
    agreement = []
    for count in (2, 4, 8, 16):
        shifts = [(shift, shift) for shift in np.geomspace(0.5, 10, count)]
        monkeypatch.setattr(wls, "SHIFTS", shifts)
        agreement.append(_psnr(wls.smooth(images, 1.0, 1.2, 1e-4), exact))
    assert agreement == sorted(agreement)
    assert agreement[-1] > agreement[1] + 3


@pytest.mark.parametrize("strength", [0.3, 1.0, 3.0])
def test_three_sweeps_are_closer_than_the_former_four(strength, monkeypatch):
    images = np.stack(
        [synthetic.make_pair(seed, 96, 128)[0][..., 0] for seed in (3, 4)]
    )
    images = images / 255
    exact = wls_exact.smooth(images, strength, 1.2, 1e-4)
    three = wls.smooth(images, strength, 1.2, 1e-4)
    former = [(shift, shift) for shift in np.geomspace(0.5, 10, 4)]
    monkeypatch.setattr(wls, "SHIFTS", former)
    four = wls.smooth(images, strength, 1.2, 1e-4)
    for index in (0, 1):
        assert _psnr(three[index], exact[index]) > _psnr(
            four[index], exact[index]
        )


@pytest.mark.parametrize(
    ("dtype", "alpha", "tolerance"),
    [
        (np.float32, 1.2, 2e-3),  # of small steps, the rounding of the log
        (np.float32, 2.0, 2e-3),
        *((np.float64, alpha, 1e-9) for alpha in (0.1, 1.0, 1.2, 2.0, 3.5)),
    ],
)
def test_edge_weights_are_those_of_their_equation(dtype, alpha, tolerance):
    lines = _scene(6, 40, 30).astype(dtype)
    lines[5:9] = 0  # flat and black: the weight 1 / epsilon
    steps = np.abs(np.diff(np.log(lines.astype(np.float64) + 1e-4), axis=0))
    expected = 1 / (steps**alpha + 1e-4)
    weights = wls.edge_weights(lines, alpha, 1e-4)
    assert weights.dtype == dtype
    assert weights.max() == pytest.approx(1e4)
    np.testing.assert_allclose(weights, expected, rtol=tolerance)


@pytest.mark.parametrize("solver", [wls.smooth, wls_exact.smooth])
def test_wls_smooths_each_image_by_itself(solver):
    one, other = _scene(4, 20, 30), _scene(5, 20, 30)
    both = solver(np.stack([one, other]), 0.5, 1.2, 1e-4)
    alone = solver(other[None], 0.5, 1.2, 1e-4)
    np.testing.assert_allclose(both[1], alone[0], atol=1e-7)


@pytest.mark.parametrize("solver", [wls.smooth, wls_exact.smooth])
def test_wls_keeps_edges_and_removes_texture(solver):
    image = np.full((32, 32), 0.2)
    image[:, 16:] = 0.8
    texture = 0.01 * np.random.default_rng(0).standard_normal(image.shape)
    smooth = solver((image + texture)[None], 0.1, 1.2, 1e-4)[0]
    assert smooth[:, 17:].std() < 0.2 * texture.std()
    assert smooth[:, 16].mean() - smooth[:, 15].mean() > 0.5


def test_wls_refuses_a_single_image():
    with pytest.raises(InputError, match=r"\(8, 9\)"):
        wls.smooth(np.zeros((8, 9)), 1.0, 1.2, 1e-4)


def _pair(seed, low=0.25, high=0.7):
    """nir (H, W, 1) and an unrelated rgb (H, W, 3), float32 in [low, high]."""
    scenes = [_scene(seed + i, 48, 56) for i in range(4)]
    stack = low + (high - low) * np.stack(scenes, axis=-1)
    stack = stack.astype(np.float32)
    return stack[..., :1], stack[..., 1:]


def test_constant_images_stay_as_they_are():
    nir = np.full((24, 30, 1), 0.6, np.float32)
    rgb = np.broadcast_to(np.float32([0.1, 0.5, 0.3]), (24, 30, 3))
    np.testing.assert_allclose(bfwls.fuse(nir, rgb, PARAMETERS), rgb, atol=1e-6)


def test_fuse_follows_the_equations():
    nir, rgb = _pair(10)
    exact = dataclasses.replace(PARAMETERS, wls_solver="exact")
    fused = bfwls.fuse(nir, rgb, exact)

    def smooth(image):
        system = _dense_system(image.astype(np.float64), 0.5, 1.2, 1e-4)
        return np.linalg.solve(system, image.ravel()).reshape(image.shape)

    yuv = cv2.cvtColor(rgb, cv2.COLOR_RGB2YUV)
    nir = nir[..., 0]
    detail_bf = nir - cv2.bilateralFilter(nir, 9, 0.1, 3)  # eq. 6
    detail_wls = nir - smooth(nir)  # eq. 7
    detail = (detail_bf + detail_wls) / 2  # eq. 8
    yuv[..., 0] = detail + smooth(yuv[..., 0])  # eq. 9
    expected = cv2.cvtColor(yuv, cv2.COLOR_YUV2RGB)
    assert 0 < expected.min() < expected.max() < 1
    # OpenCV's YUV matrices have four digits.
    np.testing.assert_allclose(fused, expected, atol=2e-4)


def test_fuse_two_pixels_by_hand():
    # A NIR image without contrast has no detail, so Y' = WLS(Y). Pixels
    # (1, 0, 0) and (0, 0, 1) have Y = 0.299 and 0.114.
    rgb = np.float32([[[1, 0, 0], [0, 0, 1]]])
    nir = np.full((1, 2, 1), 0.4, np.float32)
    parameters = dataclasses.replace(PARAMETERS, wls_solver="exact")
    weight = 0.5 / (np.log(0.2991 / 0.1141) ** 1.2 + 1e-4)
    change = weight / (1 + 2 * weight) * (0.299 - 0.114)
    expected = [[[1 - change, 0, 0], [change, change, 1]]]  # the rest clipped
    fused = bfwls.fuse(nir, rgb, parameters)
    np.testing.assert_allclose(fused, expected, atol=1e-6)


def test_chroma_is_unchanged():
    nir, rgb = _pair(20)
    fused = bfwls.fuse(nir, rgb, PARAMETERS).astype(np.float64)
    assert 0 < fused.min() < fused.max() < 1  # nothing was clipped

    def chroma(image):
        luminance = image @ [0.299, 0.587, 0.114]
        return 0.492 * (image[..., 2] - luminance), 0.877 * (
            image[..., 0] - luminance
        )

    np.testing.assert_allclose(chroma(fused), chroma(rgb), atol=1e-6)
    assert np.abs(fused - rgb).max() > 0.01


def test_no_nir_detail_leaves_the_smooth_luminance():
    _, rgb = _pair(30)
    nir = np.full((*rgb.shape[:2], 1), 0.5, np.float32)
    fused = bfwls.fuse(nir, rgb, PARAMETERS)
    weights = np.float32([0.299, 0.587, 0.114])
    smooth = wls.smooth((rgb @ weights)[None], 0.5, 1.2, 1e-4)[0]
    np.testing.assert_allclose(fused @ weights, smooth, atol=3e-6)


def test_result_is_clipped():
    nir, rgb = _pair(40, low=0.0, high=1.0)
    rgb = np.round(rgb)
    fused = bfwls.fuse(nir, rgb, PARAMETERS)
    assert fused.dtype == np.float32
    assert (fused.min(), fused.max()) == (0, 1)


def test_inputs_are_not_changed():
    nir, rgb = _pair(50)
    before = nir.copy(), rgb.copy()
    bfwls.fuse(nir, rgb, PARAMETERS)
    np.testing.assert_array_equal(nir, before[0])
    np.testing.assert_array_equal(rgb, before[1])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("bilateral_diameter", 8),
        ("bilateral_diameter", 1),
        ("bilateral_sigma_color", 0),
        ("bilateral_sigma_space", -1.0),
        ("wls_lambda", -0.1),
        ("wls_lambda", float("nan")),
        ("wls_alpha", 0.0),
        ("wls_epsilon", 0),
        ("wls_solver", "magic"),
    ],
)
def test_bad_parameters_are_named(name, value):
    with pytest.raises(InputError, match=f"{name}={value!r}"):
        dataclasses.replace(PARAMETERS, **{name: value})


def test_bad_images_are_named():
    nir, rgb = _pair(60)
    with pytest.raises(InputError, match=r"\(47, 56, 1\).*\(48, 56, 3\)"):
        bfwls.fuse(nir[1:], rgb, PARAMETERS)
    with pytest.raises(InputError, match="rgb lies in"):
        bfwls.fuse(nir, rgb * 255, PARAMETERS)
    nir[0, 0] = np.nan
    with pytest.raises(InputError, match="nir lies in"):
        bfwls.fuse(nir, rgb, PARAMETERS)


def test_fusion_needs_no_scipy():
    code = (
        "import sys; sys.modules['scipy'] = None\n"
        "import numpy as np\n"
        "from nircolor_tf.errors import InputError\n"
        "from nircolor_tf.inference import bfwls, wls_exact\n"
        "from nircolor_tf.inference.fusion import BfwlsParameters\n"
        "p = BfwlsParameters(9, 0.1, 3, 0.5, 1.2, 1e-4)\n"
        "bfwls.fuse(np.zeros((5, 6, 1)), np.zeros((5, 6, 3)), p)\n"
        "assert not {'tensorflow', 'skimage'} & set(sys.modules)\n"
        "try:\n"
        "    wls_exact.smooth(np.zeros((1, 5, 6)), 0.5, 1.2, 1e-4)\n"
        "except InputError as error:\n"
        "    assert 'pip install scipy' in str(error)\n"
        "else:\n"
        "    sys.exit('no error')\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_colornet_is_what_its_config_says():
    fusion = smoke.load_config("colornet", "").fusion.to_dict()
    del fusion["enabled"]
    assert BfwlsParameters(**fusion) == COLORNET
