"""bin/benchmark.py --output: all that it measures, in small."""

import importlib.util
import json
import subprocess
import sys

import pytest

from nircolor_tf.benchmarks import suite
from nircolor_tf.errors import InputError

HAS_TORCH = importlib.util.find_spec("torch") is not None


def benchmark(repository, *arguments):
    return subprocess.run(
        [sys.executable, repository / "bin" / "benchmark.py", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_file_of_one_size_is_timed_at_its_size(load_command, capsys):
    command = load_command("benchmark")
    file = "model_128x176_int8.tflite"
    command(file=file, repeats=1)
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith(f"{file}, median of 1 calls")
    assert second.startswith("   128 x 176")
    with pytest.raises(InputError, match=r"takes images of 128 x 176 pixels"):
        command(file=file, sizes="64", repeats=1)
    with pytest.raises(InputError, match="--sizes=0: expected pixels"):
        command(sizes="0")


@pytest.mark.skipif(HAS_TORCH, reason="PyTorch is here")
def test_the_extra_is_named(repository, tmp_path):
    done = benchmark(repository, f"--output={tmp_path / 'out'}")
    assert done.returncode == 1
    assert "pip install 'nircolor-tf[bench]'" in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
@pytest.mark.skipif(not HAS_TORCH, reason="needs the extra [bench]")
def test_every_section_measures(repository, tmp_path):
    output, page = tmp_path / "out", tmp_path / "page.md"
    page.write_text("# Speed\n<!-- results -->\n<!-- /results -->\nEnd\n")
    done = benchmark(
        repository, "--quick", f"--output={output}", f"--page={page}"
    )
    assert done.returncode == 0, done.stderr
    report = json.loads((output / "performance.json").read_text())
    assert report["left_out"] == {}
    assert set(report["rows"]) == set(suite.SECTIONS)
    assert len(report["curves"]) == 6
    names = {path.name for path in output.iterdir()}
    assert {"roofline.png", "growth.png", "performance.md"} <= names
    text = page.read_text()
    assert text.startswith("# Speed\n") and text.endswith("\nEnd\n")
    assert "](out/roofline.png)" in text


@pytest.mark.skipif(not HAS_TORCH, reason="needs the extra [bench]")
def test_a_page_without_markers_is_refused_at_once(repository, tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# Speed\n")
    done = benchmark(
        repository, f"--output={tmp_path / 'out'}", f"--page={page}"
    )
    assert done.returncode == 1
    assert f"{page}: expected <!-- results -->" in done.stderr
    assert page.read_text() == "# Speed\n"
