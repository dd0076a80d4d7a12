"""Commands whose standard streams are closed, or are read no further."""

import os
import subprocess
import sys

import numpy as np
import pytest

from nircolor_tf.images import image_files


@pytest.fixture
def colorize(repository, tmp_path):
    """The command line that colorizes a folder of two images."""
    (tmp_path / "nir").mkdir()
    for name in ("a.png", "b.png"):
        image_files.write_image(
            tmp_path / "nir" / name, np.full((20, 30, 1), 90, np.uint8)
        )
    program = repository / "bin" / "colorize.py"
    return [sys.executable, program, "--input=nir", "--output=color"]


def test_streams_that_a_daemon_has_closed(colorize, tmp_path):
    # tqdm writes to the third; an image must not become one of them.
    command = ["/bin/sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", *colorize]
    subprocess.run(command, cwd=tmp_path, check=True)
    for name in ("a.png", "b.png"):
        raster = image_files.read_raster(tmp_path / "color" / name)
        assert raster.bands.shape == (20, 30, 3)


def test_a_reader_that_has_ended_is_no_failure(colorize, repository, tmp_path):
    start = "from nircolor_tf.commands import main; main.main()"
    listing = [sys.executable, "-c", start, "--help"]
    for command in (colorize, listing):
        reader, writer = os.pipe()
        os.close(reader)
        result = subprocess.run(
            command,
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(repository)},
            stdout=writer,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        os.close(writer)
        assert result.returncode == 0
        assert "Broken pipe" not in result.stderr
    assert len(list((tmp_path / "color").iterdir())) == 2


@pytest.mark.parametrize(
    ("command", "override"), [("train", "None"), ("costs", "0")]
)
def test_gpus_round_products_in_trainings_alone(
    command, override, repository, tmp_path
):
    program = (
        "import os\n"
        "from nircolor_tf.commands import cli\n"
        "cli.app.run = lambda *_, **__: None\n"
        f"cli.run({command!r})\n"
        "print(os.environ.get('NVIDIA_TF32_OVERRIDE'))\n"
    )
    environment = os.environ | {"PYTHONPATH": str(repository)}
    environment.pop("NVIDIA_TF32_OVERRIDE", None)
    result = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout == f"{override}\n"
