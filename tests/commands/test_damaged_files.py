"""Damaged images through the commands: errors, little memory, no remains."""

import re
import subprocess
import sys

import image_storage as storage
import numpy as np
import pytest
from mutations import mutations

from nircolor_tf.errors import InputError
from nircolor_tf.images import image_files

_SUFFIXES = image_files.IMAGE_SUFFIXES
_PEAK = 500  # MB

# Runs a command and prints its peak memory, of which only a parent knows.
_MEASURE = """
import resource, subprocess, sys
status = subprocess.run(sys.argv[1:]).returncode
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print("peak", peak // 1024)
sys.exit(status)
"""


def measured(*command):
    """Returns exit status, output and peak memory in MB."""
    run = subprocess.run(
        [sys.executable, "-c", _MEASURE, sys.executable, *map(str, command)],
        capture_output=True,
        check=False,
        text=True,
        errors="replace",
    )
    peak = int(re.search(r"peak (\d+)", run.stdout)[1])
    return run.returncode, run.stdout + run.stderr, peak


def write_damaged(folder, count):
    folder.mkdir(parents=True)
    readable = []
    for number, data in enumerate(mutations(0, count)):
        # The content tells the format, not the suffix.
        path = folder / f"{number:05}{_SUFFIXES[number % len(_SUFFIXES)]}"
        path.write_bytes(data)
        try:
            image_files.read_nir(path)
        except InputError as error:
            assert str(error).startswith(str(path))
        else:
            readable.append(path.name)
    return readable


COUNTS = pytest.mark.parametrize(
    "count", [200, pytest.param(10_000, marks=pytest.mark.slow)]
)


@COUNTS
def test_colorize(tmp_path, count):
    readable = write_damaged(tmp_path / "nir", count)
    status, output, peak = measured(
        "bin/colorize.py",
        "--model=saved_models/default",
        f"--input={tmp_path / 'nir'}",
        f"--output={tmp_path / 'color'}",
    )
    assert status == 1
    assert f"{count - len(readable)} of {count} images failed" in output
    assert "Traceback" not in output
    written = sorted(path.name for path in (tmp_path / "color").iterdir())
    assert written == readable
    for name in written:
        image_files.read_rgb(tmp_path / "color" / name)
    assert peak < _PEAK


@COUNTS
def test_prepare_data(tmp_path, count):
    readable = write_damaged(tmp_path / "nir", count)
    (tmp_path / "rgb").mkdir()
    color = storage.by_opencv(storage.pixels(26, 20, 3, np.uint8), ".png")
    for number in range(count):
        (tmp_path / "rgb" / f"{number:05}.png").write_bytes(color)
    status, output, peak = measured(
        "bin/prepare_data.py",
        f"--source={tmp_path}",
        "--layout=folder",
        f"--output={tmp_path / 'set'}",
    )
    assert status == 1
    assert "Traceback" not in output
    problems = int(re.search(r"(\d+) problems in the source", output)[1])
    assert problems >= count - len(readable)
    assert not (tmp_path / "set").exists()
    assert peak < _PEAK
