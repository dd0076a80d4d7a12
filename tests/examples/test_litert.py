"""examples/litert.py against the package."""

import json
import subprocess
import sys

import cv2
import numpy as np
import pytest

import nircolor_tf
from nircolor_tf.inference import models


@pytest.mark.parametrize("size", [(90, 70), (331, 300)])
def test_the_example_equals_the_package_to_one_level(
    size, repository, tmp_path
):
    rows, columns = np.indices(size)
    nir = (rows + 2 * columns + 40 * (rows // 9 % 2)).astype(np.uint8)
    cv2.imwrite(str(tmp_path / "nir.png"), nir)
    example = repository / "examples" / "litert.py"
    arguments = [models.locate("default"), "nir.png", "color.png"]
    subprocess.run(
        [sys.executable, example, *arguments], cwd=tmp_path, check=True
    )
    color = cv2.imread(str(tmp_path / "color.png"))[..., ::-1]
    expected = nircolor_tf.load()(nir)
    difference = np.abs(color.astype(int) - expected)
    assert difference.max() <= 1
    assert (difference > 0).mean() < 0.01


@pytest.mark.parametrize(
    ("file", "height", "message"),
    [
        ("model_128x176_dynamic.tflite", 300, ""),
        ("model_128x176_dynamic.tflite", 90, "takes [1, 128, 176, 1], float32"),
        ("model_128x176_int8.tflite", 300, "takes [1, 128, 176, 1], int8"),
    ],
)
def test_a_file_of_one_size(file, height, message, repository, tmp_path):
    rows, columns = np.indices((height, height * 4 // 3))
    nir = (128 + 90 * np.sin(rows / 31) * np.cos(columns / 17)).astype(np.uint8)
    cv2.imwrite(str(tmp_path / "nir.png"), nir)
    example = repository / "examples" / "litert.py"
    arguments = [models.locate("default"), "nir.png", "color.png", file]
    result = subprocess.run(
        [sys.executable, example, *arguments],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert message in result.stderr
    assert bool(message) == bool(result.returncode)
    if not message:
        color = cv2.imread(str(tmp_path / "color.png"))[..., ::-1]
        expected = nircolor_tf.load(file=file)(nir)
        assert np.abs(color - expected.astype(float)).max() <= 1


def test_a_model_with_more_steps_is_refused(repository, tmp_path):
    example = repository / "examples" / "litert.py"
    (tmp_path / "model").mkdir()
    card = json.loads(
        (models.locate("default") / "card.json").read_text("utf-8")
    )
    card["mirror"] = True
    (tmp_path / "model" / "card.json").write_text(json.dumps(card), "utf-8")
    (tmp_path / "model" / "model.tflite").touch()
    arguments = ["model", "nir.png", "color.png"]
    refusal = subprocess.run(
        [sys.executable, example, *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert refusal.returncode == 1
    assert "has mirror, see docs/cameras.md" in refusal.stderr


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (("none.png", "color.png"), "none.png: expected an image of 8 bit"),
        (("deep.png", "color.png"), "deep.png: expected an image of 8 bit"),
        (("nir.png", "none/color.png"), "none/color.png: cannot be written"),
    ],
)
def test_files_that_it_cannot_use(files, message, repository, tmp_path):
    cv2.imwrite(str(tmp_path / "nir.png"), np.zeros((70, 70), np.uint8))
    cv2.imwrite(str(tmp_path / "deep.png"), np.zeros((70, 70), np.uint16))
    refusal = subprocess.run(
        [
            sys.executable,
            repository / "examples" / "litert.py",
            models.locate("default"),
            *files,
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert refusal.returncode == 1
    assert message in refusal.stderr
