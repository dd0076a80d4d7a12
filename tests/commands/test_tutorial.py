"""The commands of docs/tutorial.md, as they stand there."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

REPOSITORY = Path(__file__).parents[2]
PAGE = REPOSITORY / "docs" / "tutorial.md"


def commands():
    blocks = re.findall(r"```bash\n(.*?)```", PAGE.read_text(), re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


@pytest.mark.slow
def test_the_tutorial(tmp_path):
    # As installed: the package knows its configs, the folder holds nothing.
    (tmp_path / "configs").symlink_to(REPOSITORY / "configs")
    lines = commands()
    assert len(lines) == 7
    for line in lines:
        program, *arguments = shlex.split(line)
        assert program == "nircolor"
        result = subprocess.run(
            [sys.executable, "-m", "nircolor_tf", *arguments],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, f"{line}\n{result.stderr}"
    names = sorted(path.name for path in (tmp_path / "pairs/nir").iterdir())
    assert len(names) == 24
    for folder in ("color", "color_mine"):
        assert names == sorted(p.name for p in (tmp_path / folder).iterdir())
        image = cv2.imread(str(tmp_path / folder / names[0]))
        assert image.shape == (64, 64, 3)
    assert list((tmp_path / "run/eval").glob("*.png"))
    assert (tmp_path / "report/report.html").is_file()
    assert (tmp_path / "mine/card.json").is_file()
