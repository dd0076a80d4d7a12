"""An epoch is what the manifest holds, unless the config fixes it."""

import types

import pytest
import smoke

from nircolor_tf.methods import schedules
from nircolor_tf.training import config_files, epochs, trainer

# vcip-strict and the challenge's photos.
SPLITS = {"train": 290, "val": 36, "test": 28, "unpaired": 1020}
EXAMPLES = [
    types.SimpleNamespace(split=split)
    for split, count in SPLITS.items()
    for _ in range(count)
]


@pytest.mark.parametrize(
    ("experiment", "changes", "images"),
    [
        ("cocolor:", {}, 290 + 1020),
        ("cocolor:aligned_gray", {}, 290),
        ("cocolor:", {"data.unpaired_from": ("pairs",)}, 290),
        ("mpfnet:", {}, 290 + 1020),
        ("mpfnet:", {"data.unpaired_from": ("photos",)}, 1020),
        ("atcyclegan:", {}, 290),
        ("cyclegan:unet256", {}, 290),
        ("cyclegan:resnet", {}, 290),
        ("cyclegan:resnet", {"data.unpaired_from": ("photos",)}, 1020),
        # An older workdir, or who says so.
        ("mpfnet:", {"schedule.epoch_images": 372}, 372),
        ("cocolor:cpu", {}, 960),
    ],
)
def test_an_epoch_is_what_the_manifest_holds(experiment, changes, images):
    config = smoke.load_config(*experiment.split(":"))
    config.update_from_flattened_dict(changes)
    before = config.to_json()
    found = epochs.with_epochs(config, EXAMPLES)
    assert found.schedule.epoch_images == images
    assert found.is_locked
    assert config.to_json() == before


def test_methods_without_epochs_stay_as_they_are():
    config = smoke.load_config("supervised", "unet256")
    assert epochs.with_epochs(config, EXAMPLES) is config


def test_a_workdir_keeps_what_was_counted(
    tmp_path, pairs_manifest, one_replica
):
    config = smoke.smoke_config("cyclegan", "unet256,smoke", pairs_manifest)
    config.schedule.epoch_images = 0
    method = trainer.train(config, tmp_path, one_replica, stop_at=0)
    # Seven of the ten pairs are to train on, in batches of two.
    assert config_files.read_config(tmp_path).schedule.epoch_images == 7
    epochs_of = method.config.schedule
    assert [phase.steps for phase in method.phases()] == [
        4 * epochs_of.constant_epochs,
        4 * epochs_of.decay_epochs,
    ]


def test_steps_of_an_epoch():
    # 1,392 images of the paper's X_G are 139 batches of 10 and one of 2.
    assert schedules.epoch_steps(1392, 10) == 140
    assert schedules.epoch_steps(1390, 10) == 139
    # Not counted yet, as where a memory is estimated.
    assert schedules.epoch_steps(0, 10) == 1
