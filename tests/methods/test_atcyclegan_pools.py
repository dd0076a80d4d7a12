"""ATCycleGAN's pools of images, in phases that alternate, resumed."""

import numpy as np
import pytest
import smoke
import tensorflow as tf
from contract import everything
from stubs import without_networks

from nircolor_tf.errors import InputError
from nircolor_tf.methods import atcyclegan
from nircolor_tf.training import build, config_files, restore, trainer
from nircolor_tf.training.checkpoints import Checkpoints
from nircolor_tf.training.writer import Writer


@pytest.fixture
def alternating_config(pairs_manifest):
    """Epochs of 3: steps 1-3 paired, 4-6 not, 7-9, 10-12 not, 13-15 decay."""
    config = smoke.smoke_config("atcyclegan", "smoke", pairs_manifest)
    config.update_from_flattened_dict(
        {
            "schedule.epoch_images": 6,
            "schedule.unpaired_epoch_images": 6,
            "schedule.alternating_epochs": 3,
            "train.checkpoint_every": 5,
            "train.evaluate_every": 15,
        }
    )
    return config


def die_after(monkeypatch, steps):
    """Makes training die once that many steps are through."""
    advance, done = Writer.advance, []

    def dying(writer, scalars):
        advance(writer, scalars)
        done.append(None)
        if len(done) == steps:
            raise KeyboardInterrupt

    monkeypatch.setattr(Writer, "advance", dying)


def pools_in(checkpoint):
    """{key: value} of the pools in a checkpoint, images before counters."""
    return {
        key: tf.train.load_variable(checkpoint, key)
        for key, _ in tf.train.list_variables(checkpoint)
        if key.startswith("pools/")
    }


# The quick tests resume it once on one replica and once on two.
@pytest.mark.slow
@pytest.mark.parametrize("replicas", [1, 2])
def test_a_run_killed_while_alternating_resumes_to_the_bit(
    replicas,
    alternating_config,
    tmp_path,
    one_replica,
    two_replicas,
    monkeypatch,
):
    strategy = one_replica if replicas == 1 else two_replicas
    trainer.train(alternating_config, tmp_path / "a", strategy)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        # Two steps after the checkpoint of step 10, in an unpaired epoch.
        die_after(patch, 12)
        trainer.train(alternating_config, tmp_path / "b", strategy)
    latest = tf.train.latest_checkpoint(tmp_path / "b" / "checkpoints")
    assert latest.endswith("-10")
    trainer.train(
        config_files.read_config(tmp_path / "b"), tmp_path / "b", strategy
    )
    whole, parts = everything(tmp_path / "a"), everything(tmp_path / "b")
    assert whole.keys() == parts.keys()
    for key, value in whole.items():
        np.testing.assert_array_equal(value, parts[key], err_msg=key)

    # It had pools to lose: full, and other images in them at the end.
    before, after = pools_in(latest), pools_in(str(latest)[:-2] + "15")
    counts = [int(v) for v in after.values() if not v.shape]
    assert counts == [15 * 2 // replicas] * 2 * replicas
    images = [key for key, value in before.items() if value.shape]
    assert {before[key].shape for key in images} == {
        (3, 32, 32, 1),
        (3, 32, 32, 3),
    }
    for key in images:
        assert before[key].any(axis=(1, 2, 3)).all(), key
        assert np.any(before[key] != after[key]), key


def test_pools_are_of_one_number_of_devices_but_weights_of_any(
    alternating_config, tmp_path, one_replica, two_replicas, monkeypatch
):
    without_networks(monkeypatch, atcyclegan)
    alternating_config.train.average_decay = 0.0
    with two_replicas.scope():
        trained = build.make_method(alternating_config)
        training = build.prepare_training(trained, two_replicas)
        step = tf.Variable(1, dtype=tf.int64, trainable=False)
    for variable in trained.colorizer.trainable_variables:
        variable.assign(variable + 0.5)
    Checkpoints(tmp_path, training, step).save_latest()
    config_files.write_config(tmp_path, alternating_config)
    with pytest.raises(InputError, match="of this number of devices"):
        trainer.train(alternating_config, tmp_path, one_replica)
    # What evaluation and export load has no need of pools.
    loaded, record = restore.load_method(tmp_path, "latest")
    assert record["step"] == 1
    for network in loaded.networks:
        for value, expected in zip(
            loaded.networks[network].variables,
            trained.networks[network].variables,
            strict=True,
        ):
            np.testing.assert_array_equal(value, expected)
