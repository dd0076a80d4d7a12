"""What a shell learns of a command that could not begin."""

import subprocess
import sys

import pytest


@pytest.fixture
def run(repository, tmp_path):
    def start(name, *arguments):
        program = repository / "bin" / f"{name}.py"
        return subprocess.run(
            [sys.executable, program, *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

    return start


def test_help_succeeds_and_mistakes_fail(run):
    assert run("colorize", "--help").returncode == 0
    paths = "--input=a.png", "--output=b.png"
    for arguments in ((*paths, "extra"), ("a.png", "b.png")):
        result = run("colorize", *arguments)
        assert result.returncode == 1
        assert "unexpected argument" in result.stderr
    assert run("colorize", *paths, "--thread=1").returncode == 1


def test_a_config_that_refuses_to_be_one(run, tmp_path):
    (tmp_path / "mine.py").write_text("import sys\nsys.exit('needs a GPU')\n")
    result = run("train", "--config=mine.py", "--workdir=w")
    assert result.returncode == 1
    assert "needs a GPU" in result.stderr


def test_another_config_is_a_new_training(run, tmp_path):
    (tmp_path / "my run").mkdir()
    (tmp_path / "my run" / "config.json").write_text("{}")
    hint = "goes on from its weights: --config=FILE.py --workdir=NEW"
    for name, workdir, hinted in (
        ("train", ("--workdir=my run",), True),
        ("train", ("--workdir=new",), False),
        ("estimate_memory", (), False),
    ):
        result = run(name, *workdir, "--config.data.crop=8")
        assert result.returncode == 1
        assert "Unknown command line flag 'config.data.crop'" in result.stderr
        assert (f"{hint} --start_from='my run'" in result.stderr) == hinted
        assert "Traceback" not in result.stderr
