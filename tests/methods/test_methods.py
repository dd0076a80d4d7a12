"""The contract: what every method gets tested for, without more code."""

import functools
import json

import contract
import numpy as np
import pytest
import smoke
import stubs
import tensorflow as tf
from contract import (
    distinct_phases,
    largest_difference,
    make_batch,
    networks_reached,
    shared_method,
    step_of,
    weights_of,
)

from nircolor_tf.data import pipeline, training_data
from nircolor_tf.export import comparison, export, model_card, model_files
from nircolor_tf.inference import models, runtimes
from nircolor_tf.methods import METHODS
from nircolor_tf.training import build
from nircolor_tf.training.checkpoints import Checkpoints

BOTH = {"colorizer", "rgb_to_nir"}
DISCRIMINATORS = {"rgb_discriminator", "nir_discriminator"}
CYCLE = {
    "gan": BOTH,
    "cycle": BOTH,
    "pair": BOTH,
    "discriminator": DISCRIMINATORS,
}
TO_GRAY, TO_NIR, OF_NIR, OF_GRAY = (
    {"nir_to_gray"},
    {"gray_to_nir"},
    {"nir_colorizer"},
    {"gray_colorizer"},
)
IMAGE = {"nir_discriminator", "gray_discriminator"}
FEATURE = {"nir_feature_discriminator", "gray_feature_discriminator"}
TRANSLATION = {
    "image_gan": TO_GRAY | TO_NIR,
    "cycle": TO_GRAY | TO_NIR,
    "identity": TO_GRAY | TO_NIR,
}

# Which networks a loss term trains in a phase: all of them, and no other.
REACHES = {
    "supervised": {
        "train_losses": {
            term: {"colorizer"} for term in ("l1", "l2", "chroma", "mix")
        }
    },
    "ensemble": {
        "train_losses": {
            term: {"first", "second", "third"}
            for term in ("l1", "l2", "chroma", "mix")
        }
    },
    "colornet": {"train_losses": {"l2": {"colorizer"}}},
    "heteroscedastic": {"train_losses": {"error": {"error_estimator"}}},
    "atcyclegan": {
        "paired_losses": CYCLE,
        # Eq. 4 has a pair term one way only.
        "unpaired_losses": CYCLE | {"pair": {"colorizer"}},
    },
    "cyclegan": {
        "paired_losses": CYCLE,
        "unpaired_losses": CYCLE | {"pair": set()},
    },
    "cocolor": {
        "translate_losses": TRANSLATION | {"discriminator": IMAGE},
        "colorize_losses": {
            "gray_pair": OF_GRAY,
            "translated_gray_pair": OF_GRAY,
            "nir_pair": OF_NIR,
            "translated_nir_pair": OF_NIR,
            "nir_bilateral": OF_NIR | OF_GRAY,
            "gray_bilateral": OF_NIR | OF_GRAY,
            "feature_gan": OF_NIR | OF_GRAY,
            "discriminator": FEATURE,
        },
        "cooperate_losses": TRANSLATION
        | {
            "gray_pair": OF_GRAY,
            "translated_gray_pair": OF_GRAY | TO_GRAY,
            "nir_pair": OF_NIR,
            "translated_nir_pair": OF_NIR | TO_NIR,
            "nir_bilateral": OF_NIR | OF_GRAY | TO_GRAY,
            "gray_bilateral": OF_NIR | OF_GRAY | TO_NIR,
            "feature_gan": OF_NIR | OF_GRAY | TO_GRAY | TO_NIR,
            "discriminator": IMAGE | FEATURE,
        },
    },
    "mpfnet": {
        "translate_losses": TRANSLATION | {"discriminator": IMAGE},
        "colorize_losses": {"gray_mix": OF_GRAY},
        "fine_tune_losses": TRANSLATION
        | {
            "nir_mix": OF_GRAY | TO_GRAY,
            "feature_gan": OF_GRAY | TO_GRAY,
            "discriminator": IMAGE | {"gray_feature_discriminator"},
        },
    },
    "dcgan": {
        "train_losses": {
            "gan": {"colorizer"},
            "l1": {"colorizer"},
            "discriminator": {"rgb_discriminator"},
            "weight_decay": {"colorizer", "rgb_discriminator"},
        }
    },
    "vivid": {
        "train_losses": {
            **{
                term: {"colorizer"}
                for term in ("l1", "l2", "chroma", "mix", "gan")
            },
            "discriminator": {"color_discriminator"},
        }
    },
}
# Whose terms take one another's images: what they reach is seen on networks
# of one layer each and with L1 for L_mix, in a fraction of the time.
WIRED = {"atcyclegan", "cyclegan", "mpfnet", "cocolor"}
# Weights of several terms together; the terms are tested with them at 1.
FACTORS = {"mpfnet": {"translation"}}

# What a method needs to learn one pair by heart.
TO_OVERFIT = {
    "cyclegan": {"pairing": "paired", "loss.pair": 60.0},
    "dcgan": {"loss.l1": 100.0},
    # Beside L_mix the games' weights are large, at the rate of this test.
    "mpfnet": {"loss.translation": 0.0, "loss.feature_gan": 0.0},
}
# Resumed in a minute together: BatchNorm, pools and phases by turns, a fixed
# size. The others add nothing but weights, which all survive a checkpoint.
RESUMED = (("landscapes", "smoke"), ("atcyclegan", "smoke"), ("dcgan", "smoke"))
# The default model, a fusion, a U-Net without BatchNorm, images in (-1, 1).
# Others: test_paths.py, test_start.py and test_error_files.py in export/.
EXPORTED = {
    ("default", "smoke"),
    ("colornet", "smoke"),
    ("atcyclegan", "smoke"),
    ("dcgan", "smoke"),
}
# Other tests of this file compile their steps, those of the last phase at
# least; or other experiments their network, and their losses.
COMPILED = {*smoke.QUICK, ("mpfnet", "smoke"), ("cyclegan", "resnet,smoke")}
# Where NIR is colored only in the last phase.
OVERFITS_LAST = {"cocolor", "mpfnet"}


@pytest.fixture(
    scope="module", params=smoke.SMOKE, ids=["-".join(x) for x in smoke.SMOKE]
)
def experiment(request):
    return request.param


@pytest.fixture(scope="module")
def method(experiment):
    """Untrained, and to be left as it is: the tests share it."""
    return shared_method(*experiment)


@pytest.fixture(scope="module")
def colorizer(method):
    return build.make_colorizer(method)


@pytest.fixture(scope="module")
def training(experiment, one_replica):
    """To be changed: the tests that share it expect nothing of its weights."""
    changes = {"train.average_decay": 0.9}
    return contract.make_training(*experiment, one_replica, **changes)


@pytest.fixture
def wired(experiment, monkeypatch):
    """The method, or it on other networks."""
    if smoke.load_config(*experiment).method in WIRED:
        return stubs.one_layer_method(monkeypatch, *experiment)
    return shared_method(*experiment)


@pytest.fixture
def eager_if_compiled_elsewhere(experiment):
    tf.config.run_functions_eagerly(experiment in COMPILED)
    yield
    tf.config.run_functions_eagerly(False)


def test_every_method_is_covered():
    covered = {
        smoke.load_config(*experiment).method for experiment in smoke.SMOKE
    }
    assert covered == set(METHODS)


def test_call_gives_rgb_in_range_and_batches_do_not_mix(method, colorizer):
    low, high = method.config.data.value_range
    nir = np.random.default_rng(0).uniform(low, high, (2, 32, 64, 1))
    nir = nir.astype(np.float32)
    both = method(nir).numpy()
    assert both.shape == (2, 32, 64, 3)
    assert np.isfinite(both).all()
    assert low <= both.min() < both.max() <= high
    np.testing.assert_allclose(method(nir[:1]).numpy(), both[:1], atol=1e-5)
    # Any size through the Colorizer, which pads to the method's multiple.
    unit = (nir[0, :, :48] - low) / (high - low)
    assert colorizer(unit).shape == (32, 48, 3)
    # Not a constant function of its input.
    assert np.abs(both[0] - both[1]).max() > 1e-4


def test_every_network_has_one_optimizer_or_none(method):
    owned = [n for one in method.optimizers.values() for n in one.networks]
    assert len(owned) == len(set(owned))
    assert set(owned) <= set(method.networks)
    assert set(method.inference_networks) <= set(method.networks)
    assert method.inference_networks


def test_a_phase_changes_what_it_declares_and_nothing_else(
    training, eager_if_compiled_elsewhere
):
    method = training.method
    for phase in distinct_phases(method):
        before = weights_of(method.networks)
        batch = make_batch(method, phase.data)
        scalars = step_of(training, phase)(batch)
        assert all(np.isfinite(value.numpy()) for value in scalars.values())
        after = weights_of(method.networks)
        moved = {
            network
            for network in method.networks
            if largest_difference(
                {network: before[network]}, {network: after[network]}
            )
        }
        assert moved == {
            network
            for optimizer in phase.optimizers
            for network in method.optimizers[optimizer].networks
        }


def test_each_loss_term_reaches_its_networks_and_weight_0_removes_it(wired):
    method = wired
    weights = method.config.loss.to_dict()
    factors = FACTORS.get(method.config.method, set())
    terms = {
        key
        for key in method.config.loss
        if key not in {*factors, "mix_alpha", "mix_form", "shift"}
    }
    tables = REACHES[method.config.method]
    assert terms == {term for table in tables.values() for term in table}
    method.config.loss.update(dict.fromkeys(factors, 1.0))
    for phase in distinct_phases(method):
        batch = make_batch(method, phase.data)
        reaches = tables[phase.losses.__name__]
        # Those of other phases reach nothing here, nor do all at weight 0.
        for some in (terms - reaches.keys(), *({term} for term in reaches)):
            method.config.loss.update({t: float(t in some) for t in terms})
            reached = networks_reached(method, phase, batch)
            expected = set().union(*(reaches.get(t, ()) for t in some))
            assert reached == expected, (phase.name, some)
    method.config.loss.update(weights)


@pytest.mark.parametrize(("name", "variant"), smoke.experiments(RESUMED))
def test_interrupted_and_resumed_equals_uninterrupted(
    name, variant, tmp_path, pairs_manifest, one_replica
):
    config = contract.smaller_config(name, variant, pairs_manifest)
    contract.check_resume(config, tmp_path, one_replica)


def test_every_weight_survives_the_checkpoint(training, tmp_path):
    averages = training.averages
    step = tf.Variable(7, dtype=tf.int64, trainable=False)
    checkpoints = Checkpoints(tmp_path, training, step)
    owners = {**training.method.networks, **training.optimizers}
    rng = np.random.default_rng(0)

    def scramble():
        for variables in (
            *(owner.variables for owner in owners.values()),
            averages.variables,
        ):
            for variable in variables:
                noise = 100 * rng.random(tuple(variable.shape))
                variable.assign(noise.astype(variable.numpy().dtype))

    scramble()
    saved = weights_of(owners)
    saved_averages = [v.numpy() for v in averages.variables]
    checkpoints.save_latest()
    scramble()
    step.assign(0)
    assert checkpoints.restore_latest()
    assert largest_difference(saved, weights_of(owners)) == 0
    for value, variable in zip(saved_averages, averages.variables, strict=True):
        np.testing.assert_array_equal(value, variable.numpy())
    assert step.numpy() == 7


@pytest.mark.parametrize(
    "experiment",
    [
        pytest.param(
            experiment,
            marks=() if experiment in EXPORTED else pytest.mark.slow,
            id="-".join(experiment),
        )
        for experiment in smoke.SMOKE
    ],
    indirect=True,
)
def test_exports_equal_the_method(method, colorizer, tmp_path, monkeypatch):
    # Once, of all who ask for them: it takes seconds.
    load_signatures = functools.cache(runtimes.load_signatures)
    monkeypatch.setattr(runtimes, "load_signatures", load_signatures)
    # Its own path, and the one most unlike it, a translation if it has any.
    names = list(method.inference_paths())
    paths = export.choose_paths(method, [names[0], names[-1]])
    model_files.write(method, paths, tmp_path)
    record = {"step": 0, "minutes": 0.0}
    read = {name for phase in method.phases() for name in phase.data}
    assert pipeline.reads_photos(read, method.config.data) == (
        method.config.method in ("atcyclegan", "cocolor", "mpfnet")
    )
    seen, history = training_data.NOTHING, model_card.History()
    card = model_card.make_card(method, "x", paths, record, seen, history)
    (tmp_path / "card.json").write_text(json.dumps(card))
    differences = comparison.compare(method, tmp_path)
    assert differences.keys() == {"saved_model", "litert", "serving"}
    # Sizes that are no multiple of anything, down to one row. Not one pixel:
    # InstanceNorm of a constant image is nothing but magnified rounding.
    for runtime in ("litert", "saved_model"):
        exported = models.load_export(tmp_path, runtime)
        for size in ((1, 3), (5, 70), (33, 47)):
            nir = np.random.default_rng(1).random((*size, 1), np.float32)
            np.testing.assert_allclose(exported(nir), colorizer(nir), atol=1e-4)
    signatures = load_signatures(tmp_path / "saved_model")
    raw = np.random.default_rng(2).random((2, 37, 51, 1), np.float32)
    rgb = signatures["serving_default"](nir=raw)["rgb"].numpy()
    for index in range(2):
        if card["fusion"] is None:
            np.testing.assert_allclose(
                rgb[index], colorizer(raw[index]), atol=1e-4
            )
    # The weights of the networks on these paths, once, and nothing else.
    stored = tf.train.list_variables(
        str(tmp_path / "saved_model" / "variables" / "variables")
    )
    networks = model_card.networks_of(paths, method)
    parameters = sum(method.networks[n].count_params() for n in networks)
    assert parameters == card["parameters"]
    assert parameters == sum(
        int(np.prod(shape)) for key, shape in stored if "VARIABLE" in key
    )


@pytest.mark.parametrize(
    ("name", "variant"),
    smoke.experiments(smoke.QUICK),
)
def test_overfits_one_pair(name, variant, one_replica):
    changes = TO_OVERFIT.get(smoke.load_config(name, variant).method, {})
    training = contract.make_training(name, variant, one_replica, **changes)
    method = training.method
    phase = method.phases()[-1 if method.config.method in OVERFITS_LAST else 0]
    step = step_of(training, phase, rate=5e-3)
    batch = make_batch(method, phase.data, count=1)
    pair = batch if len(phase.data) == 1 else batch["paired"]
    for _ in range(8):
        for _ in range(25):
            step(batch)
        fitted, target = fitted_and_target(method, pair)
        most = 0.4 * np.abs(target - target.mean((0, 1, 2))).mean()
        error = np.abs(fitted - target).mean()
        if error < most:
            break
    assert error < most


def fitted_and_target(method, pair):
    """What the training fits, and to what; an estimator has frozen colors."""
    if method.config.method != "heteroscedastic":
        return method(pair["nir"], training=True).numpy(), pair["rgb"]
    rgb = method(pair["nir"]).numpy()
    expected = method.expected_error(pair["nir"], rgb, training=True)
    return expected.numpy(), np.abs(rgb - pair["rgb"]).mean(-1, keepdims=True)
