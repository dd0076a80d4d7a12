"""Python on pages and in the notebook, as it stands there."""

import doctest
import json
import os
import re
import shlex
import subprocess
import sys

import pytest

BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)


def test_the_page_of_the_api(repository, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = BLOCK.findall((repository / "docs" / "api.md").read_text())
    names = {}
    exec(blocks[0], names)
    parser, runner = doctest.DocTestParser(), doctest.DocTestRunner()
    text = "\n".join(blocks[1:])
    test = parser.get_doctest(text, names, "api.md", "docs/api.md", 0)
    assert len(test.examples) > 15
    result = runner.run(test)
    assert result.failed == 0


def cells(repository):
    text = (repository / "examples" / "nircolor.ipynb").read_text()
    return [
        "".join(cell["source"])
        for cell in json.loads(text)["cells"]
        if cell["cell_type"] == "code"
    ]


@pytest.mark.slow
def test_the_notebook(repository, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "configs").symlink_to(repository / "configs")
    install, *others = cells(repository)
    assert install == '%pip install --quiet "..[train]"'
    names = {}
    for cell in others:
        if cell.startswith("!"):
            line = cell.removeprefix("!").replace("\\\n", " ")
            # Its hour is not the test's; the first step has all of the way.
            if " train " in line:
                line += " --stop_at=1 --config.data.crop=64"
            run(line, tmp_path, repository)
        else:
            exec(cell, names)
    assert names["color"].size == (128, 128)
    assert len(list((tmp_path / "color").iterdir())) == 24
    assert (tmp_path / "report" / "report.html").is_file()


def run(line, folder, repository):
    program, *arguments = shlex.split(line)
    assert program == "nircolor"
    result = subprocess.run(
        [sys.executable, "-m", "nircolor_tf", *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(repository)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, f"{line}\n{result.stderr}"
