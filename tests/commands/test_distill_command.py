"""bin/distill.py refuses teachers that do not turn NIR into color."""

import json
import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("source", "target"), [("nir", "gray"), ("gray", "rgb")]
)
def test_a_path_that_is_no_teacher(source, target, repository, tmp_path):
    card = json.loads(
        (repository / "saved_models" / "default" / "card.json").read_text()
    )
    card["paths"]["n2c"] |= {"source": source, "target": target}
    (tmp_path / "card.json").write_text(json.dumps(card))
    result = subprocess.run(
        [
            sys.executable,
            repository / "bin" / "distill.py",
            f"--teacher={tmp_path}",
            "--data=manifest.csv",
            f"--output={tmp_path / 'out'}",
        ],
        check=False,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 1
    assert f"from {source} to {target}; expected one from" in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "out").exists()
