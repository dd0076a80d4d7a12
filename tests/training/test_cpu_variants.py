"""The rows of the equal-budget table: `:cpu` reduces every one alike."""

import fractions

import contract
import numpy as np
import pytest
import smoke

from nircolor_tf.training import build

# (config file, variant, what `:cpu` makes small)
ROWS = (
    ("supervised", "unet256,cpu", "unet256"),
    ("supervised", "linknet,cpu", "linknet"),
    ("supervised", "resnet,cpu", "resnet"),
    ("supervised", "snet,cpu", "snet"),
    ("colornet", "cpu", ""),
    ("colornet", "acd,cpu", "acd"),
    ("colornet", "acd_glffnet,cpu", "acd_glffnet"),
    ("colornet", "acd_bfwls,cpu", "acd_bfwls"),
    ("colornet", "scd,cpu", "scd"),
    ("colornet", "linknet,cpu", "linknet"),
    ("dcgan", "cpu", ""),
    ("cyclegan", "unet256,cpu", "unet256"),
    ("cyclegan", "resnet,cpu", "resnet"),
    ("atcyclegan", "cpu", ""),
    ("mpfnet", "cpu", ""),
    ("cocolor", "cpu", ""),
)
RULE = {
    "inference.working_size": 128,
    "data.crop": 128,
    "data.zoom": (0.5, 0.8),
    "data.zoom_probability": 1.0,
    "data.mirror_probability": 0.5,
    "data.contrast": (0.5, 1.5),
    "data.contrast_probability": 0.8,
    "data.gamma": (1.0, 1.0),
    "data.exposure": (1.0, 1.0),
    "data.noise": 0.0,
    "train.precision": "bfloat16",
    "train.average_decay": 0.995,
}
LARGEST_BATCH = 4
# A patch stays as large as the paper's; 16 have the pixels of 4 crops.
DCGAN = {"data.crop": 64, "data.batch_size": 16}
# What failed with the paper's values in trials: docs/experiments.md.
DEPARTURES = {
    "dcgan": {"gan.form": "non_saturating", "loss.l1": 100.0},
}
# Paths that are no rows of the table take time to evaluate.
PATHS = {"mpfnet": (), "cocolor": ("n2g2c",)}
# Each row's own: how long 40 minutes are, and the rate that was found.
OWN = ("schedule", "rate", "discriminator_rate")
OWN_KEYS = ("train.steps", "train.evaluate_every", "train.checkpoint_every")
EVALUATIONS = 20

of_every_row = pytest.mark.parametrize(("file", "cpu", "published"), ROWS)


def flat_configs(file, *variants):
    return [
        dict(smoke.flatten(smoke.load_config(file, variant)))
        for variant in variants
    ]


def is_own(key):
    return key.partition(".")[0] in OWN or key in OWN_KEYS


@of_every_row
def test_a_row_has_these_changes_and_no_other(file, cpu, published):
    small, whole = flat_configs(file, cpu, published)
    changes = RULE | {
        key: value // 2
        for key, value in whole.items()
        if key.endswith((".filters", ".max_filters"))
    }
    changes["data.batch_size"] = min(whole["data.batch_size"], LARGEST_BATCH)
    if "network.levels" in whole and 2 ** whole["network.levels"] == 256:
        changes["network.levels"] = 7  # 128 px can be halved once less
    if file == "dcgan":
        changes |= DCGAN
    if file in PATHS:
        changes["evaluate.paths"] = PATHS[file]
    changes |= DEPARTURES.get(file, {})
    assert small.keys() == whole.keys()
    assert {key: small[key] for key in small if not is_own(key)} == {
        key: value
        for key, value in (whole | changes).items()
        if not is_own(key)
    }
    # A rate is searched, its schedule is the paper's.
    for key in ("rate.schedule", "rate.warmup"):
        assert small.get(key) == whole.get(key)


@of_every_row
def test_phases_keep_the_papers_proportion(file, cpu, published):
    small, whole = (
        [value for key, value in config.items() if key.endswith("_epochs")]
        for config in flat_configs(file, cpu, published)
    )
    assert [fractions.Fraction(n, sum(small)) for n in small] == [
        fractions.Fraction(n, sum(whole)) for n in whole
    ]


@of_every_row
def test_every_row_chooses_its_best_among_as_many(file, cpu, published):
    del published
    (config,) = flat_configs(file, cpu)
    steps = config.get("train.steps")
    if steps is None:
        epochs = sum(v for k, v in config.items() if k.endswith("_epochs"))
        images = config["schedule.epoch_images"]
        steps = epochs * images // config["data.batch_size"]
        assert images % config["data.batch_size"] == 0
        assert config.get("schedule.unpaired_epoch_images", images) == images
    assert config["train.evaluate_every"] * EVALUATIONS == steps
    assert config["train.checkpoint_every"] == config["train.evaluate_every"]


@pytest.mark.slow
@of_every_row
def test_every_phase_of_a_row_makes_two_steps(
    file, cpu, published, one_replica
):
    del published
    config = smoke.load_config(file, cpu)
    training = build.make_training(config, one_replica)
    method = training.method
    for phase in contract.distinct_phases(method):
        train_step = contract.step_of(training, phase)
        batch = contract.make_batch(method, phase.data, config.data.batch_size)
        for _ in range(2):
            scalars = {k: float(v) for k, v in train_step(batch).items()}
        assert np.isfinite([*scalars.values()]).all(), phase.name
    colorize = build.make_colorizer(method)
    assert colorize(np.zeros((200, 256, 1), np.float32)).shape == (200, 256, 3)
