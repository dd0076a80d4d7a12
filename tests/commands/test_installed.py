"""The package as pip installs it, outside the checkout."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

import nircolor_tf
from nircolor_tf.commands import main

REPOSITORY = Path(__file__).parents[2]
GRAY = np.arange(48, dtype=np.uint8).reshape(6, 8) * 5

# What the base install lacks.
BLOCK = """
import sys
for name in (
    *("tensorflow", "keras", "ml_collections", "scipy", "skimage"), "gradio"
):
    sys.modules[name] = None
"""


def run(command, folder, **variables):
    clean = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    return subprocess.run(
        list(map(str, command)),
        cwd=folder,
        env=clean | variables,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A copy of what is installed: a build leaves files where it runs."""
    folder = tmp_path_factory.mktemp("source")
    for name in ("nircolor_tf", "configs", "saved_models"):
        shutil.copytree(REPOSITORY / name, folder / name)
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(REPOSITORY / name, folder)
    return folder


@pytest.fixture(scope="module")
def installed(source, tmp_path_factory):
    """A folder with the package alone, as the wheel holds it."""
    folder = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    result = run([*pip, f"--target={folder}", source], folder)
    assert result.returncode == 0, result.stderr
    (folder / "sitecustomize.py").write_text(BLOCK)
    return folder


def nircolor(installed, folder, *arguments):
    command = [sys.executable, "-m", "nircolor_tf", *arguments]
    return run(command, folder, PYTHONPATH=str(installed))


def test_the_wheel_colorizes_by_name(installed, tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), GRAY)
    for model in nircolor_tf.models():
        result = nircolor(
            *(installed, tmp_path, "colorize", "--input=a.png"),
            *(f"--output={model}.png", f"--model={model}"),
        )
        assert result.returncode == 0, result.stderr
        assert result.stderr == ""  # LiteRT's first line neither
        color = cv2.imread(str(tmp_path / f"{model}.png"))
        assert color.shape == (6, 8, 3)


def test_the_wheel_holds_models_configs_and_types(installed):
    package = installed / "nircolor_tf"
    for name in ("py.typed", "configs/landscapes.py", "configs/common.py"):
        assert (package / name).is_file()
    for name in nircolor_tf.models():
        ours = REPOSITORY / "saved_models" / name
        files = [file for file in ours.rglob("*") if file.is_file()]
        assert files
        for file in files:
            copy = package / "saved_models" / name / file.relative_to(ours)
            assert copy.read_bytes() == file.read_bytes()


def test_every_room_is_in_the_wheel(installed):
    for file in (REPOSITORY / "nircolor_tf").rglob("*.py"):
        assert (installed / file.relative_to(REPOSITORY)).is_file()


def test_commands_are_listed(installed, tmp_path):
    names = {path.stem for path in (REPOSITORY / "bin").glob("*.py")}
    assert set(main.commands()) == names - {"demo"}
    result = nircolor(installed, tmp_path)
    assert result.returncode == 0
    for name, summary in main.commands().items():
        assert f"  {name} " in result.stdout
        assert summary in result.stdout
    result = nircolor(installed, tmp_path, "--version")
    assert result.stdout == f"nircolor {nircolor_tf.__version__}\n"
    assert result.returncode == 0
    # The name of bin/demo.py, which needs the repository, is the page's.
    result = nircolor(installed, tmp_path, "demo", "--help")
    assert main.commands()["web"] in result.stdout
    result = nircolor(installed, tmp_path, "paint")
    assert result.returncode == 1
    assert result.stderr.startswith("error: paint: no such command; expected")


@pytest.mark.parametrize("name", sorted(main.commands()))
def test_help_works_on_the_base_install(installed, tmp_path, name):
    result = nircolor(installed, tmp_path, name, "--help")
    assert "Traceback" not in result.stdout + result.stderr
    assert main.commands()[name] in result.stdout


def test_messages_name_commands_that_the_package_has(installed, tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), GRAY)
    (tmp_path / "empty").mkdir()
    result = nircolor(
        *(installed, tmp_path, "colorize", "--model=./empty"),
        *("--input=a.png", "--output=b.png"),
    )
    assert result.returncode == 1
    assert "nircolor export writes it" in result.stderr
    help_text = nircolor(installed, tmp_path, "colorize", "--help").stdout
    assert "  nircolor colorize --input=photos/nir" in help_text
    assert "bin/" not in result.stderr + help_text


def test_a_missing_extra_is_one_line(installed, tmp_path):
    result = nircolor(
        *(installed, tmp_path, "train", "--config=configs/landscapes.py"),
        "--workdir=w",
    )
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr == (
        "error: train needs ml_collections, which is not installed: "
        "pip install 'nircolor-tf[train]'\n"
    )
    result = nircolor(installed, tmp_path, "demo")
    assert result.returncode == 1
    assert result.stderr == (
        "error: web needs gradio, which is not installed: "
        "pip install 'nircolor-tf[demo]'\n"
    )


@pytest.mark.slow
def test_a_new_environment_has_the_command(source, tmp_path):
    run([sys.executable, "-m", "venv", tmp_path / "venv"], tmp_path)
    binaries = tmp_path / "venv" / "bin"
    result = run([binaries / "pip", "install", "-q", source], tmp_path)
    assert result.returncode == 0, result.stderr
    cv2.imwrite(str(tmp_path / "a.png"), GRAY)
    result = run(
        [binaries / "nircolor", "colorize", "--input=a.png", "--output=b.png"],
        tmp_path,
    )
    assert result.returncode == 0, result.stderr
    assert cv2.imread(str(tmp_path / "b.png")).shape == (6, 8, 3)
    imports = run([binaries / "python", "-c", "import tensorflow"], tmp_path)
    assert "ModuleNotFoundError" in imports.stderr
