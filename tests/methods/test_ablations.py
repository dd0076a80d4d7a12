"""The ablations of MPFNet and CoColor: what they change, what that does."""

import itertools

import numpy as np
import pytest
import smoke
import tensorflow as tf
from contract import make_batch
from stubs import (
    Affine,
    Pyramid,
    experiment,
    flat,
    gradients,
    tiny_method,
    values,
)

from nircolor_tf import losses
from nircolor_tf.errors import InputError
from nircolor_tf.training import build

# What an ablation changes, at the published size.
CHANGES = {
    ("cocolor", "without_bilateral"): {
        "loss.nir_bilateral": 0.0,
        "loss.gray_bilateral": 0.0,
    },
    ("cocolor", "from_scratch"): {
        "schedule.translate_epochs": 0,
        "schedule.colorize_epochs": 0,
        "schedule.cooperate_epochs": 400 + 250 + 100,
        "schedule.steady_epochs": 400 + 250,
    },
    ("cocolor", "standalone"): {
        "schedule.translate_epochs": 0,
        "loss.translated_gray_pair": 0.0,
        "loss.translated_nir_pair": 0.0,
        "loss.nir_bilateral": 0.0,
        "loss.gray_bilateral": 0.0,
        "loss.image_gan": 0.0,
        "loss.feature_gan": 0.0,
        "loss.cycle": 0.0,
        "loss.identity": 0.0,
    },
    ("cocolor", "partial"): {
        "loss.gray_pair": 0.0,
        "loss.translated_nir_pair": 0.0,
        "loss.gray_bilateral": 0.0,
        "loss.feature_gan": 0.0,
    },
    ("cocolor", "aligned_gray"): {"gray_source": "paired"},
    ("cocolor", "strong_cycle"): {"loss.cycle": 10.0, "loss.identity": 5.0},
    ("mpfnet", "one_scale"): {"network.scales": 1},
    ("mpfnet", "two_scales"): {"network.scales": 2},
    ("mpfnet", "without_rcab"): {"network.attention": False},
    ("mpfnet", "without_sccm"): {"network.sccm": False},
    ("mpfnet", "without_feature_gan"): {"loss.feature_gan": 0.0},
    ("mpfnet", "weak_feature_gan"): {"loss.feature_gan": 0.05},
}
# All the epochs of a size of CoColor, which `from_scratch` keeps, and those
# before its rate falls.
EPOCHS = {"": (750, 650), "cpu": (8 + 5 + 2, 8 + 5), "smoke": (1 + 2 + 1, 3)}


# Of ACD with GLFFNet; alone it takes multiples of 16.
SIZE_MULTIPLES = {"ronneberger_unet": 16, "linknet": 32, "acd": 32}


def join(ablation, size):
    return ",".join(filter(None, (ablation, size)))


@pytest.mark.parametrize("size", EPOCHS)
@pytest.mark.parametrize(("name", "ablation"), CHANGES)
def test_an_ablation_changes_these_keys_and_no_other(name, ablation, size):
    whole, ablated = (
        dict(smoke.flatten(smoke.load_config(name, variant)))
        for variant in (size, join(ablation, size))
    )
    changes = dict(CHANGES[name, ablation])
    if ablation == "from_scratch":
        all_epochs, steady = EPOCHS[size]
        changes["schedule.cooperate_epochs"] = all_epochs
        changes["schedule.steady_epochs"] = steady
    assert changes.keys() <= whole.keys()
    assert ablated == whole | changes
    if not size:
        assert all(whole[key] != value for key, value in changes.items())


@pytest.mark.parametrize("size", ["", "cpu", "native", "smoke"])
def test_colornets_table_2_compares_networks_trained_alike(size):
    """Loss, crop, augmentation and steps are those of ColorNet."""
    with_bfwls = {"": True, "scd_bfwls": True, "linknet_bfwls": True}
    with_bfwls |= {"acd_bfwls": True}
    networks = {
        "": "acd",
        "scd": "ronneberger_unet",
        "linknet": "linknet",
        "acd": "acd",
        "acd_glffnet": "acd",
    }
    rest = []
    for variant in (*networks, *filter(None, with_bfwls)):
        config = smoke.load_config("colornet", join(variant, size))
        assert config.fusion.enabled == (variant in with_bfwls), variant
        plain = variant.removesuffix("_bfwls")
        assert config.network.name == networks[plain]
        if plain == "linknet":
            assert config.network.depth == 18
        if config.network.name == "acd":
            assert config.network.glffnet == (plain in ("", "acd_glffnet")), (
                variant
            )
        if not size:
            assert config.data.crop % SIZE_MULTIPLES[config.network.name] == 0
        flat = dict(smoke.flatten(config))
        rest.append(
            {
                key: value
                for key, value in flat.items()
                if not key.startswith("network.") and key != "fusion.enabled"
            }
        )
    assert all(keys == rest[0] for keys in rest)
    assert rest[0]["loss.l2"] == 1.0
    if not size:
        assert rest[0]["data.crop"] == 480
        assert rest[0]["data.mirror_probability"] == 0.0
        assert rest[0]["data.zoom_probability"] == 0.0


def test_colornets_native_size_is_its_reduced_one_not_shrunk():
    """Nor enlarged: BFWLS is judged by detail, which enlarging takes away."""
    small, native = (
        dict(smoke.flatten(smoke.load_config("colornet", variant)))
        for variant in ("cpu", "native")
    )
    assert native == small | {
        "inference.working_size": 0,
        "data.zoom": (1.0, 1.0),
    }


@pytest.mark.parametrize("name", ["cocolor", "mpfnet"])
def test_no_other_variant_is_there(name):
    module = smoke.load_module(name)
    ablations = ["", *(ablation for of, ablation in CHANGES if of == name)]
    assert set(module["VARIANTS"]) == {
        join(*names) for names in itertools.product(ablations, EPOCHS)
    }


@pytest.fixture
def with_known_networks(monkeypatch):
    """A variant, on networks that a gradient is quick to take of."""

    def make(name, ablation):
        generator = {"cocolor": Affine, "mpfnet": Pyramid}[name]
        networks = {
            network: Affine(0.9, 0.1)
            if network.endswith("discriminator")
            else generator(0.6, 0.1, 3 if "colorizer" in network else 1)
            for network in tiny_method(name).networks
        }
        return experiment(monkeypatch, name, ablation, networks)

    return make


def make_ablated(monkeypatch, name, ablation):
    """Its smoke variant; new networks only where they are others."""
    variant = join(ablation, "smoke")
    config = smoke.load_config(name, variant)
    if config.network == tiny_method(name).config.network:
        return experiment(monkeypatch, name, variant)
    return build.make_method(config)


@pytest.mark.parametrize(("name", "ablation"), CHANGES)
def test_the_losses_of_an_ablation_are_finite(
    name, ablation, monkeypatch, with_known_networks
):
    if name == "cocolor":  # its ablations change no network
        method = with_known_networks(name, join(ablation, "smoke"))
    else:
        method = make_ablated(monkeypatch, name, ablation)
    for phase in method.phases():
        found = values(phase.losses(make_batch(method, phase.data)))
        assert found.keys() >= set(phase.optimizers)
        assert np.isfinite([*found.values()]).all(), phase.name
    if name == "mpfnet":
        # Eq. 2 and 3 are sums over its predictions.
        predictions = method.gray_colorizer(tf.zeros((1, 16, 16, 1)))
        network = smoke.load_config(name, join(ablation, "smoke")).network
        assert len(predictions) == (network.scales if network.sccm else 1)


SIDE = 44
BATCH = {
    "paired": {"nir": flat(SIDE, 0.4), "rgb": flat(SIDE, 0.2, 0.5, 0.8)},
    "unpaired": {"rgb": flat(SIDE, 0.6, 0.1, 0.3)},
}
OTHER_PAIR = BATCH | {
    "paired": {"nir": flat(SIDE, 0.9), "rgb": flat(SIDE, 0.1, 0.3, 0.4)}
}
OTHER_PHOTO = BATCH | {"unpaired": {"rgb": flat(SIDE, 0.1, 0.9, 0.2)}}


def test_without_bilateral_nothing_depends_on_l_mix(
    with_known_networks, monkeypatch
):
    def totals(ablation):
        method = with_known_networks("cocolor", ablation)
        return values((method.cooperate_losses(BATCH)[0], {}))

    published, ablated = totals(""), totals("without_bilateral")
    monkeypatch.setattr(losses, "mix", lambda *_: tf.constant(100.0))
    assert totals("without_bilateral") == ablated
    assert totals("") != published


def test_from_scratch_is_the_last_phase_alone(monkeypatch):
    method = experiment(monkeypatch, "cocolor", "from_scratch")
    method.config.schedule.epoch_images = 372
    phases = method.phases()
    assert [phase.steps for phase in phases] == [0, 0, 38 * 750]
    # The rate of the whole method: 1e-4 for 650 epochs, then down to 0.
    rate = phases[-1].rates["colorizer_optimizer"]
    rates = [rate(epoch / 750) for epoch in (0, 650, 700, 750)]
    assert rates == pytest.approx([1e-4, 1e-4, 5e-5, 0.0])
    for steady in (-1, 750):
        method.config.schedule.steady_epochs = steady
        with pytest.raises(InputError, match=f"steady_epochs is {steady}; exp"):
            method.phases()


def sources_of(method, colorizers):
    """Of each colorizer, which images its gradient depends on."""
    found = [set() for _ in colorizers]
    for phase in (method.colorize_losses, method.cooperate_losses):
        of_batch, of_other_pair, of_other_photo = (
            gradients(phase, "colorizer_optimizer", colorizers, batch)
            for batch in (BATCH, OTHER_PAIR, OTHER_PHOTO)
        )
        for number, sources in enumerate(found):
            assert of_batch[number] not in (None, 0.0)
            if of_other_pair[number] != of_batch[number]:
                sources.add("nir")
            if of_other_photo[number] != of_batch[number]:
                sources.add("gray")
    return found


@pytest.mark.parametrize(
    ("ablation", "of_nir_colorizer", "of_gray_colorizer"),
    [
        ("", {"nir", "gray"}, {"nir", "gray"}),
        ("standalone", {"nir"}, {"gray"}),
        ("partial", {"nir"}, {"nir"}),
    ],
)
def test_what_cocolors_colorizers_learn_from(
    ablation, of_nir_colorizer, of_gray_colorizer, with_known_networks
):
    method = with_known_networks("cocolor", ablation)
    colorizers = [method.nir_colorizer, method.gray_colorizer]
    assert sources_of(method, colorizers) == [
        of_nir_colorizer,
        of_gray_colorizer,
    ]


@pytest.mark.parametrize(
    ("ablation", "told"), [("", True), ("without_feature_gan", False)]
)
def test_what_the_feature_gan_tells_mpfnets_generators(
    ablation, told, with_known_networks, monkeypatch
):
    method = with_known_networks("mpfnet", ablation)
    before, _ = method.fine_tune_losses(BATCH)
    judge = Affine(-0.5, 0.2)
    monkeypatch.setattr(method, "gray_feature_discriminator", judge)
    after, _ = method.fine_tune_losses(BATCH)
    for name in ("translator_optimizer", "colorizer_optimizer"):
        assert (float(after[name]) != float(before[name])) == told
