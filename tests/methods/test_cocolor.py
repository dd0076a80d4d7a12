"""CoColor: its equations by hand, its phases, paths and sizes.

The contract that every method keeps is in test_methods.py, what the ablations
do in test_ablations.py.
"""

import functools

import numpy as np
import pytest
import smoke
from stubs import Affine, experiment, flat, gradients, values

from nircolor_tf.errors import InputError
from nircolor_tf.methods import cocolor
from nircolor_tf.training import section_checks

SIDE = 11
X_N, X_G = 0.4, 0.5
Y_N, Y_G = (0.2, 0.5, 0.8), (0.614, 0.5, 0.201)  # the luma of Y_G is X_G
BATCH = {
    "paired": {"nir": flat(SIDE, X_N), "rgb": flat(SIDE, *Y_N)},
    "unpaired": {"rgb": flat(SIDE, *Y_G)},
}

TRANSLATORS = {"nir_to_gray", "gray_to_nir"}
COLORIZERS = {"nir_colorizer", "gray_colorizer"}
IMAGE_DISCRIMINATORS = {"nir_discriminator", "gray_discriminator"}
FEATURE_DISCRIMINATORS = {
    "nir_feature_discriminator",
    "gray_feature_discriminator",
}

# lambda_p 10, lambda_3 and lambda_4 0.025, lambda_c 1, lambda_1 0.1,
# lambda_2 0.01.
PAPERS_WEIGHTS = {
    "gray_pair": 10,
    "translated_gray_pair": 10 * 0.025,
    "nir_pair": 10,
    "translated_nir_pair": 10 * 0.025,
    "nir_bilateral": 1,
    "gray_bilateral": 1,
    "mix_alpha": 0.84,
    "image_gan": 1,
    "feature_gan": 1,
    "cycle": 0.1,
    "identity": 0.01,
    "discriminator": 0.5,
}

NETWORKS = {
    "nir_to_gray": Affine(0.5, 0.1),
    "gray_to_nir": Affine(0.8, 0.2),
    "nir_colorizer": Affine(0.5, 0.1, channels=3),
    "gray_colorizer": Affine(1.0, 0.2, channels=3),
    "nir_discriminator": Affine(2.0, -0.3),
    "gray_discriminator": Affine(-1.0, 0.9),
    "nir_feature_discriminator": Affine(3.0, -0.6),
    "gray_feature_discriminator": Affine(-2.0, 1.5),
}
# X_N2G is 0.5 * 0.4 + 0.1 = 0.3, X_G2N is 0.8 * 0.5 + 0.2 = 0.6. Colored:
# F_N(X_N) 0.3, F_N(X_G2N) 0.4, F_G(X_G) 0.7, F_G(X_N2G) 0.5.
GRAY_PAIR = (0.086 + 0.2 + 0.499) / 3  # 0.7 from Y_G
TRANSLATED_GRAY_PAIR = (0.3 + 0.0 + 0.3) / 3  # 0.5 from Y_N
NIR_PAIR = (0.1 + 0.2 + 0.5) / 3  # 0.3 from Y_N
TRANSLATED_NIR_PAIR = (0.214 + 0.1 + 0.199) / 3  # 0.4 from Y_G
# Of flat images all that L_mix compares is the means.
C_1 = 0.01**2
NIR_LIGHT = (2 * 0.3 * 0.5 + C_1) / (0.3**2 + 0.5**2 + C_1)
GRAY_LIGHT = (2 * 0.7 * 0.4 + C_1) / (0.7**2 + 0.4**2 + C_1)
NIR_BILATERAL = 0.84 * (1 - NIR_LIGHT) + 0.16 * 0.2
GRAY_BILATERAL = 0.84 * (1 - GRAY_LIGHT) + 0.16 * 0.3


@pytest.fixture
def with_weights(monkeypatch):
    """The method as published, or with these weights, on known networks."""
    return functools.partial(
        experiment, monkeypatch, "cocolor", networks=NETWORKS
    )


def assert_terms(method, phases, expected):
    """What these phases log, each of them."""
    for phase in phases:
        found = values(getattr(method, f"{phase}_losses")(BATCH))
        assert {name: found[name] for name in expected} == pytest.approx(
            expected, abs=1e-5
        ), phase


def test_equation_3_each_term_and_its_own_truth(with_weights):
    method = with_weights()
    expected = {
        "colorizers/gray_pair": GRAY_PAIR,
        "colorizers/translated_gray_pair": TRANSLATED_GRAY_PAIR,
        "colorizers/nir_pair": NIR_PAIR,
        "colorizers/translated_nir_pair": TRANSLATED_NIR_PAIR,
    }
    assert_terms(method, ("colorize", "cooperate"), expected)


def test_equation_3_with_its_lambdas(with_weights):
    others = {key: 0.0 for key in PAPERS_WEIGHTS if not key.endswith("_pair")}
    method = with_weights(**others)
    found = values(method.colorize_losses(BATCH))
    assert found["colorizer_optimizer"] == pytest.approx(
        10
        * (
            GRAY_PAIR
            + 0.025 * TRANSLATED_GRAY_PAIR
            + NIR_PAIR
            + 0.025 * TRANSLATED_NIR_PAIR
        ),
        rel=1e-5,
    )


def test_equation_4_bilateral_consistency(with_weights):
    method = with_weights()
    for phase in ("colorize", "cooperate"):
        found = values(getattr(method, f"{phase}_losses")(BATCH))
        for name, expected in (
            ("nir_bilateral", NIR_BILATERAL),
            ("gray_bilateral", GRAY_BILATERAL),
        ):
            # Of a constant image rounding leaves a variance near 1e-7, which
            # SSIM compares with 0.03 ** 2.
            assert found[f"colorizers/{name}"] == pytest.approx(
                expected, abs=3e-4
            )


def test_equation_5_image_gan_of_nir(with_weights):
    # D_N: 2 * 0.6 - 0.3 of X_G2N, 2 * 0.4 - 0.3 of X_N.
    fake, real = 0.9, 0.5
    expected = {
        "gray_to_nir/gan": (fake - 1) ** 2,
        "nir_discriminator/gan": (real - 1) ** 2 + fake**2,
    }
    assert_terms(with_weights(), ("translate", "cooperate"), expected)


def test_equation_6_feature_gan_of_nir(with_weights):
    # D_N^feat: 3 * 0.4 - 0.6 of F_N(X_G2N), 3 * 0.3 - 0.6 of F_N(X_N).
    fake, real = 0.6, 0.3
    expected = {
        "nir_colorizer/gan": (fake - 1) ** 2,
        "nir_feature_discriminator/gan": (real - 1) ** 2 + fake**2,
    }
    assert_terms(with_weights(), ("colorize", "cooperate"), expected)


def test_equation_7_image_gan_of_gray(with_weights):
    # D_G: 0.9 - 0.3 of X_N2G, 0.9 - 0.5 of X_G.
    fake, real = 0.6, 0.4
    expected = {
        "nir_to_gray/gan": (fake - 1) ** 2,
        "gray_discriminator/gan": (real - 1) ** 2 + fake**2,
    }
    assert_terms(with_weights(), ("translate", "cooperate"), expected)


def test_equation_8_feature_gan_of_gray(with_weights):
    # D_G^feat: 1.5 - 2 * 0.5 of F_G(X_N2G), 1.5 - 2 * 0.7 of F_G(X_G).
    fake, real = 0.5, 0.1
    expected = {
        "gray_colorizer/gan": (fake - 1) ** 2,
        "gray_feature_discriminator/gan": (real - 1) ** 2 + fake**2,
    }
    assert_terms(with_weights(), ("colorize", "cooperate"), expected)


def test_equation_6_and_8_pass_no_gradient_to_real_ones(with_weights):
    others = dict.fromkeys(PAPERS_WEIGHTS, 0.0)
    method = with_weights(**others | {"feature_gan": 1.0})
    # Of (3 (gain 0.6 + 0.1) - 1.6) ** 2, and (1.5 - 2 (gain 0.3 + 0.2) - 1)
    # ** 2: the terms of what is generated, alone.
    of_nir, of_gray = 2 * (0.6 - 1) * 3 * 0.6, 2 * (0.5 - 1) * -2 * 0.3
    colorizers = [NETWORKS["nir_colorizer"], NETWORKS["gray_colorizer"]]
    for losses in (method.colorize_losses, method.cooperate_losses):
        found = gradients(losses, "colorizer_optimizer", colorizers, BATCH)
        assert found == pytest.approx([of_nir, of_gray], rel=1e-5)
    losses = with_weights().colorize_losses
    judges = [NETWORKS[name] for name in FEATURE_DISCRIMINATORS]
    optimizer = "feature_discriminator_optimizer"
    found = gradients(losses, optimizer, colorizers + judges, BATCH)
    assert found[:2] == [None, None]
    assert None not in found[2:]


def test_equation_9_cycle(with_weights):
    expected = {
        # X_G2N, 0.6, becomes 0.4 again, where X_G was 0.5.
        "nir_to_gray/cycle": 0.1,
        # X_N2G, 0.3, becomes 0.44 again, where X_N was 0.4.
        "gray_to_nir/cycle": 0.04,
    }
    assert_terms(with_weights(), ("translate", "cooperate"), expected)


def test_equation_10_identity(with_weights):
    expected = {
        "nir_to_gray/identity": 0.5 - (0.5 * 0.5 + 0.1),
        "gray_to_nir/identity": (0.8 * 0.4 + 0.2) - 0.4,
    }
    assert_terms(with_weights(), ("translate", "cooperate"), expected)


@pytest.mark.parametrize(
    "weights",
    [
        PAPERS_WEIGHTS,
        # Each of its own, so that none can stand at another's term.
        {key: 1.5**i for i, key in enumerate(PAPERS_WEIGHTS)}
        | {"mix_alpha": 0.84},
    ],
    ids=["published", "any"],
)
def test_equation_11_the_total_and_its_parts(weights, with_weights):
    method = with_weights()
    if weights is PAPERS_WEIGHTS:
        published = method.config.loss.to_dict()
        assert published.pop("mix_form") == "zhao"
        assert published == pytest.approx(weights)
    else:
        method = with_weights(**weights)
    # What equations 5 to 10 are, worked above.
    translators = (
        weights["image_gan"] * (0.01 + 0.16)
        + weights["cycle"] * (0.1 + 0.04)
        + weights["identity"] * (0.15 + 0.12)
    )
    colorizers = (
        weights["gray_pair"] * GRAY_PAIR
        + weights["translated_gray_pair"] * TRANSLATED_GRAY_PAIR
        + weights["nir_pair"] * NIR_PAIR
        + weights["translated_nir_pair"] * TRANSLATED_NIR_PAIR
        + weights["nir_bilateral"] * NIR_BILATERAL
        + weights["gray_bilateral"] * GRAY_BILATERAL
        + weights["feature_gan"] * (0.16 + 0.25)
    )
    images = weights["discriminator"] * (0.25 + 0.81 + 0.36 + 0.36)
    features = weights["discriminator"] * (0.49 + 0.36 + 0.81 + 0.25)
    translate = {
        "translator_optimizer": translators,
        "image_discriminator_optimizer": images,
    }
    colorize = {
        "colorizer_optimizer": colorizers,
        "feature_discriminator_optimizer": features,
    }
    cooperate = translate | colorize
    cooperate["translator_optimizer"] = translators + colorizers
    cooperate["colorizer_optimizer"] = translators + colorizers
    for phase, expected in (
        (method.translate_losses, translate),
        (method.colorize_losses, colorize),
        (method.cooperate_losses, cooperate),
    ):
        total, _ = phase(BATCH)
        found = {name: float(value) for name, value in total.items()}
        assert found == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-1.0, 1.0)])
def test_the_gray_of_a_photo_is_its_luma(low, high):
    span = high - low
    red, green, blue = (low + span * value for value in (0.2, 0.5, 0.8))
    batch = {
        "paired": {"nir": flat(2, 0.3), "rgb": flat(2, *Y_N)},
        "unpaired": {"rgb": flat(2, red, green, blue)},
    }
    nir, nir_rgb, gray, gray_rgb = cocolor._images(batch)
    assert nir is batch["paired"]["nir"]
    assert nir_rgb is batch["paired"]["rgb"]
    assert gray_rgb is batch["unpaired"]["rgb"]
    luma = low + span * (0.299 * 0.2 + 0.587 * 0.5 + 0.114 * 0.8)
    np.testing.assert_allclose(gray, flat(2, luma), atol=1e-6)


def test_the_gray_of_the_same_pair(monkeypatch):
    method = experiment(monkeypatch, "cocolor", "aligned_gray")
    assert {phase.data for phase in method.phases()} == {("paired",)}
    pair = {"nir": flat(2, 0.3), "rgb": flat(2, 0.2, 0.5, 0.8)}
    nir, nir_rgb, gray, gray_rgb = cocolor._images(pair)
    assert nir is pair["nir"]
    assert nir_rgb is gray_rgb is pair["rgb"]
    luma = 0.299 * 0.2 + 0.587 * 0.5 + 0.114 * 0.8
    np.testing.assert_allclose(gray, flat(2, luma), atol=1e-6)


def test_an_unknown_source_of_gray_is_refused():
    config = smoke.load_config("cocolor", "smoke")
    config.gray_source = "both"
    with pytest.raises(InputError, match=r"gray_source is .both.; .*unpaired"):
        section_checks.SECTION_CHECKS["gray_source"](config, "gray_source")


def test_the_published_phases(monkeypatch):
    method = experiment(monkeypatch, "cocolor")
    # As many as the paper has pairs; the training counts its own.
    assert method.config.schedule.epoch_images == 0
    method.config.schedule.epoch_images = 372
    assert method.optimizers.keys() == {
        "translator_optimizer",
        "colorizer_optimizer",
        "image_discriminator_optimizer",
        "feature_discriminator_optimizer",
    }
    constant, falling = (1e-4, 1e-4, 1e-4), (1e-4, 0.5e-4, 0.0)
    translate = TRANSLATORS | IMAGE_DISCRIMINATORS
    colorize = COLORIZERS | FEATURE_DISCRIMINATORS
    for phase, name, epochs, networks, expected in zip(
        method.phases(),
        ("translate", "colorize", "cooperate"),
        (400, 250, 100),
        (translate, colorize, translate | colorize),
        (constant, constant, falling),
        strict=True,
    ):
        assert phase.name == name
        # 372 pairs are 37 batches of 10 and one of 2.
        assert phase.steps == 38 * epochs
        assert phase.losses == getattr(method, f"{name}_losses")
        assert phase.data == ("paired", "unpaired")
        trained = [
            network
            for optimizer in phase.optimizers
            for network in method.optimizers[optimizer].networks
        ]
        assert sorted(trained) == sorted(networks)
        assert phase.rates.keys() == set(phase.optimizers)
        for rate in phase.rates.values():
            found = [rate(progress) for progress in (0.0, 0.5, 1.0)]
            assert found == pytest.approx(expected)


def test_the_six_paths_by_hand(with_weights):
    method = with_weights()
    expected = {
        "n2c": ("nir", "rgb", ["nir_colorizer"], 0.3),
        "n2g2c": ("nir", "rgb", ["nir_to_gray", "gray_colorizer"], 0.5),
        "g2c": ("gray", "rgb", ["gray_colorizer"], 0.7),
        "g2n2c": ("gray", "rgb", ["gray_to_nir", "nir_colorizer"], 0.4),
        "n2g": ("nir", "gray", ["nir_to_gray"], 0.3),
        "g2n": ("gray", "nir", ["gray_to_nir"], 0.6),
    }
    sources = {"nir": flat(2, X_N), "gray": flat(2, X_G)}
    shown = method.visuals(sources["nir"], flat(2, *Y_G))
    paths = method.inference_paths()
    # The first is the one that is taken where none is named.
    assert list(paths) == list(expected)
    for name, (source, target, networks, value) in expected.items():
        path = paths[name]
        assert (path.source, path.target) == (source, target)
        assert list(path.networks) == networks
        image = flat(2, *[value] * {"rgb": 3}.get(target, 1))
        np.testing.assert_allclose(path.run(sources[source]), image, atol=1e-6)
        np.testing.assert_allclose(shown[name], image, atol=1e-6)
    assert shown.keys() == {"nir", "gray", *expected}
    np.testing.assert_allclose(shown["gray"], sources["gray"], atol=1e-6)
    called = method.call(sources["nir"])
    np.testing.assert_allclose(called, flat(2, 0.3, 0.3, 0.3), atol=1e-6)
