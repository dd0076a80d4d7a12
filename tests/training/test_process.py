"""A process that trains keeps freed memory, and computes with oneDNN."""

import ctypes
import os
import pathlib
import platform
import subprocess
import sys

import pytest

from nircolor_tf.training import process

# Prints the pages that five rounds of the same three blocks cost, in a thread
# like those of TensorFlow.
ROUNDS = """
import ctypes, resource, threading
from nircolor_tf.training import process
if {keep}:
    process.keep_freed_memory()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.malloc.argtypes = [ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]
def use():
    blocks = [libc.malloc({megabytes} << 20) for _ in range(3)]
    for block in blocks:
        ctypes.memset(block, 1, {megabytes} << 20)
    for block in blocks:
        libc.free(block)
def count():
    use(), use()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(5):
        use()
    print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
thread = threading.Thread(target=count)
thread.start()
thread.join()
"""


def _pages(keep: bool, megabytes: int) -> int:
    done = subprocess.run(
        [sys.executable, "-c", ROUNDS.format(keep=keep, megabytes=megabytes)],
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout)


@pytest.mark.skipif(
    not hasattr(ctypes.CDLL(None), "mallopt"), reason="needs glibc"
)
@pytest.mark.parametrize("megabytes", [20, 100])
def test_freed_memory_is_kept(megabytes):
    block = megabytes * 256  # pages of 4 KiB
    assert _pages(False, megabytes) > 5 * block
    assert _pages(True, megabytes) < 100


def test_another_system_is_left_alone(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not process.keep_freed_memory()


@pytest.mark.parametrize(
    ("machine", "already", "expected"),
    [
        ("x86_64", None, "1"),
        ("AMD64", None, "1"),
        ("x86_64", "0", "0"),
        ("aarch64", None, None),
    ],
)
def test_onednn_is_for_x86_unless_a_user_says_no(
    monkeypatch, machine, already, expected
):
    environment = {} if already is None else {"TF_ENABLE_ONEDNN_OPTS": already}
    monkeypatch.setattr(platform, "machine", lambda: machine)
    monkeypatch.setattr(os, "environ", environment)
    process.use_onednn()
    assert environment.get("TF_ENABLE_ONEDNN_OPTS") == expected


@pytest.mark.parametrize(
    ("flags", "precision", "note"),
    [
        ("fma avx2 avx512_bf16", "bfloat16", ""),
        ("asimd bf16", "bfloat16", ""),
        ("fma avx2", "bfloat16", "imitates bfloat16"),
        ("fma avx2", "float32", ""),
        (None, "bfloat16", ""),
    ],
)
def test_a_processor_without_bfloat16_is_named(
    monkeypatch, flags, precision, note
):
    def read(path, encoding):
        assert (str(path), encoding) == ("/proc/cpuinfo", "utf-8")
        if flags is None:
            raise FileNotFoundError
        return f"flags : {flags}\n"

    monkeypatch.setattr(pathlib.Path, "read_text", read)
    said = process.describe_imitation(precision)
    assert note in said
    assert bool(note) == bool(said)
