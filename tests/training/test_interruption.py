"""A signal ends a training after its step, saved and with words."""

import itertools
import os
import resource
import shlex
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import keras
import killing
import pytest
import typed

from nircolor_tf.errors import InterruptionError
from nircolor_tf.images import conversions
from nircolor_tf.methods import METHODS
from nircolor_tf.training import sinks, trainer
from nircolor_tf.training.interruption import SIGNALS, Interruption

REPOSITORY = Path(__file__).parents[2]


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_signal_is_noted_and_the_second_one_acts(number):
    received = []
    before = signal.signal(number, lambda *_: received.append(number))
    try:
        interruption = Interruption()
        with interruption.watched():
            assert not interruption
            os.kill(os.getpid(), number)
            assert interruption
            assert interruption.signal == number
            assert not received
            os.kill(os.getpid(), number)
            assert received == [number]
        os.kill(os.getpid(), number)
        assert received == [number] * 2
    finally:
        signal.signal(number, before)


def test_nohup_holds_off_the_end_of_the_terminal():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        interruption = Interruption()
        with interruption.watched():
            os.kill(os.getpid(), signal.SIGHUP)
        assert not interruption
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_another_thread_watches_nothing():
    interruption, handlers = Interruption(), []

    def watch():
        with interruption.watched():
            handlers.append(signal.getsignal(signal.SIGTERM))

    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=watch)
    thread.start()
    thread.join()
    assert handlers == [before]


@pytest.fixture
def signaled(monkeypatch):
    """Sends SIGTERM when one of the images of all evaluations is measured."""

    def at(number):
        numbers, domains = itertools.count(1), conversions.domains

        def watched(*images):
            if next(numbers) == number:
                os.kill(os.getpid(), signal.SIGTERM)
            return domains(*images)

        monkeypatch.setattr(conversions, "domains", watched)

    return at


@pytest.mark.parametrize("step", [4, 8])
def test_an_evaluation_that_is_ended_is_made_again(
    step, tmp_path, pairs_manifest, one_replica, monkeypatch, signaled
):
    monkeypatch.setitem(METHODS, "small", killing.Small)
    config = killing.small_config(pairs_manifest, steps=8)
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"

    def train(workdir):
        keras.utils.clear_session(free_memory=False)  # see contract.py
        trainer.train(config, workdir, one_replica)

    train(whole)
    # Of three images after every second step, the second one.
    signaled(step // 2 * 3 - 1)
    with pytest.raises(InterruptionError, match=f"after step {step} of 8"):
        train(stopped)
    assert sinks.newest_step(stopped, "train") == step
    assert sinks.newest_step(stopped, "eval") == step - 2
    train(stopped)
    killing.assert_same(whole, stopped)


def train(*flags, temporary):
    return subprocess.Popen(
        [sys.executable, "bin/train.py", *map(str, flags)],
        cwd=REPOSITORY,
        env=os.environ
        | {"PYTHONPATH": str(REPOSITORY), "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run(output, *flags):
    """To its end, where TensorFlow is imported already."""
    output.mkdir()
    line = shlex.join(["train.py", *flags])
    status, *printed = typed.run(line, REPOSITORY, output)
    return status, "".join(printed)


def seconds_of(process):
    """Of a processor, so far; a busy machine takes longer."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2]
    return sum(map(int, fields.split()[11:13])) / os.sysconf("SC_CLK_TCK")


def seconds_of_ended():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_a_training_that_is_terminated_goes_on(tmp_path, pairs_manifest):
    workdir = tmp_path / "workdir"
    flags = [
        "--config=configs/supervised.py:unet256,smoke",
        f"--workdir={workdir}",
        f"--config.data.manifest={pairs_manifest}",
        "--config.train.steps=100000",
        "--config.train.checkpoint_every=100000",
        "--config.train.evaluate_every=100000",
        "--config.train.log_every=1",
    ]
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    first = train(*flags, temporary=temporary)
    scalars = workdir / "train" / "scalars.csv"
    while first.poll() is None and (
        not scalars.is_file() or len(scalars.read_text().splitlines()) < 2
    ):
        time.sleep(0.1)
    status, refusal = run(tmp_path / "second", *flags)
    assert status == 1
    assert f"a training runs there already, process {first.pid} on" in refusal
    generated = "__autograph_generated_file*"
    assert any(temporary.glob(generated))
    before = seconds_of(first) + seconds_of_ended()
    first.send_signal(signal.SIGTERM)
    output, _ = first.communicate(timeout=60)
    assert first.returncode == 128 + signal.SIGTERM
    assert 0 < seconds_of_ended() - before < 10
    assert not any(temporary.glob(generated))
    assert "begins after step 0 of 100000" in output
    (step,) = [
        int(path.stem.removeprefix("ckpt-"))
        for path in (workdir / "checkpoints").glob("ckpt-*.index")
    ]
    assert f"stopped by SIGTERM after step {step} of 100000" in output
    assert f"bin/train.py --workdir={workdir}" in output
    status, output = run(
        tmp_path / "resumed", f"--workdir={workdir}", f"--stop_at={step + 1}"
    )
    assert status == 0
    assert f"begins after step {step} of 100000" in output
