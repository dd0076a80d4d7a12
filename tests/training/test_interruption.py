"""A signal ends a training after its step, saved and with words."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

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


def train(*flags):
    return subprocess.Popen(
        [sys.executable, "bin/train.py", *map(str, flags)],
        cwd=REPOSITORY,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


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
    first = train(*flags)
    scalars = workdir / "train" / "scalars.csv"
    while first.poll() is None and (
        not scalars.is_file() or len(scalars.read_text().splitlines()) < 2
    ):
        time.sleep(0.1)
    second = train(*flags)
    refusal, _ = second.communicate()
    assert second.returncode == 1
    assert f"a training runs there already, process {first.pid} on" in refusal
    first.send_signal(signal.SIGTERM)
    output, _ = first.communicate(timeout=60)
    assert first.returncode == 128 + signal.SIGTERM
    assert "begins after step 0 of 100000" in output
    (step,) = [
        int(path.stem.removeprefix("ckpt-"))
        for path in (workdir / "checkpoints").glob("ckpt-*.index")
    ]
    assert f"stopped by SIGTERM after step {step} of 100000" in output
    assert f"bin/train.py --workdir={workdir}" in output
    resumed = train(f"--workdir={workdir}", f"--stop_at={step + 1}")
    output, _ = resumed.communicate()
    assert resumed.returncode == 0
    assert f"begins after step {step} of 100000" in output
