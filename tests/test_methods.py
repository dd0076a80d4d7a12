"""The contract: what every method gets tested for, without more code."""

import json

import contract
import numpy as np
import pytest
import smoke
import tensorflow as tf
from contract import (
    distinct_phases,
    largest_difference,
    make_batch,
    make_method,
    step_of,
    weights_of,
)

from nircolor_tf import export, inference
from nircolor_tf.methods import METHODS
from nircolor_tf.training import restore
from nircolor_tf.training.averages import MovingAverages
from nircolor_tf.training.checkpoints import Checkpoints

BOTH = {"colorizer", "rgb_to_nir"}
DISCRIMINATORS = {"rgb_discriminator", "nir_discriminator"}

# Which networks a loss term trains: all of them, and no other.
REACHES = {
    "supervised": {
        term: {"colorizer"} for term in ("l1", "l2", "chroma", "mix")
    },
    "colornet": {"l2": {"colorizer"}},
    "atcyclegan": {
        "gan": BOTH,
        "cycle": BOTH,
        "pair": BOTH,
        "discriminator": DISCRIMINATORS,
    },
    "cyclegan": {
        "gan": BOTH,
        "cycle": BOTH,
        "pair": BOTH,
        "discriminator": DISCRIMINATORS,
    },
    "dcgan": {
        "gan": {"colorizer"},
        "l1": {"colorizer"},
        "discriminator": {"rgb_discriminator"},
        "weight_decay": {"colorizer", "rgb_discriminator"},
    },
}
# Without pairs: eq. 4 of ATCycleGAN, and CycleGAN's own setting.
REACHES_UNPAIRED = {
    "atcyclegan": REACHES["atcyclegan"] | {"pair": {"colorizer"}},
    "cyclegan": REACHES["cyclegan"] | {"pair": set()},
}

# What a method needs to learn one pair by heart.
TO_OVERFIT = {
    "cyclegan": {"pairing": "paired", "loss.pair": 60.0},
    "dcgan": {"loss.l1": 100.0},
}

pytestmark = pytest.mark.parametrize(
    ("name", "variant"), smoke.SMOKE, ids=["-".join(x) for x in smoke.SMOKE]
)


def test_every_method_is_covered(name, variant):
    assert smoke.load_config(name, variant).method in METHODS
    covered = {
        smoke.load_config(*experiment).method for experiment in smoke.SMOKE
    }
    assert covered == set(METHODS)


def test_call_gives_rgb_in_range_and_batches_do_not_mix(name, variant):
    method = make_method(name, variant)
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
    assert restore.make_colorizer(method)(unit).shape == (32, 48, 3)
    # Not a constant function of its input.
    assert np.abs(both[0] - both[1]).max() > 1e-4


def test_every_network_has_one_optimizer_or_none(name, variant):
    method = make_method(name, variant)
    owned = [n for names in method.optimizer_networks.values() for n in names]
    assert len(owned) == len(set(owned))
    assert set(owned) <= set(method.network_names)
    assert set(method.inference_networks) <= set(method.network_names)
    assert method.inference_networks


def test_a_phase_changes_what_it_declares_and_nothing_else(
    name, variant, one_replica
):
    with one_replica.scope():
        method = make_method(name, variant)
    for phase in distinct_phases(method):
        before = weights_of(method, method.network_names)
        batch = make_batch(method, phase.data)
        scalars = step_of(method, phase, one_replica)(batch)
        assert all(np.isfinite(value.numpy()) for value in scalars.values())
        after = weights_of(method, method.network_names)
        moved = {
            network
            for network in method.network_names
            if largest_difference(
                {network: before[network]}, {network: after[network]}
            )
        }
        assert moved == {
            network
            for optimizer in phase.optimizers
            for network in method.optimizer_networks[optimizer]
        }


def test_each_loss_term_reaches_its_networks_and_weight_0_removes_it(
    name, variant
):
    config = smoke.smoke_config(name, variant)
    terms = [key for key in config.loss if not key.endswith("_alpha")]
    assert set(terms) == set(REACHES[config.method])
    for term in terms:
        only = {f"loss.{key}": float(key == term) for key in terms}
        for phase, reached in networks_reached(name, variant, only):
            unpaired = phase.losses.__name__ == "unpaired_losses"
            expected = (REACHES_UNPAIRED if unpaired else REACHES)[
                config.method
            ]
            assert reached == expected[term], (phase.name, term)
    none = {f"loss.{term}": 0.0 for term in terms}
    for _, reached in networks_reached(name, variant, none):
        assert not reached


def networks_reached(name, variant, changes):
    """Which networks get a gradient from the loss that updates them."""
    method = make_method(name, variant, **changes)
    for phase in distinct_phases(method):
        batch = make_batch(method, phase.data)
        with tf.GradientTape(persistent=True) as tape:
            losses, _ = phase.losses(batch)
            losses = {n: tf.convert_to_tensor(x) for n, x in losses.items()}
        assert losses.keys() == set(phase.optimizers)
        reached = set()
        for optimizer in phase.optimizers:
            for network in method.optimizer_networks[optimizer]:
                variables = getattr(method, network).trainable_variables
                found = tape.gradient(
                    losses[optimizer], [v.value for v in variables]
                )
                if any(g is not None and np.any(g.numpy()) for g in found):
                    reached.add(network)
        yield phase, reached


def test_interrupted_and_resumed_equals_uninterrupted(
    name, variant, tmp_path, pairs_manifest, one_replica
):
    config = smoke.smoke_config(name, variant, pairs_manifest)
    contract.check_resume(config, tmp_path, one_replica)


def test_every_weight_survives_the_checkpoint(name, variant, tmp_path):
    method = make_method(name, variant)
    strategy = tf.distribute.get_strategy()
    averages = MovingAverages(method, 0.9, strategy)
    step = tf.Variable(7, dtype=tf.int64, trainable=False)
    checkpoints = Checkpoints(tmp_path, method, averages, step)
    names = method.network_names + tuple(method.optimizer_networks)
    rng = np.random.default_rng(0)

    def scramble():
        for variables in (
            *(getattr(method, item).variables for item in names),
            averages.variables,
        ):
            for variable in variables:
                noise = 100 * rng.random(tuple(variable.shape))
                variable.assign(noise.astype(variable.numpy().dtype))

    scramble()
    saved = weights_of(method, names)
    saved_averages = [v.numpy() for v in averages.variables]
    checkpoints.save_latest()
    scramble()
    step.assign(0)
    assert checkpoints.restore_latest()
    assert largest_difference(saved, weights_of(method, names)) == 0
    for value, variable in zip(saved_averages, averages.variables, strict=True):
        np.testing.assert_array_equal(value, variable.numpy())
    assert step.numpy() == 7


def test_exports_equal_the_method(name, variant, tmp_path):
    method = make_method(name, variant)
    method.config.data.manifest = ""
    export.write_saved_model(method, tmp_path / "saved_model")
    export.write_tflite(method, tmp_path / "model.tflite")
    record = {"step": 0, "minutes": 0.0}
    card = export.make_card(method, "x", record, ["train", "unpaired"])
    assert card["training"]["pairs"] == 1
    assert card["training"]["photos"] == (name == "atcyclegan")
    (tmp_path / "card.json").write_text(json.dumps(card))
    differences = export.verify(method, tmp_path)
    assert differences.keys() == {"saved_model", "litert"}
    # Sizes that are no multiple of anything, down to one row. Not one pixel:
    # InstanceNorm of a constant image is nothing but magnified rounding.
    expected = restore.make_colorizer(method)
    for runtime in ("litert", "saved_model"):
        colorizer = inference.load_export(tmp_path, runtime)
        for size in ((1, 3), (5, 70), (33, 47)):
            nir = np.random.default_rng(1).random((*size, 1), np.float32)
            np.testing.assert_allclose(colorizer(nir), expected(nir), atol=1e-4)
    loaded = tf.saved_model.load(str(tmp_path / "saved_model"))
    raw = np.random.default_rng(2).random((2, 37, 51, 1), np.float32)
    rgb = loaded.signatures["serving_default"](nir=raw)["rgb"].numpy()
    for index in range(2):
        if card["fusion"] is None:
            np.testing.assert_allclose(
                rgb[index], expected(raw[index]), atol=1e-4
            )
    # The inference networks' weights, each stored once, and nothing else.
    stored = tf.train.list_variables(
        str(tmp_path / "saved_model" / "variables" / "variables")
    )
    assert sum(
        int(np.prod(shape)) for key, shape in stored if "VARIABLE" in key
    ) == sum(
        getattr(method, network).count_params()
        for network in method.inference_networks
    )


def test_overfits_one_pair(name, variant, one_replica):
    with one_replica.scope():
        changes = TO_OVERFIT.get(smoke.load_config(name, variant).method, {})
        method = make_method(name, variant, **changes)
    phase = method.phases()[0]
    step = step_of(method, phase, one_replica)
    for optimizer in phase.optimizers:
        getattr(method, optimizer).learning_rate.assign(5e-3)
    batch = make_batch(method, count=1)
    mean = batch["rgb"].mean(axis=(0, 1, 2), keepdims=True)
    of_mean_color = np.abs(batch["rgb"] - mean).mean()
    for _ in range(150):
        step(batch)
    # In training mode, as it was fitted.
    fitted = method.colorizer(batch["nir"], training=True).numpy()
    assert np.abs(fitted - batch["rgb"]).mean() < 0.4 * of_mean_color
