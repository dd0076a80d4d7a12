"""MPFNet: its equations by hand, its phases, paths and sizes.

The contract that every method keeps is in test_methods.py, the network in
test_mpfnet_network.py, what the ablations do in test_ablations.py.
"""

import functools

import numpy as np
import pytest
import smoke
import tensorflow as tf
from stubs import (
    Affine,
    Pyramid,
    experiment,
    flat,
    gradients,
    tiny_method,
    values,
)

from nircolor_tf.errors import InputError
from nircolor_tf.methods import mpfnet
from nircolor_tf.training import build

SIDE = 44
X_N, X_G = 0.2, 0.1
Y_N, Y_G = (0.2, -0.5, 0.6), (0.214, 0.1, -0.199)  # the luma of Y_G is X_G
PAIRED = {"nir": flat(SIDE, X_N), "rgb": flat(SIDE, *Y_N)}
UNPAIRED = {"rgb": flat(SIDE, *Y_G)}
BOTH = {"paired": PAIRED, "unpaired": UNPAIRED}

# Both lambdas of eq. 1 and both of eq. 5 are 1.
PAPERS_WEIGHTS = {
    "image_gan": 1,
    "cycle": 1,
    "identity": 1,
    "gray_mix": 1,
    "nir_mix": 1,
    "mix_alpha": 0.84,
    "translation": 1,
    "feature_gan": 1,
    "discriminator": 0.5,
}
# Each of its own, so that none can stand at another's term.
ANY_WEIGHTS = {key: 1.5**i for i, key in enumerate(PAPERS_WEIGHTS)} | {
    "mix_alpha": 0.84,
}
of_any_weights = pytest.mark.parametrize(
    "weights", [PAPERS_WEIGHTS, ANY_WEIGHTS], ids=["published", "any"]
)

NETWORKS = {
    "nir_to_gray": Pyramid(0.5, -0.3),
    "gray_to_nir": Pyramid(0.8, 0.3),
    "gray_colorizer": Pyramid(0.5, 0.1, channels=3),
    "nir_discriminator": Affine(2.0, -0.3),
    "gray_discriminator": Affine(-1.0, 0.9),
    "gray_feature_discriminator": Affine(3.0, 0.25),
}
# At full size X_N2G is 0.5 * 0.2 - 0.3 = -0.2, X_G2N is 0.8 * 0.1 + 0.3 = 0.38.
# D_N sees 0.46 in X_G2N and 0.1 in X_N, D_G 1.1 in X_N2G and 0.8 in X_G.
IMAGE_GAN = {
    "gray_to_nir/gan": (0.46 - 1) ** 2,
    "nir_to_gray/gan": (1.1 - 1) ** 2,
}
IMAGE_JUDGES = {
    "nir_discriminator/gan": (0.1 - 1) ** 2 + 0.46**2,
    "gray_discriminator/gan": (0.8 - 1) ** 2 + 1.1**2,
}
# X_G2N, 0.38, becomes -0.11 again; X_N2G, -0.2, becomes 0.14 again.
CYCLE = {
    "nir_to_gray/cycle": 0.1 - -0.11,
    "gray_to_nir/cycle": 0.2 - 0.14,
}
IDENTITY = {
    "nir_to_gray/identity": 0.1 - (0.5 * 0.1 - 0.3),
    "gray_to_nir/identity": (0.8 * 0.2 + 0.3) - 0.2,
}
# Colored at full size, F_G(X_G) is 0.15 and F_G(X_N2G) is 0. In these
# D_G^feat sees 0.7 and 0.25.
FEATURE_GAN = (0.25 - 1) ** 2
FEATURE_JUDGE = (0.7 - 1) ** 2 + 0.25**2


def mix_by_hand(prediction, truth):
    """L_mix of a gray and a color, in (-1, 1): it compares means alone."""
    truth, c_1 = np.array(truth), 0.02**2
    error = np.abs(prediction - truth).mean() / 2
    x, y = prediction + 1, truth + 1
    light = (2 * x * y + c_1) / (x**2 + y**2 + c_1)
    return 0.84 * (1 - light.mean()) + 0.16 * error


GRAY_MIX = sum(mix_by_hand(gray, Y_G) for gray in (0.15, 0.25, 0.35))
NIR_MIX = sum(mix_by_hand(gray, Y_N) for gray in (0.0, 0.1, 0.2))


@pytest.fixture
def with_weights(monkeypatch):
    """The method as published, or with these weights, on known networks."""
    return functools.partial(
        experiment, monkeypatch, "mpfnet", networks=NETWORKS
    )


def assert_terms(result, expected):
    """Of what a phase returns, these."""
    found = values(result)
    assert {name: found[name] for name in expected} == pytest.approx(
        expected, rel=1e-5, abs=1e-5
    )


def translators_of(weights):
    """What eq. 1 comes to."""
    return (
        weights["image_gan"] * sum(IMAGE_GAN.values())
        + weights["cycle"] * sum(CYCLE.values())
        + weights["identity"] * sum(IDENTITY.values())
    )


def test_the_published_weights():
    config = smoke.load_config("mpfnet", "")
    assert config.loss.to_dict() == PAPERS_WEIGHTS | {"mix_form": "zhao"}


@of_any_weights
def test_equation_1_translation(weights, with_weights):
    result = with_weights(**weights).translate_losses(BOTH)
    judges = weights["discriminator"] * sum(IMAGE_JUDGES.values())
    totals = {
        "translator_optimizer": translators_of(weights),
        "image_discriminator_optimizer": judges,
    }
    assert result[0].keys() == totals.keys()
    terms = IMAGE_GAN | IMAGE_JUDGES | CYCLE | IDENTITY
    assert_terms(result, totals | terms)


# Of a constant image rounding leaves a variance near 1e-7, which every scale
# compares with 0.06 ** 2.
MIX_TOLERANCE = 5e-4


@of_any_weights
def test_equation_2_three_scales_of_gray(weights, with_weights):
    totals, scalars = with_weights(**weights).colorize_losses(UNPAIRED)
    assert float(scalars["gray_colorizer/gray_mix"]) == pytest.approx(
        GRAY_MIX, abs=MIX_TOLERANCE
    )
    assert totals.keys() == {"colorizer_optimizer"}
    expected = weights["gray_mix"] * GRAY_MIX
    assert float(totals["colorizer_optimizer"]) == pytest.approx(
        expected, rel=1e-3
    )


def test_equation_2_shrinks_the_truth_by_averages(with_weights):
    """Black and white pixels are gray, not black, at half the size."""
    method = with_weights(mix_alpha=0.0)
    board = np.indices((SIDE, SIDE)).sum(axis=0) % 2 * 2.0 - 1.0
    truth = np.repeat(board[None, :, :, None], 3, axis=-1).astype(np.float32)
    gray = tf.zeros((1, SIDE, SIDE, 1))
    predictions = NETWORKS["gray_colorizer"](gray)  # 0.3, 0.2 and 0.1
    # From 0, from 0, and from -1 and 1 in turn; half of it, as if in [0, 1].
    expected = (0.3 + 0.2 + (1.1 + 0.9) / 2) / 2
    assert float(method._mix(predictions, truth)) == pytest.approx(
        expected, rel=1e-5
    )


@pytest.mark.parametrize(
    ("variant", "crop", "smallest"),
    [("", 43, 44), ("two_scales", 21, 22), ("without_sccm", 10, 11)],
)
def test_a_crop_too_small_for_the_older_l_mix(variant, crop, smallest):
    config = smoke.load_config("mpfnet", variant)
    config.data.crop = crop
    config.loss.mix_form = "pyramid"
    message = f"config.data.crop is {crop}; expected at least {smallest}, "
    with pytest.raises(InputError, match=message):
        build.make_method(config)


def test_equation_3_three_scales_of_translated_gray(with_weights):
    _, scalars = with_weights().fine_tune_losses(BOTH)
    assert float(scalars["gray_colorizer/nir_mix"]) == pytest.approx(
        NIR_MIX, abs=MIX_TOLERANCE
    )


def test_equation_4_feature_gan(with_weights):
    expected = {
        "gray_colorizer/gan": FEATURE_GAN,
        "gray_feature_discriminator/gan": FEATURE_JUDGE,
    }
    assert_terms(with_weights().fine_tune_losses(BOTH), expected)


def test_equation_4_passes_no_gradient_to_real_ones(with_weights):
    others = dict.fromkeys(PAPERS_WEIGHTS, 0.0)
    method = with_weights(**others | {"feature_gan": 1.0})
    losses = method.fine_tune_losses
    names = ("gray_colorizer", "nir_to_gray", "gray_feature_discriminator")
    networks = [NETWORKS[name] for name in names]
    # Of (3 (gain -0.2 + 0.1) + 0.25 - 1) ** 2, and (3 (0.5 (gain 0.2 - 0.3) +
    # 0.1) + 0.25 - 1) ** 2: the term of what is generated, alone.
    of_colorizer = 2 * (0.25 - 1) * 3 * -0.2
    of_translator = 2 * (0.25 - 1) * 3 * 0.5 * 0.2
    for optimizer in ("colorizer_optimizer", "translator_optimizer"):
        found = gradients(losses, optimizer, networks[:2], BOTH)
        assert found == pytest.approx([of_colorizer, of_translator], rel=1e-4)
    losses = with_weights().fine_tune_losses
    optimizer = "feature_discriminator_optimizer"
    *generators, judge = gradients(losses, optimizer, networks, BOTH)
    assert generators == [None, None]
    assert judge is not None


@of_any_weights
def test_equation_5_the_total_and_its_parts(weights, with_weights):
    totals, _ = with_weights(**weights).fine_tune_losses(BOTH)
    total = (
        weights["nir_mix"] * NIR_MIX
        + weights["translation"] * translators_of(weights)
        + weights["feature_gan"] * FEATURE_GAN
    )
    judges = weights["discriminator"]
    expected = {
        "translator_optimizer": total,
        "colorizer_optimizer": total,
        "image_discriminator_optimizer": judges * sum(IMAGE_JUDGES.values()),
        "feature_discriminator_optimizer": judges * FEATURE_JUDGE,
    }
    found = {name: float(value) for name, value in totals.items()}
    assert found == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-1.0, 1.0)])
def test_the_gray_of_a_photo_is_its_luma(low, high):
    span = high - low
    red, green, blue = (low + span * value for value in (0.2, 0.5, 0.8))
    batch = {"paired": PAIRED, "unpaired": {"rgb": flat(2, red, green, blue)}}
    nir, gray = mpfnet._images(batch)
    assert nir is PAIRED["nir"]
    luma = low + span * (0.299 * 0.2 + 0.587 * 0.5 + 0.114 * 0.8)
    np.testing.assert_allclose(gray, flat(2, luma), atol=1e-6)


def test_the_published_phases(monkeypatch):
    method = experiment(monkeypatch, "mpfnet")
    # As many as the paper has pairs; the training counts them.
    assert method.config.schedule.epoch_images == 0
    method.config.schedule.epoch_images = 372
    translate = {
        "nir_to_gray",
        "gray_to_nir",
        "nir_discriminator",
        "gray_discriminator",
    }
    every_one = translate | {"gray_colorizer", "gray_feature_discriminator"}
    constant, falling = (1e-4, 1e-4, 1e-4), (1e-4, 0.5e-4, 0.0)
    both = ("paired", "unpaired")
    for phase, expected, rates in zip(
        method.phases(),
        (
            ("translate", 38 * 400, method.translate_losses, both, translate),
            # X_G needs no NIR image.
            (
                "colorize",
                38 * 250,
                method.colorize_losses,
                ("unpaired",),
                {"gray_colorizer"},
            ),
            ("fine-tune", 38 * 100, method.fine_tune_losses, both, every_one),
        ),
        (constant, constant, falling),
        strict=True,
    ):
        trained = [
            network
            for optimizer in phase.optimizers
            for network in method.optimizers[optimizer].networks
        ]
        assert len(trained) == len(set(trained))
        # 372 pairs are 37 batches of 10 and one of 2.
        assert expected == (
            phase.name,
            phase.steps,
            phase.losses,
            phase.data,
            set(trained),
        )
        assert phase.rates.keys() == set(phase.optimizers)
        for rate in phase.rates.values():
            found = [rate(progress) for progress in (0.0, 0.5, 1.0)]
            assert found == pytest.approx(rates)


def test_the_four_paths_by_hand(with_weights):
    method = with_weights()
    expected = {
        "n2g2c": ("nir", "rgb", ("nir_to_gray", "gray_colorizer"), 0.0),
        "g2c": ("gray", "rgb", ("gray_colorizer",), 0.15),
        "n2g": ("nir", "gray", ("nir_to_gray",), -0.2),
        "g2n": ("gray", "nir", ("gray_to_nir",), 0.38),
    }
    sources = {"nir": flat(4, X_N), "gray": flat(4, X_G)}
    shown = method.visuals(sources["nir"], flat(4, *Y_G))
    paths = method.inference_paths()
    # The first is the one that is taken where none is named.
    assert list(paths) == list(expected)
    for name, (source, target, networks, value) in expected.items():
        path = paths[name]
        assert (path.source, path.target) == (source, target)
        assert path.networks == networks
        image = flat(4, *[value] * {"rgb": 3}.get(target, 1))
        np.testing.assert_allclose(path.run(sources[source]), image, atol=1e-6)
        np.testing.assert_allclose(shown[name], image, atol=1e-6)
    assert shown.keys() == {"nir", "gray", *expected}
    np.testing.assert_allclose(shown["gray"], sources["gray"], atol=1e-6)
    called = method.call(sources["nir"])
    np.testing.assert_allclose(called, flat(4, 0.0, 0.0, 0.0), atol=1e-6)


def test_golden_parameter_counts():
    def two_channels(filters, scales):
        """What a translator has less than a colorizer.

        At each scale two 3x3 filters and their biases; in each gate of the
        coarser ones, which sees the prediction, two inputs.
        """
        return 2 * (scales * (9 * filters + 1) + (scales - 1) * filters)

    tiny = tiny_method("mpfnet")
    network = tiny.config.network
    colorizer = tiny.gray_colorizer.count_params()
    for name in ("nir_to_gray", "gray_to_nir"):
        found = tiny.networks[name].count_params()
        assert found == colorizer - two_channels(
            network.filters, network.scales
        )
    published = smoke.load_config("mpfnet", "").network
    assert (published.filters, published.scales) == (64, 3)
    # The colorizer's is worked in test_mpfnet_network.py.
    assert 26_449_857 - two_channels(64, 3) == 26_446_139
