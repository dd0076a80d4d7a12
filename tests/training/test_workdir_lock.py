"""One training at a time in a workdir."""

import errno
import fcntl
import os
import re
import signal
import subprocess
import sys

import pytest

from nircolor_tf.errors import InputError
from nircolor_tf.training import workdir_lock

HOLD = """
import sys, time
from nircolor_tf.training import workdir_lock
with workdir_lock.locked(sys.argv[1]):
    print("locked", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    """A process that holds tmp_path."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "locked\n"
    yield process
    process.kill()
    process.wait()


def test_a_second_training_is_refused_and_told_by_whom(tmp_path, holder):
    with (
        pytest.raises(
            InputError,
            match=re.escape(f"{tmp_path}: a training runs there already")
            + rf", process {holder.pid} on \S+, since \d{{4}}-\d\d-\d\d ",
        ),
        workdir_lock.locked(tmp_path),
    ):
        pass
    # The refusal does not take the words of the holder away.
    assert f"process {holder.pid} " in (tmp_path / "lock").read_text()


def test_the_lock_ends_with_its_process(tmp_path, holder):
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    with workdir_lock.locked(tmp_path):
        assert f"process {os.getpid()} " in (tmp_path / "lock").read_text()


def test_the_lock_ends_with_its_block(tmp_path):
    for _ in range(2):
        with workdir_lock.locked(tmp_path / "new" / "workdir"):
            assert (tmp_path / "new" / "workdir" / "lock").read_text()


def test_a_file_system_without_locks_is_said(tmp_path, monkeypatch, caplog):
    def flock(file, operation):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", flock)
    with workdir_lock.locked(tmp_path):
        pass
    assert f"{tmp_path}: this file system has no locks" in caplog.text
