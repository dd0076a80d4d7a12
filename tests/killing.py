"""Trainings in processes of their own, killed at moments that are drawn.

A training says through a pipe when it comes to a place (`PLACES`), and the
test kills it some time after that, wherever it is then.
"""

import contextlib
import functools
import json
import random
import shutil
import signal
import time
from typing import NamedTuple

import forked
import keras
import numpy as np
import smoke
import tensorflow as tf
from contract import base_config, everything, read_start

from nircolor_tf import losses
from nircolor_tf.methods import METHODS
from nircolor_tf.methods.base import Method, Phase
from nircolor_tf.training import (
    cluster,
    config_files,
    trainer,
    workdir_lock,
)
from nircolor_tf.training.checkpoints import Checkpoints
from nircolor_tf.training.evaluator import Evaluator
from nircolor_tf.training.writer import Writer

PLACES = {
    "start": (workdir_lock, "locked"),
    "step": (Writer, "advance"),
    "evaluation": (Evaluator, "evaluate"),
    "best": (Checkpoints, "save_best"),
    "save": (Checkpoints, "save_latest"),
}
# Of places that are passed at once: seconds in which something else happens.
SECONDS = {"start": 1.0, "step": 0.3}


class Moment(NamedTuple):
    """When a training is killed."""

    place: str
    call: int  # how often the training comes there first
    part: float  # of the time that is spent there


class Small(Method):
    """All that a checkpoint keeps, in a training that starts in a second."""

    def __init__(self, config):
        super().__init__(config, size_multiple=1)
        stack = [
            keras.layers.BatchNormalization(synchronized=True),
            keras.layers.Conv2D(3, 1),
        ]
        self.colorizer = self.add_network(
            "colorizer", keras.Sequential(stack), 1, inference=True
        )
        self.critic = self.add_network(
            "critic",
            keras.Sequential([keras.layers.Conv2D(1, 1)]),
            3,
            inference=False,
        )
        self.add_optimizer("adam", ("colorizer", "critic"), config.optimizer)
        self.add_pool("rgb", 3)

    def call(self, nir, training=False):
        return self.colorizer(nir, training=training)

    def phases(self):
        steps = self.config.train.steps

        def phase(name, count):
            rates = {"adam": lambda progress: 0.01 * (1 - progress)}
            return Phase(
                name, count, self.compare, ("adam",), ("paired",), rates
            )

        return phase("first", steps // 2), phase("second", steps - steps // 2)

    def compare(self, batch):
        rgb = self.colorizer(batch["nir"], training=True)
        earlier = self.pooled("rgb", rgb)
        l1 = losses.l1(rgb, batch["rgb"])
        judged = losses.l1(self.critic(earlier), self.critic(batch["rgb"]))
        return {"adam": l1 + 0.1 * judged}, {"colorizer/l1": l1}


def small_config(manifest, steps):
    config = smoke.smoke_config("supervised", "unet256,smoke", manifest)
    with config.unlocked():
        config.gan = {"pool_size": 4}
    config.method = "small"
    config.train.update(steps=steps, evaluate_every=2, checkpoint_every=2)
    config.evaluate.protocols = ("std",)
    return config


def draw_moments(seed, count, calls=(1,)):
    """Every place in turn, and in each a random moment."""
    draw = random.Random(seed)
    places = [*PLACES] * (count // len(PLACES) + 1)
    return [
        # A training starts once.
        Moment(
            place, 1 if place == "start" else draw.choice(calls), draw.random()
        )
        for place in places[:count]
    ]


def train_and_kill(config, folder, moments):
    """Trains twice: as a whole, and killed at each moment.

    The killed one may come to its end before a moment: the rest of it may be
    too short, or no evaluation better than the best. Then it is compared, and
    another one begins, which is long enough for every moment.
    """
    base = base_config(config)
    if base is not None:
        _run(base, folder / "base")
    spent = _run(config, folder / "whole")
    killed = folder / "killed"
    for moment in moments:
        if not _kill(config, killed, moment, spent):
            assert_same(folder / "whole", killed)
            shutil.rmtree(killed)
            assert _kill(config, killed, moment, spent), moment
    _run(_config_of(killed, config), killed)
    assert_same(folder / "whole", killed)


def _kill(config, workdir, moment, spent):
    """Trains until the moment; returns whether it was killed, or ended."""
    config = _config_of(workdir, config)
    process, pipe = _start(config, workdir, moment.place, moment.call)
    try:
        pipe.recv()
        time.sleep(
            moment.part * SECONDS.get(moment.place, spent.get(moment.place, 0))
        )
        process.kill()
    except EOFError:  # it ended before
        pass
    process.join()
    assert process.exitcode in (0, -signal.SIGKILL), moment
    return process.exitcode != 0


def _config_of(workdir, config):
    """Nothing but the workdir is needed to go on."""
    if (workdir / config_files.CONFIG_FILE).exists():
        return config_files.read_config(workdir)
    return config


def _run(config, workdir):
    """Trains to the end; returns the seconds of each first call."""
    process, pipe = _start(config, workdir, None, 0)
    spent = pipe.recv()
    process.join()
    assert process.exitcode == 0
    return spent


def _start(config, workdir, place, call):
    ours, theirs = forked.context.Pipe()
    process = forked.start(
        _train, config.to_json(), workdir, place, call, theirs
    )
    theirs.close()
    return process, ours


def _train(tree, workdir, place, call, pipe):
    METHODS["small"] = Small
    config = config_files.parse_config(json.loads(tree), "test")
    spent, calls = {}, dict.fromkeys(PLACES, 0)
    with contextlib.ExitStack() as stack:

        def watch(name, owner, attribute):
            function = getattr(owner, attribute)

            @functools.wraps(function)
            def watched(*arguments, **keywords):
                calls[name] += 1
                if name == place and calls[name] == call:
                    pipe.send("here")
                start = time.monotonic()
                result = function(*arguments, **keywords)
                spent.setdefault(name, time.monotonic() - start)
                return result

            setattr(owner, attribute, watched)
            stack.callback(setattr, owner, attribute, function)

        for name, (owner, attribute) in PLACES.items():
            watch(name, owner, attribute)
        strategy = cluster.make_strategy()
        start = read_start(config, workdir)
        trainer.train(config, workdir, strategy, start=start)
    if place is None:
        pipe.send(spent)


def assert_same(whole, killed):
    """What two workdirs hold is the same, but for the clock."""
    expected, actual = everything(whole), everything(killed)
    assert expected.keys() == actual.keys()
    for key, value in expected.items():
        np.testing.assert_array_equal(actual[key], value, err_msg=key)
    (record, best), (other, others) = map(_best, (whole, killed))
    assert record == other
    assert best.keys() == others.keys()
    for key, value in best.items():
        np.testing.assert_array_equal(others[key], value, err_msg=key)
    for path in [
        *("config.json", "images.csv", "training_data.csv"),
        *("train/scalars.csv", "eval/scalars.csv"),
        *sorted(path.relative_to(whole) for path in whole.glob("eval/*.png")),
    ]:
        assert (whole / path).read_bytes() == (killed / path).read_bytes(), path
    assert _names(whole) == _names(killed)


def _best(workdir):
    """The record of the best checkpoint without the clock, and its weights."""
    record = json.loads((workdir / "checkpoints" / "best.json").read_text())
    for entry in (record, record.get("previous") or {}):
        entry.pop("minutes", None)
    path = str(workdir / "checkpoints" / f"best-{record['step']}")
    names = [name for name, _ in tf.train.list_variables(path)]
    return record, {
        name: tf.train.load_variable(path, name)
        for name in names
        if not name.startswith("_CHECKPOINTABLE")
    }


def _names(workdir):
    """The files of a workdir; each process has events of its own."""
    return {
        str(path.relative_to(workdir))
        for path in workdir.rglob("*")
        if ".tfevents." not in path.name
    }
