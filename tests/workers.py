"""Several processes of this machine that share a training, by TF_CONFIG.

Run as a program, it is one of them:

    workers.py MANIFEST BATCH_SIZE FOLDER NUMBER EXPERIMENT...

trains experiments, one after the other: 'FILE:VARIANT', 'toy:STEPS' or, in
float16, 'half:STEPS'. SGD takes the place of Adam, which would magnify
rounding.
"""

import contextlib
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import contract
import keras
import numpy as np
import smoke
from keras import layers
from ml_collections import ConfigDict

from nircolor_tf import losses
from nircolor_tf.errors import InterruptionError
from nircolor_tf.methods import METHODS
from nircolor_tf.methods.base import Method, Phase
from nircolor_tf.training import cluster, optimizers, trainer

TESTS = Path(__file__).parent


class Toy(Method):
    """One BatchNorm, one convolution, and a pool that its loss reads."""

    def __init__(self, config):
        super().__init__(config, size_multiple=1)
        network = keras.Sequential(
            [
                layers.BatchNormalization(synchronized=True),
                layers.Conv2D(3, 1, dtype="float32"),
            ]
        )
        self.colorizer = self.add_network(
            "colorizer", network, channels=1, inference=True
        )
        self.add_optimizer("optimizer", ("colorizer",), ConfigDict())
        self.add_pool("fakes", channels=3)

    def call(self, nir, training=False):
        return self.colorizer(nir, training=training)

    def phases(self):
        rates = {"optimizer": lambda progress: 0.1}
        steps = self.config.train.steps
        names = ("optimizer",), ("paired",)
        return (Phase("only", steps, self.losses_of, *names, rates),)

    def losses_of(self, batch):
        fake = self(batch["nir"], training=True)
        older = self.pooled("fakes", fake)
        total = losses.l2(fake, batch["rgb"]) + losses.l2(older, batch["rgb"])
        return {"optimizer": total}, {"colorizer/total": total}


def config_of(experiment, manifest, batch_size):
    """A config whose batch can be shared, and that rounds little."""
    name, variant = experiment.split(":")
    is_toy = name in ("toy", "half")
    config = smoke.smoke_config(
        *(("supervised", "unet256,smoke") if is_toy else (name, variant)),
        manifest,
    )
    # At 32 px LinkNet's BatchNorm sees one pixel an image at the bottom; each
    # replica draws the same masks, and has a pool of its own.
    changes = {"data.crop": 64, "data.batch_size": batch_size}
    changes |= {
        key: 0
        for key, _ in smoke.flatten(config)
        if key.endswith((".dropout", ".pool_size"))
    }
    config.update_from_flattened_dict(changes)
    if is_toy:
        config = config.copy_and_resolve_references()
        with config.unlocked():
            config.method = "toy"
            config.gan = ConfigDict({"pool_size": 5})
            config.data.crop, config.train.steps = 8, int(variant)
            every = max(2, int(variant) // 10)
            config.train.evaluate_every = config.train.checkpoint_every = every
            if name == "half":
                config.train.precision = "float16"
    return config


def last_step(experiment):
    """The step after which it is compared; None for its last one."""
    # What a CycleGAN rounds grows 80 times a step (test_replicas.py).
    return 1 if experiment.startswith("cyclegan") else None


def use_sgd():
    """Makes optimizers that do not magnify rounding; registers the toy."""
    METHODS["toy"] = Toy
    optimizers.make_adam = lambda settings: keras.optimizers.SGD(0.0)


def start(count, *arguments, program=__file__):
    """Starts a program in `count` processes, 2 or more.

    Where an argument is 'NUMBER', each gets its own from 0 on.
    """
    workers, processes = _addresses(count), []
    for index in range(count):
        task = {"type": "worker", "index": index}
        tree = {"cluster": {"worker": workers}, "task": task}
        environment = {
            "PYTHONPATH": f"{TESTS.parent}{os.pathsep}{TESTS}",
            cluster.VARIABLE: json.dumps(tree),
        }
        words = [str(index) if a == "NUMBER" else str(a) for a in arguments]
        processes.append(
            subprocess.Popen(
                [sys.executable, program, *words],
                cwd=TESTS.parent,
                env=os.environ | environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
    return processes


def finish(processes, seconds=600):
    """Returns exit status and output of each; none is left running."""
    results = []
    try:
        for process in processes:
            output, _ = process.communicate(timeout=seconds)
            results.append((process.returncode, output))
    finally:
        for process in processes:
            process.kill()
    return results


def _addresses(count):
    """Addresses of this machine that are free."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("localhost", 0))
        return [f"localhost:{one.getsockname()[1]}" for one in sockets]


def main():
    use_sgd()
    strategy = cluster.make_strategy()
    manifest, batch_size, folder, number, *experiments = sys.argv[1:]
    for experiment in experiments:
        config = config_of(experiment, manifest, int(batch_size))
        path = Path(folder, experiment)
        try:
            start = contract.read_start(config, path)
            method = trainer.train(
                config, path, strategy, last_step(experiment), start
            )
        except InterruptionError as error:
            print(error)
            sys.exit(128 + error.signal)
        np.savez(
            f"{path}-{number}.npz",
            **{
                f"{name} {index}": variable.numpy()
                for name, network in method.networks.items()
                for index, variable in enumerate(network.variables)
            },
        )


if __name__ == "__main__":
    main()
