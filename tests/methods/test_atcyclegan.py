"""ATCycleGAN: its schedule, its equations by hand.

The contract that every method keeps is in test_methods.py.
"""

import numpy as np
import pytest
import smoke
import tensorflow as tf
from contract import make_batch
from stubs import without_networks

from nircolor_tf.errors import InputError
from nircolor_tf.methods import atcyclegan
from nircolor_tf.training import build, trainer

EPOCH, PEAK = 372, 2e-4


def make_method(variant="smoke", **changes):
    config = smoke.load_config("atcyclegan", variant)
    config.update_from_flattened_dict(changes)
    return build.make_method(config)


@pytest.fixture(scope="module")
def published_phases():
    """The published schedule, on networks that are quick to make."""
    counted = {"schedule.epoch_images": EPOCH}
    small = {"network.filters": 4, "discriminator.filters": 4}
    with pytest.MonkeyPatch.context() as monkeypatch:
        without_networks(monkeypatch, atcyclegan)
        return make_method("", **small, **counted).phases()


def test_the_published_schedule(published_phases):
    paired, *rest = published_phases
    assert (paired.name, paired.steps) == ("paired", 250 * EPOCH)
    assert {phase.steps for phase in rest} == {EPOCH}
    assert [phase.name for phase in rest] == (
        ["alternating, unpaired", "alternating"] * 150
        + ["decay, unpaired", "decay"] * 125
    )
    for phase in published_phases:
        unpaired = phase.name.endswith("unpaired")
        assert phase.data == (
            ("paired", "unpaired") if unpaired else ("paired",)
        )
        assert phase.losses.__name__ == (
            "unpaired_losses" if unpaired else "paired_losses"
        )
    # The trainer compiles one step of each kind.
    assert len({(phase.losses, phase.optimizers) for phase in rest}) == 2
    assert paired.losses == rest[1].losses


def rate_of(phases, step):
    """The rate of the given step, counted from 0, as the trainer sets it."""
    for phase in phases:
        if step < phase.steps:
            rates = {rate(step / phase.steps) for rate in phase.rates.values()}
            assert phase.rates.keys() == set(phase.optimizers)
            (rate,) = rates
            return rate
        step -= phase.steps
    raise AssertionError


@pytest.mark.parametrize(
    ("epoch", "step", "rate"),
    [
        (1, 0, PEAK),
        (251, 0, PEAK),
        (550, EPOCH - 1, PEAK),
        (551, 0, PEAK),
        (551, 1, PEAK * (1 - 1 / (250 * EPOCH))),
        (676, 0, PEAK / 2),
        (800, EPOCH - 1, PEAK / (250 * EPOCH)),
    ],
)
def test_the_rate_falls_to_0_in_the_last_250_epochs(
    epoch, step, rate, published_phases
):
    found = rate_of(published_phases, (epoch - 1) * EPOCH + step)
    assert found == pytest.approx(rate, rel=1e-9)


def test_an_epoch_is_its_images_whatever_the_batch(monkeypatch):
    without_networks(monkeypatch, atcyclegan)
    small = {"network.filters": 4, "discriminator.filters": 4}
    small["schedule.epoch_images"] = EPOCH
    four = make_method("", **small, **{"data.batch_size": 4}).phases()
    assert four[0].steps == 250 * 93
    assert {phase.steps for phase in four[1:]} == {93}
    # 1,020 photos once each, in batches of 50; pairs as ever.
    large = {"data.batch_size": 50}
    method = make_method("photo_epochs", **small, **large)
    _, unpaired, paired, *_ = method.phases()
    assert (unpaired.steps, paired.steps) == (21, 8)


def test_the_submission_is_another_cycle_weight():
    paper, submission = (
        smoke.load_config("atcyclegan", variant)
        for variant in ("", "submission")
    )
    assert (paper.loss.cycle, submission.loss.cycle) == (100.0, 10.0)
    submission.loss.cycle = 100.0
    assert submission == paper
    assert paper.loss.to_dict() == {
        "gan": 1.0,
        "cycle": 100.0,
        "pair": 60.0,
        "discriminator": 0.5,
    }


def color(*rgb):
    """An image of this color, (1, 2, 3, 3)."""
    return tf.broadcast_to(tf.constant(rgb, tf.float32), (1, 2, 3, 3))


NIR = tf.fill((1, 2, 3, 1), 0.4)
RGB, PHOTO = color(0.2, 0.5, 0.8), color(0.6, 0.1, 0.3)


@pytest.fixture
def with_known_networks(monkeypatch):
    """ATCycleGAN whose networks are simple enough to do in one's head."""

    without_networks(monkeypatch, atcyclegan)

    def make(**changes):
        method = make_method(**changes)
        for name, network in {
            "colorizer": lambda nir: nir * tf.constant([1.0, 0.5, 0.25]),
            "rgb_to_nir": lambda rgb: rgb[..., :1] / 2,
            "rgb_discriminator": lambda rgb: 2 * rgb[..., :1],
            "nir_discriminator": lambda nir: nir - 0.5,
        }.items():
            monkeypatch.setattr(
                method, name, lambda image, training, of=network: of(image)
            )
        return method

    return make


def softplus(logit):
    return np.log1p(np.exp(logit))


# NIR 0.4 becomes the color (0.4, 0.2, 0.1), and that the NIR 0.2.
CYCLE_NIR = 0.2
PAIR_RGB = (0.2 + 0.3 + 0.7) / 3
# rgb_discriminator sees 2 * 0.4 in that color, nir_discriminator 0.4 - 0.5.
FAKE_RGB, REAL_NIR = 0.8, -0.1


def expected_of(form, fake_rgb, real_rgb, fake_nir, real_nir):
    """Eq. 1: (generators', discriminators') sums over both domains."""
    if form == "least_squares":
        generators = (fake_rgb - 1) ** 2 + (fake_nir - 1) ** 2
        return generators, (
            (real_rgb - 1) ** 2
            + fake_rgb**2
            + (real_nir - 1) ** 2
            + fake_nir**2
        )
    sees_through = softplus(fake_rgb) + softplus(fake_nir)
    generators = (
        -sees_through
        if form == "log"
        else softplus(-fake_rgb) + softplus(-fake_nir)
    )
    return generators, softplus(-real_rgb) + softplus(-real_nir) + sees_through


def assert_equals(found, expected):
    found = {name: float(value) for name, value in found.items()}
    assert found == pytest.approx(expected, abs=1e-6, rel=1e-6)


@pytest.mark.parametrize("form", ["least_squares", "log", "non_saturating"])
def test_a_paired_step_by_hand(form, with_known_networks):
    method = with_known_networks(**{"gan.form": form})
    total, scalars = method.paired_losses({"nir": NIR, "rgb": RGB})
    # The color becomes the NIR 0.1, and that (0.1, 0.05, 0.025).
    cycle_rgb = (0.1 + 0.45 + 0.775) / 3
    pair_nir = 0.3
    gan, judged = expected_of(form, FAKE_RGB, 0.4, 0.1 - 0.5, REAL_NIR)
    if form == "least_squares":
        assert (gan, judged) == pytest.approx((2.0, 2.37))
    assert_equals(
        total,
        {
            "generator_optimizer": gan
            + 100 * (CYCLE_NIR + cycle_rgb)
            + 60 * (PAIR_RGB + pair_nir),
            "discriminator_optimizer": 0.5 * judged,
        },
    )
    terms = ("cycle", "pair")
    assert_equals(
        {k: v for k, v in scalars.items() if k.endswith(terms)},
        {
            "rgb_to_nir/cycle": CYCLE_NIR,
            "colorizer/cycle": cycle_rgb,
            "colorizer/pair": PAIR_RGB,
            "rgb_to_nir/pair": pair_nir,
        },
    )


@pytest.mark.parametrize("form", ["least_squares", "log", "non_saturating"])
def test_an_unpaired_step_by_hand(form, with_known_networks):
    method = with_known_networks(**{"gan.form": form})
    total, scalars = method.unpaired_losses(
        {"paired": {"nir": NIR, "rgb": RGB}, "unpaired": {"rgb": PHOTO}}
    )
    # Cycle and game on the photo: the NIR 0.3, and that (0.3, 0.15, 0.075).
    cycle_rgb = (0.3 + 0.05 + 0.225) / 3
    gan, judged = expected_of(form, FAKE_RGB, 1.2, 0.3 - 0.5, REAL_NIR)
    if form == "least_squares":
        assert (gan, judged) == pytest.approx((1.48, 1.93))
    assert_equals(
        total,
        {
            "generator_optimizer": gan
            + 100 * (CYCLE_NIR + cycle_rgb)
            + 60 * PAIR_RGB,  # against the NIR's own RGB, one way only
            "discriminator_optimizer": 0.5 * judged,
        },
    )
    assert "rgb_to_nir/pair" not in scalars
    assert_equals(
        {
            name: scalars[f"{name}_discriminator/{kind}_logits"]
            for name, kind in (("rgb", "real"), ("nir", "fake"))
        },
        {"rgb": 1.2, "nir": -0.2},
    )


def test_discriminators_are_shown_the_pools_images(with_known_networks):
    method = with_known_networks()
    method.pools["fake_rgb"].exchange = lambda images: images + 0.1
    method.pools["fake_nir"].exchange = lambda images: images + 0.3
    before, _ = with_known_networks().paired_losses({"nir": NIR, "rgb": RGB})
    total, _ = method.paired_losses({"nir": NIR, "rgb": RGB})
    # Logits 0.8 -> 1.0 and -0.4 -> -0.1; the generators' game is their own.
    old, new = 0.8**2 + 0.4**2, 1.0**2 + 0.1**2
    assert float(
        total["discriminator_optimizer"] - before["discriminator_optimizer"]
    ) == pytest.approx(0.5 * (new - old), abs=1e-6)
    assert float(total["generator_optimizer"]) == float(
        before["generator_optimizer"]
    )


@pytest.mark.parametrize("form", ["log", "non_saturating"])
def test_the_papers_form_of_the_game(form):
    method = make_method(**{"gan.form": form})
    for phase in method.phases()[:2]:
        total, scalars = phase.losses(make_batch(method, phase.data))
        for value in (*total.values(), *scalars.values()):
            assert np.isfinite(float(value))
        assert (float(scalars["colorizer/gan"]) < 0) == (form == "log")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"gan.pool_size": 1},
            "config.gan.pool_size is 1; expected 0, or at least .* 2$",
        ),
        ({"gan.form": "wgan"}, "config.gan.form is 'wgan'; expected .* log,"),
        (
            {"data.unpaired_from": ("web",)},
            r"config.data.unpaired_from is \('web',\); expected 'photos'",
        ),
        ({"data.unpaired_from": ()}, r"unpaired_from is \(\); expected"),
        (
            {"schedule.paired_epochs": -1},
            "config.schedule.paired_epochs is -1; expected at least 0",
        ),
    ],
)
def test_bad_configs(changes, message, tmp_path, pairs_manifest, one_replica):
    config = smoke.smoke_config("atcyclegan", "smoke", pairs_manifest)
    config.update_from_flattened_dict(changes)
    with pytest.raises(InputError, match=message):
        trainer.train(config, tmp_path / "w", one_replica)
    assert not (tmp_path / "w").exists()
