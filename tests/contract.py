"""What the contract tests are made of: tiny methods, batches, comparisons."""

import functools
import shutil

import keras
import numpy as np
import smoke
import tensorflow as tf

from nircolor_tf.data import synthetic
from nircolor_tf.methods import METHODS
from nircolor_tf.methods.base import Method
from nircolor_tf.training import (
    build,
    checkpoints,
    config_files,
    trainer,
    warm_start,
)
from nircolor_tf.training.step import compile_step

# Their networks take the time of a training, and smaller ones show as much.
SMALLER_NETWORKS = {
    "landscapes": {"levels": 2},
    "atcyclegan": {
        "name": "unet256",
        "levels": 2,
        "max_filters": 16,
        "norm": "instance",
    },
}


def smaller_config(name, variant, manifest):
    """A smoke config to be resumed."""
    config = smoke.smoke_config(name, variant, manifest)
    if name in SMALLER_NETWORKS:
        with config.unlocked():
            config.network.update(SMALLER_NETWORKS[name])
    return config


def make_method(name, variant, **changes):
    config = smoke.smoke_config(name, variant)
    config.update_from_flattened_dict(changes)
    return build.make_method(config)


@functools.cache
def shared_method(name, variant):
    """One for all tests that leave it as it is, untrained."""
    return make_method(name, variant)


def make_batch(method, data=("paired",), count=2):
    """What the phases read that name these data sets."""
    datasets = {"paired": make_pairs(method, count)}
    datasets["unpaired"] = {"rgb": make_pairs(method, count, seed=10)["rgb"]}
    return (
        {n: datasets[n] for n in data} if len(data) > 1 else datasets[data[0]]
    )


def make_pairs(method, count, seed=0):
    size = method.config.data.crop
    pairs = [synthetic.make_pair(seed + i, size, size, 8) for i in range(count)]
    low, high = method.config.data.value_range
    nir, rgb = (
        np.stack(images).astype(np.float32) / 255 * (high - low) + low
        for images in zip(*pairs, strict=True)
    )
    return {"nir": nir, "rgb": rgb}


def distinct_phases(method):
    """One phase of each kind: those that alternate come many times."""
    return list({phase.losses: phase for phase in method.phases()}.values())


def make_training(name, variant, strategy, **changes):
    """What a training of a method holds, without a moving average."""
    changes = {"train.average_decay": 0.0, **changes}
    with strategy.scope():
        method = make_method(name, variant, **changes)
        return build.prepare_training(method, strategy)


def step_of(training, phase, rate=1e-3):
    for name in phase.optimizers:
        training.optimizers[name].learning_rate.assign(rate)
    return compile_step(training, phase, jit_compile=False)


def weights_of(owners):
    """Of networks or optimizers, by the name of their owner."""
    return {
        name: [variable.numpy().copy() for variable in owner.variables]
        for name, owner in owners.items()
    }


def largest_difference(first, second):
    return max(
        np.abs(np.asarray(a, float) - np.asarray(b, float)).max(initial=0)
        for name in first
        for a, b in zip(first[name], second[name], strict=True)
    )


def networks_reached(method, phase, batch):
    """Which networks get a gradient from the loss that updates them."""
    with tf.GradientTape(persistent=True) as tape:
        losses, _ = phase.losses(batch)
        losses = {n: tf.convert_to_tensor(x) for n, x in losses.items()}
    assert losses.keys() == set(phase.optimizers)
    reached = set()
    # Optimizers that share a loss share its gradient, as in training.
    for loss in {id(loss): loss for loss in losses.values()}.values():
        networks = [
            network
            for optimizer in phase.optimizers
            if losses[optimizer] is loss
            for network in method.optimizers[optimizer].networks
        ]
        variables = [
            [v.value for v in method.networks[network].trainable_variables]
            for network in networks
        ]
        gradients = tape.gradient(loss, variables)
        for network, found in zip(networks, gradients, strict=True):
            if any(g is not None and np.any(g.numpy()) for g in found):
                reached.add(network)
    return reached


def everything(workdir):
    """All variables in the newest checkpoint of a workdir."""
    path = tf.train.latest_checkpoint(workdir / "checkpoints")
    return {
        key: tf.train.load_variable(path, key)
        for key, _ in tf.train.list_variables(path)
        if not key.startswith(("_CHECKPOINTABLE", "save_counter", "seconds"))
    }


def base_config(config):
    """Of a model that this training may start from; None if it needs none."""
    if not _needs_start(config):
        return None
    base = smoke.smoke_config("default", "smoke", config.data.manifest)
    base.network = config.network
    base.train.update(steps=1, evaluate_every=1, checkpoint_every=1)
    return base


def read_start(config, workdir):
    """What a training starts from that has begun nothing; None for nothing."""
    begun = checkpoints.newest_step(workdir) is not None
    if begun or not _needs_start(config):
        return None
    return warm_start.read_workdir(workdir.parent / "base", "latest")


def _needs_start(config):
    # Methods of the tests are known to the process that trains them.
    return METHODS.get(config.method, Method).needs_start


def check_resume(config, folder, strategy):
    """A run that goes on from its third step ends as if uninterrupted.

    Steps after the checkpoint count for nothing, as after a kill.
    """
    config.train.checkpoint_every = 3
    # As in a new process: TensorFlow's graph optimizer goes by the names of
    # operations, which Keras numbers, and rounding by what it does.
    keras.utils.clear_session(free_memory=False)
    base = base_config(config)
    if base is not None:
        trainer.train(base, folder / "base", strategy)
    start = read_start(config, folder / "a")
    trainer.train(config, folder / "a", strategy, start=start)
    shutil.copytree(folder / "a", folder / "b")
    saved = folder / "b" / "checkpoints"
    tf.compat.v1.train.update_checkpoint_state(
        str(saved), str(saved / "ckpt-3")
    )
    for path in saved.glob("ckpt-4*"):
        path.unlink()
    # Nothing but the workdir is needed to go on.
    resumed = config_files.read_config(folder / "b")
    keras.utils.clear_session(free_memory=False)
    trainer.train(resumed, folder / "b", strategy)
    whole, parts = everything(folder / "a"), everything(folder / "b")
    assert whole.keys() == parts.keys()
    assert len(whole) > 20
    for key, value in whole.items():
        np.testing.assert_array_equal(value, parts[key], err_msg=key)
    for kind in ("train", "eval"):
        rows = [
            (folder / run / kind / "scalars.csv").read_text() for run in "ab"
        ]
        assert rows[0] == rows[1]
