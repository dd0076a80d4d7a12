"""The commands and the Python of README.md, as they stand there."""

import json
import os
import re
import runpy
import shlex
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from absl import flags

import nircolor_tf
from nircolor_tf.commands import main as commands
from nircolor_tf.inference import models
from nircolor_tf.training import config_files

REPOSITORY = Path(__file__).parents[2]
README = (REPOSITORY / "README.md").read_text()
BLOCKS = re.findall(r"```bash\n(.*?)```", README, re.DOTALL)

# Words of a command line of nircolor, without that name.
LINES = [
    shlex.split(line, comments=True)[1:]
    for block in BLOCKS
    for line in block.splitlines()
    if line.startswith("nircolor ")
]
# A training of minutes is not the test's.
SMALLER = {
    "make_synthetic": ["--count=12", "--size=64"],
    "train": ["--stop_at=1", "--config.data.crop=64"],
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder that sees what a checkout has."""
    for name in ("configs", "docs"):
        (tmp_path / name).symlink_to(REPOSITORY / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def parse():
    """Reads a command line, and gives the command's main."""
    others = set(flags.FLAGS)

    def parse(name, *arguments):
        clear()
        path = REPOSITORY / "nircolor_tf" / "commands" / f"{name}.py"
        main = runpy.run_path(str(path))["main"]
        flags.FLAGS([name, *arguments])
        return main

    def clear():
        for name in set(flags.FLAGS) - others:
            delattr(flags.FLAGS, name)

    yield parse
    clear()


def colors_of_the_picture():
    """(H, W, 3): NIR, the model's colors and the photo of docs/result.jpg."""
    picture = cv2.imread(str(REPOSITORY / "docs" / "result.jpg"))[..., ::-1]
    width = (picture.shape[1] - 12) // 3
    return [
        picture[:, start : start + width].astype(int)
        for start in (0, width + 6, 2 * width + 12)
    ]


def test_every_command_line_has_the_flags_of_its_command(folder, parse):
    assert [line[0] for line in LINES] == [
        *("colorize", "make_synthetic", "prepare_data", "train", "evaluate"),
        *("export", "verify", "colorize"),
    ]
    for name, *arguments in LINES:
        parse(name, *arguments)
    inline = re.findall(r"`nircolor (\w+)", README)
    names = {*commands.commands(), "demo"}
    assert len(inline) > 5
    assert set(inline) <= names


def test_the_first_command_draws_the_picture(folder, parse):
    name, *arguments = LINES[0]
    parse(name, *arguments)()
    color = cv2.imread("color.jpg")[..., ::-1].astype(int)
    expected = colors_of_the_picture()[1]
    # The picture was made of the NIR before it was a JPEG file.
    difference = np.abs(color - expected).mean()
    assert difference < 3, "another model? docs/picture.py draws it anew"


def test_the_python(folder):
    (program,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    names = {}
    exec(program, names)
    assert names["rgb"].shape == colors_of_the_picture()[0].shape


def test_the_pairs_that_are_made_up_can_be_prepared(folder, parse):
    name, *arguments = LINES[1]
    parse(name, *arguments, "--count=6", "--size=64")()
    name, *arguments = LINES[2]
    parse(name, *arguments)()
    assert (folder / "data" / "manifest.csv").is_file()


def test_the_training_has_the_network_of_the_model_it_starts_from():
    line = " ".join(LINES[3])
    (name,) = re.findall(r"--config=(\S+)", line)
    (start,) = re.findall(r"--start_from=(\S+)", line)
    config = config_files.read(str(REPOSITORY / name))
    card = json.loads((models.locate(start) / "card.json").read_text())
    assert card["method"] == config.method
    ours = json.loads(json.dumps(config.network.to_dict()))
    theirs = card["config"]["network"]
    for network in (ours, theirs):
        network.pop("dropout")  # it has no weights
    assert ours == theirs


def test_the_version_is_that_of_the_citation():
    citation = (REPOSITORY / "CITATION.cff").read_text()
    assert f"\nversion: {nircolor_tf.__version__}\n" in citation


@pytest.mark.slow
def test_all_command_lines_in_their_order(folder):
    for line in LINES:
        result = subprocess.run(
            [
                sys.executable,
                "-m",
                "nircolor_tf",
                *line,
                *SMALLER.get(line[0], []),
            ],
            env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, f"{line}\n{result.stderr}"
    names = sorted(path.name for path in Path("pairs/nir").iterdir())
    assert names == sorted(path.name for path in Path("color").iterdir())
