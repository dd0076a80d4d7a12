"""Config files: read from anywhere, shown before anything runs."""

import ast
import importlib.resources
import json
import os
import shutil
import subprocess
import sys
import types

import pytest
import smoke

from nircolor_tf.errors import InputError
from nircolor_tf.training import config_files

# As a user's: what it decides, and the rest from common.py.
MINE = """
import common

CONFIG = {
    "method": "supervised",
    "network": {"name": "resnet", "filters": 8, "blocks": 1, **common.RGB},
    "loss": {**common.PIXEL_LOSS, "l1": 1.0},
    "rate": {"schedule": "constant", "peak": 1e-3, "warmup": 0.0},
    "data": {"batch_size": 2, "crop": 32},
    "train": {"steps": 4, **common.every(2)},
}
VARIANTS = {"": {}, "wide": {"network": {"filters": 16}}}


def get_config(variant=""):
    return common.make_config(__file__, CONFIG, VARIANTS, variant)
"""


@pytest.fixture
def mine(tmp_path):
    """A config file in a folder of its own, and common.py beside it."""
    shutil.copy(smoke.CONFIGS / "common.py", tmp_path)
    file = tmp_path / "mine.py"
    file.write_text(MINE)
    return file


def test_a_config_file_in_another_folder(mine, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path.parent)
    for name in (str(mine), f"{tmp_path.name}/mine.py"):
        assert config_files.read(name).network.filters == 8
        config = config_files.read(f"{name}:wide")
        assert config.network.filters == 16
        assert config.evaluate.split == "val"
        assert config.is_locked


def test_it_reads_the_common_of_its_own_folder(mine):
    common = mine.with_name("common.py")
    common.write_text(common.read_text().replace('"val"', '"other"'))
    assert config_files.read(str(mine)).evaluate.split == "other"
    shipped = config_files.read(str(smoke.CONFIGS / "landscapes.py"))
    assert shipped.evaluate.split == "val"


def test_nobody_else_sees_its_common(mine, monkeypatch):
    path = list(sys.path)
    config_files.read(str(mine))
    assert "common" not in sys.modules
    other = types.ModuleType("common")
    monkeypatch.setitem(sys.modules, "common", other)
    config_files.read(str(mine))
    with pytest.raises(InputError):
        config_files.read(f"{mine}:none")
    assert sys.modules["common"] is other
    assert sys.path == path


def test_a_variant_that_is_not_there(mine):
    with pytest.raises(
        InputError, match=r"mine\.py:none: expected nothing or one of wide$"
    ):
        config_files.read(f"{mine}:none")


def test_a_common_that_is_not_there(mine):
    mine.with_name("common.py").unlink()
    with pytest.raises(InputError, match=r"mine\.py: No module named 'common'"):
        config_files.read(str(mine))


def test_a_config_file_that_is_older_than_a_key(mine):
    tree = json.loads(smoke.load_config("colornet", "smoke").to_json())
    del tree["export"], tree["data"]["unpaired_from"], tree["loss"]["shift"]
    mine.write_text(
        "from ml_collections import ConfigDict\n\n\n"
        f"def get_config():\n    return ConfigDict({tree})\n"
    )
    config = config_files.read(str(mine))
    assert config.export.least_db.int8 == 40.0
    assert config.data.unpaired_from == ("pairs",)
    assert config.loss.shift == 0
    assert config.is_locked


def read_printed(text):
    """The keys and values of what --print_config printed."""
    values, sections = {}, []
    for line in text.splitlines():
        key, _, value = line.strip().partition(":")
        level = (len(line) - len(line.lstrip())) // 2
        sections = [*sections[:level], key]
        if value:
            values[".".join(sections)] = ast.literal_eval(value.strip())
    return values


@pytest.fixture
def print_config(tmp_path, repository):
    """bin/train.py --print_config, where TensorFlow cannot be imported."""
    script = (
        "import sys\n"
        "sys.modules['tensorflow'] = sys.modules['keras'] = None\n"
        "from nircolor_tf.commands import cli\n"
        "cli.run('train')\n"
    )

    def run(*arguments):
        return subprocess.run(
            [sys.executable, "-c", script, "--print_config", *arguments],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(repository)},
            capture_output=True,
            check=False,
            text=True,
        )

    return run


@pytest.mark.parametrize(
    ("file", "variant"), [("cocolor", "partial,cpu"), ("vivid", "")]
)
def test_the_whole_config_is_printed(file, variant, print_config, tmp_path):
    printed = print_config(
        f"--config={smoke.CONFIGS / file}.py:{variant}",
        "--config.seed=5",
        "--config.data.zoom=(0.25, 0.5)",
    )
    assert printed.returncode == 0, printed.stderr
    expected = dict(smoke.flatten(smoke.load_config(file, variant)))
    expected |= {"seed": 5, "data.zoom": (0.25, 0.5)}
    assert read_printed(printed.stdout) == expected
    lines = printed.stdout.splitlines()
    assert [x for x in lines if x[0] != " "] == sorted(
        x for x in lines if x[0] != " "
    )
    assert not list(tmp_path.iterdir())


def test_the_config_of_a_workdir_is_printed(print_config, tmp_path):
    config = smoke.load_config("colornet", "smoke")
    config.train.steps = 77
    config_files.write_config(tmp_path / "w", config)
    printed = print_config("--workdir=w")
    assert read_printed(printed.stdout) == dict(smoke.flatten(config))


def test_the_data_of_a_workdir_may_move(print_config, tmp_path):
    config = smoke.load_config("vivid", "smoke")
    config_files.write_config(tmp_path / "w", config)
    moved = print_config("--workdir=w", "--config.data.manifest=new.csv")
    assert moved.returncode == 0, moved.stderr
    expected = dict(smoke.flatten(config)) | {"data.manifest": "new.csv"}
    assert read_printed(moved.stdout) == expected
    # Behind --config it is a value like the others.
    vivid = f"--config={smoke.CONFIGS}/vivid.py:smoke"
    printed = print_config(vivid, "--config.data.manifest=new.csv")
    assert read_printed(printed.stdout) == expected


def test_a_relative_manifest_is_of_the_working_directory(tmp_path, monkeypatch):
    config = smoke.load_config("vivid", "smoke")
    config.data.manifest = "data/manifest.csv"
    monkeypatch.chdir(tmp_path)
    absolute = config_files.with_absolute_paths(config.lock())
    assert absolute.is_locked
    assert absolute.data.manifest == str(tmp_path / "data/manifest.csv")
    assert config.data.manifest == "data/manifest.csv"
    assert config_files.with_absolute_paths(absolute) == absolute
    # Of the config in a workdir nothing else changes.
    config_files.write_config(tmp_path / "w", config)
    older = json.loads((tmp_path / "w" / "config.json").read_text())
    del older["train"]["recompute"]
    (tmp_path / "w" / "config.json").write_text(json.dumps(older))
    config_files.write_config(tmp_path / "w", absolute)
    older["data"]["manifest"] = absolute.data.manifest
    text = (tmp_path / "w" / "config.json").read_text()
    assert json.loads(text) == older


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "--print_config: expected --config=FILE.py[:variant], or"),
        (["--config=no.py"], "No such file or directory: 'no.py'"),
        (["--workdir=none"], "none/config.json: no such file"),
        (
            [f"--config={smoke.CONFIGS}/vivid.py:none"],
            "vivid.py:none: expected nothing or one of smoke",
        ),
        (
            [f"--config={smoke.CONFIGS}/vivid.py", "--config.train.stepz=9"],
            "no key 'stepz'. Did you mean \"steps\"",
        ),
    ],
)
def test_what_cannot_be_printed(arguments, message, print_config):
    printed = print_config(*arguments)
    assert printed.returncode == 1
    assert message in printed.stderr
    assert "Traceback" not in printed.stderr


def test_shipped_configs_are_in_the_package(tmp_path, monkeypatch):
    package, here = tmp_path / "package", tmp_path / "here"
    for folder, steps in ((package, 1), (here, 2)):
        (folder / "configs").mkdir(parents=True)
        for name in ("common", "landscapes"):
            text = (smoke.CONFIGS / f"{name}.py").read_text()
            (folder / "configs" / f"{name}.py").write_text(text)
        with open(folder / "configs" / "landscapes.py", "a") as file:
            file.write(
                "\n\n_get_config = get_config\n\n\n"
                "def get_config(variant=''):\n"
                "    config = _get_config(variant)\n"
                f"    config.train.steps = {steps}\n"
                "    return config\n"
            )
    monkeypatch.setattr(importlib.resources, "files", lambda _: package)
    monkeypatch.chdir(tmp_path)
    read = config_files.read
    assert read("configs/landscapes.py:smoke").train.steps == 1
    monkeypatch.chdir(here)
    assert read("configs/landscapes.py:smoke").train.steps == 2
    with pytest.raises(InputError, match=r"configs/missing\.py"):
        read("configs/missing.py")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def get_config(): return {}['x']", "KeyError: 'x'"),
        ("def get_config(): raise KeyError(3)", "KeyError: 3"),
        ("def get_config(): raise AttributeError", "AttributeError"),
    ],
)
def test_a_mistake_in_a_config_file_is_one_of_that_file(
    tmp_path, text, message
):
    (tmp_path / "own.py").write_text(text)
    with pytest.raises(InputError, match=rf"own\.py: {message}"):
        config_files.read(str(tmp_path / "own.py"))
