"""LPIPS, FID and KID: what enters the networks, and what is said without them.

CI has no PyTorch: stand-ins take its place. The last tests need the extra
`perceptual`, but no weights: their networks are random.
"""

import contextlib
import functools
import sys
import types
import urllib.error

import numpy as np
import pytest
from skimage import color

from nircolor_tf.errors import InputError
from nircolor_tf.evaluation import fid_kid, lpips_metric
from nircolor_tf.images import image_files

ALEXNET = "https://example.org/models/alexnet.pth"
INCEPTION = "https://example.org/models/inception.pth"


@pytest.fixture
def pair():
    """A prediction and a truth, 40x52, uint8."""
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (2, 40, 52, 3), dtype=np.uint8)


@pytest.fixture
def packages(monkeypatch, tmp_path):
    """Stand-ins for the extra's packages.

    LPIPS is the mean absolute difference of what enters it. torch_fidelity
    keeps what it is asked in `asked` and answers with counts.
    """

    def calculate_metrics(**asked):
        packages.asked = asked
        return {"FID": 7.0, "KID": 0.5} if asked["fid"] else {"KID": 0.5}

    hub = types.SimpleNamespace(
        get_dir=lambda: str(tmp_path),
        load_state_dict_from_url=lambda url, **options: None,
    )
    alexnet = types.SimpleNamespace(
        IMAGENET1K_V1=types.SimpleNamespace(url=ALEXNET)
    )
    packages = types.SimpleNamespace(
        hub=hub,
        lpips=types.SimpleNamespace(
            LPIPS=lambda net, version, verbose: (
                lambda first, second: np.abs(first - second).mean(keepdims=True)
            )
        ),
        torchvision=types.SimpleNamespace(
            models=types.SimpleNamespace(AlexNet_Weights=alexnet)
        ),
        torch=types.SimpleNamespace(
            hub=hub,
            from_numpy=lambda array: array,
            inference_mode=contextlib.nullcontext,
        ),
        torch_fidelity=types.SimpleNamespace(
            calculate_metrics=calculate_metrics,
            KEY_METRIC_FID="FID",
            KEY_METRIC_KID_MEAN="KID",
        ),
    )
    for name in ("lpips", "torchvision", "torch", "torch_fidelity"):
        monkeypatch.setitem(sys.modules, name, getattr(packages, name))
    monkeypatch.setitem(
        sys.modules,
        "torch_fidelity.feature_extractor_inceptionv3",
        types.SimpleNamespace(URL_INCEPTION_V3=INCEPTION),
    )
    return packages


def write_images(folder, count, side=12):
    folder.mkdir()
    rng = np.random.default_rng(count)
    for index in range(count):
        image_files.write_image(
            folder / f"{index}.png",
            rng.integers(0, 256, (side + index, side, 3), dtype=np.uint8),
        )
    return folder


def test_lpips_sees_8_bit_images_between_minus_one_and_one(packages, pair):
    seen = []
    packages.lpips.LPIPS = lambda **options: (
        lambda *batches: seen.append((options, batches)) or np.zeros(1)
    )
    # Not far enough from the levels to change them.
    prediction = np.float32(np.clip(pair[0] / 255 + 0.4 / 255, 0, 1))
    lpips_metric.Lpips().measure(prediction, pair[1])
    options, batches = seen[0]
    assert (options["net"], options["version"]) == ("alex", "0.1")
    for batch, image in zip(batches, pair, strict=True):
        assert batch.dtype == np.float32
        expected = np.moveaxis(image / 127.5 - 1, 2, 0)[None]
        np.testing.assert_allclose(batch, expected, atol=1e-6)


def test_colors_at_one_lightness_by_hand():
    # Grays: Y = ((55 + 16) / 116)^3 = 0.22930, which sRGB encodes as
    # 1.055 Y^(1/2.4) - 0.055 = 0.51616.
    image = np.zeros((2, 3, 3))
    image[0] = (0.5, 0.3, 0.2)
    image[1] = [[0, 0, 0], [0.3, 0.3, 0.3], [1, 1, 1]]
    equal = lpips_metric.at_one_lightness(image)
    np.testing.assert_allclose(equal[1], 0.51616, atol=1e-4)
    lab, before = color.rgb2lab(equal[0]), color.rgb2lab(image[0])
    np.testing.assert_allclose(lab[:, 0], 55, atol=0.01)
    np.testing.assert_allclose(lab[:, 1:], before[:, 1:], atol=0.01)
    assert image[1, 2, 0] == 1  # the image itself is left alone


def test_lpips_ab_is_blind_to_lightness_alone(packages):
    gray = np.repeat(np.arange(40 * 40).reshape(40, 40, 1) % 256, 3, axis=2)
    gray = gray.astype(np.uint8)
    lightness = lpips_metric.Lpips().measure(gray, gray[::-1])
    assert lightness["lpips"] > 0.1
    assert lightness["lpips_ab"] < 1e-4
    tinted = np.minimum(gray, 200) + np.uint8([0, 0, 50])
    assert lpips_metric.Lpips().measure(tinted, gray)["lpips_ab"] > 0.02


def test_lpips_of_an_image_it_is_not_for_is_absent(packages, pair):
    lpips = lpips_metric.Lpips()
    assert lpips.measure(pair[0, ..., :1], pair[1, ..., :1]) == {}
    assert lpips.measure(pair[0, :, :30], pair[1, :, :30]) == {}
    whole = lpips.measure(pair[0, :, :31], pair[1, :, :31])
    assert list(whole) == ["lpips", "lpips_ab"]


def test_pixels_that_are_no_numbers_are_named(packages, pair):
    wrong = pair[0] / 255
    wrong[3, 4, 1] = np.nan
    with pytest.raises(InputError, match=r"prediction: 1 of 2080 pixels"):
        lpips_metric.Lpips().measure(wrong, pair[1])


def test_few_images_have_a_kid_and_no_fid(packages, tmp_path):
    predictions = write_images(tmp_path / "predictions", 4)
    truths = write_images(tmp_path / "truths", 3)
    image_files.write_image(truths / "3.jpg", np.zeros((12, 12, 3), np.uint8))
    assert fid_kid.set_metrics(predictions, truths) == {"kid": 0.5}
    assert packages.asked["input1"] == str(predictions)
    assert packages.asked["input2"] == str(truths)
    assert packages.asked["kid_subset_size"] == 3


@pytest.mark.parametrize(
    ("count", "subset", "names"),
    [
        (1000, 1000, ["kid"]),
        (2048, 1000, ["kid"]),
        (2049, 1000, ["fid", "kid"]),
    ],
)
def test_many_images(packages, monkeypatch, count, subset, names):
    files = [types.SimpleNamespace(suffix=".png")] * count
    monkeypatch.setattr(image_files, "list_images", lambda folder: files)
    assert list(fid_kid.set_metrics("ours", "truth")) == names
    assert packages.asked["kid_subset_size"] == subset


def test_a_single_image_is_no_set(packages, tmp_path):
    one = write_images(tmp_path / "one", 1)
    two = write_images(tmp_path / "two", 2)
    with pytest.raises(InputError, match=r"one: holds 1 PNG .* at least 2"):
        fid_kid.set_metrics(two, one)


@pytest.mark.parametrize(
    ("metric", "package"), [("lpips", "lpips"), ("fid", "torch_fidelity")]
)
def test_without_the_extra_it_says_what_to_install(
    packages, monkeypatch, metric, package
):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(
        InputError,
        match=rf"--perceptual={metric} needs {package}: pip install "
        r"'nircolor-tf\[perceptual\]'",
    ):
        call(metric)


@pytest.mark.parametrize(
    ("metric", "network", "url"),
    [("lpips", "AlexNet", ALEXNET), ("fid", "Inception-v3", INCEPTION)],
)
def test_without_weights_it_says_where_they_come_from(
    packages, monkeypatch, tmp_path, metric, network, url
):
    def offline(url, **options):
        raise urllib.error.URLError("no such host")

    packages.hub.load_state_dict_from_url = offline
    monkeypatch.setattr(fid_kid, "_count", lambda folder: 28)
    with pytest.raises(InputError) as caught:
        call(metric)
    message = str(caught.value)
    assert f"--perceptual={metric}: the {network} weights" in message
    assert "no such host" in message
    file = tmp_path / "checkpoints" / url.rpartition("/")[2]
    assert f"from {url} to {file}:" in message


def call(metric):
    """Whatever loads a metric's networks."""
    if metric == "lpips":
        return lpips_metric.Lpips()
    return fid_kid.set_metrics("predictions", "truths")


def test_lpips_is_equation_1_on_the_features_of_alexnet(monkeypatch, pair):
    lpips = pytest.importorskip("lpips")
    torch = pytest.importorskip("torch")
    skip_download(monkeypatch, torch)
    torch.manual_seed(0)
    monkeypatch.setattr(
        lpips, "LPIPS", functools.partial(lpips.LPIPS, pnet_rand=True)
    )
    measuring = lpips_metric.Lpips()
    network = measuring._network

    def distance(first, second):
        features = [
            alexnet_features(torch, network.net, image)
            for image in (first, second)
        ]
        return sum(
            # The package holds the squares of the paper's w_l.
            np.einsum(
                "c,chw->",
                layer.model[-1].weight.detach().numpy()[0, :, 0, 0],
                (one - other) ** 2,
            )
            / one[0].size
            for layer, one, other in zip(network.lins, *features, strict=True)
        )

    prediction, truth = pair / 255
    measured = measuring.measure(*pair)
    assert measured["lpips"] == pytest.approx(
        distance(prediction, truth), rel=1e-5
    )
    assert measured["lpips_ab"] == pytest.approx(
        distance(
            lpips_metric.at_one_lightness(prediction),
            lpips_metric.at_one_lightness(truth),
        ),
        rel=1e-5,
    )
    assert measuring.measure(truth, truth) == {"lpips": 0, "lpips_ab": 0}
    assert measuring.measure(*pair[:, :31, :31])["lpips"] > 0


def alexnet_features(torch, alexnet, image):
    """What its convolutions make of an image, each position of length 1."""
    # The mean and the deviation of ImageNet, for values in [0, 1].
    mean, deviation = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    values = np.moveaxis((image - mean) / deviation, 2, 0)[None]
    values = torch.from_numpy(np.float32(values))
    # Each with its ReLU, in their order.
    for index in range(1, 6):
        values = getattr(alexnet, f"slice{index}")(values)
        stack = values[0].numpy()
        yield stack / np.linalg.norm(stack, axis=0)


def test_kid_and_fid_by_their_formulas(monkeypatch, tmp_path):
    pytest.importorskip("torch_fidelity")
    torch = pytest.importorskip("torch")
    skip_download(monkeypatch, torch)
    make_features_colors(monkeypatch)
    monkeypatch.setattr(fid_kid, "FEWEST_FOR_FID", 9)
    folders = [
        write_images(tmp_path / "predictions", 9),
        write_images(tmp_path / "truths", 9, side=20),
    ]
    # So that the sets are not of one distribution.
    white = np.full((30, 20, 3), 255, np.uint8)
    image_files.write_image(folders[0] / "0.png", white)
    ours, truth = (
        np.array(
            [
                image_files.read_rgb(file)[0, 0]
                for file in image_files.list_images(folder)
            ]
        ).astype(float)
        for folder in folders
    )

    def kernel(first, second):
        return (first @ second.T / 3 + 1) ** 3

    def mean_of_others(values):
        return (values.sum() - np.trace(values)) / (9 * 8)

    kid = (
        mean_of_others(kernel(ours, ours))
        + mean_of_others(kernel(truth, truth))
        - 2 * kernel(ours, truth).mean()
    )
    # The trace of the root of a product of covariances is the nuclear norm of
    # the product of the centered features.
    centered = [values - values.mean(axis=0) for values in (ours, truth)]
    fid = (
        np.sum((ours.mean(axis=0) - truth.mean(axis=0)) ** 2)
        + sum(np.sum(values**2) for values in centered) / 8
        - 2 * np.linalg.norm(centered[0] @ centered[1].T, "nuc") / 8
    )
    assert fid_kid.set_metrics(*folders) == {
        "fid": pytest.approx(fid, rel=1e-4),
        "kid": pytest.approx(kid, rel=1e-4),
    }


def make_features_colors(monkeypatch):
    """Takes the color of the first pixel in place of 2048 features."""
    inception = sys.modules["torch_fidelity.feature_extractor_inceptionv3"]
    network = inception.FeatureExtractorInceptionV3
    monkeypatch.setattr(
        inception, "load_state_dict_from_url", lambda url, **options: None
    )
    monkeypatch.setattr(network, "load_state_dict", lambda self, weights: None)
    monkeypatch.setattr(
        network, "forward", lambda self, batch: (batch[:, :, 0, 0].float(),)
    )


def skip_download(monkeypatch, torch):
    monkeypatch.setattr(
        torch.hub, "load_state_dict_from_url", lambda url, **options: None
    )
