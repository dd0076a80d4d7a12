import os
import subprocess
import sys

import cv2
import numpy as np

from nircolor_tf.data import images
from nircolor_tf.fusion import bfwls

TRAIN_EXTRA = (
    "tensorflow",
    "keras",
    "scipy",
    "skimage",
    "ml_collections",
    "tensorboard",
)
# What a single image has no use for: it would come later.
NOT_FOR_ONE_IMAGE = (*TRAIN_EXTRA, "tqdm", "nircolor_tf.video")


def write_nir(path):
    path.parent.mkdir(exist_ok=True)
    nir = np.arange(63, dtype=np.uint8).reshape(9, 7, 1) * 4
    images.write_image(path, nir)
    return nir


def run_colorize(repository, *arguments, blocked=()):
    """Runs the binary in a Python that cannot import the blocked modules."""
    binary = repository / "bin" / "colorize.py"
    program = (
        "import runpy, sys\n"
        f"for name in {list(blocked)}: sys.modules[name] = None\n"
        f"sys.argv = [{str(binary)!r}] + {[str(a) for a in arguments]}\n"
        "runpy.run_path(sys.argv[0], run_name='__main__')\n"
    )
    return subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(repository)},
        check=False,
    )


def test_a_base_install_colorizes_a_folder(repository, tiny_export, tmp_path):
    nir = write_nir(tmp_path / "nir" / "a.png")
    write_nir(tmp_path / "nir" / "b.png")
    result = run_colorize(
        repository,
        f"--input={tmp_path / 'nir'}",
        f"--output={tmp_path / 'color'}",
        f"--model={tiny_export}",
        blocked=TRAIN_EXTRA,
    )
    assert result.returncode == 0, result.stderr
    assert f"colorized 2 images with {tiny_export} -> " in result.stdout
    expected = nir * [1, 0.5, 0.25]
    rgb = images.read_rgb(tmp_path / "color" / "a.png")
    np.testing.assert_allclose(rgb, expected, atol=0.501)


def test_the_shipped_model_colorizes_one_image_with_little_imported(
    repository, tmp_path
):
    write_nir(tmp_path / "a.png")
    result = run_colorize(
        repository,
        f"--input={tmp_path / 'a.png'}",
        f"--output={tmp_path / 'b.tif'}",
        "--threads=1",
        blocked=NOT_FOR_ONE_IMAGE,
    )
    assert result.returncode == 0, result.stderr
    assert "colorized 1 image with " in result.stdout
    assert images.read_rgb(tmp_path / "b.tif").shape == (9, 7, 3)


def test_the_binary_passes_its_flags_on(repository, tiny_export, tmp_path):
    nir = write_nir(tmp_path / "nir" / "a.png")
    result = run_colorize(
        repository,
        f"--input={tmp_path / 'nir'}",
        f"--output={tmp_path / 'color'}",
        f"--model={tiny_export}",
        "--range=48,248",
        "--format=tiff",
        "--fusion=bfwls",
        "--tile=16",
        "--overlap=8",
    )
    assert result.returncode == 0, result.stderr
    assert "colorized 1 image, values 48..248 -> 0..1 with " in result.stdout
    unit = ((nir - np.float32(48)) / 200).clip(0, 1)
    fused = bfwls.fuse(unit, unit * [1, 0.5, 0.25], bfwls.COLORNET)
    rgb = images.read_rgb(tmp_path / "color" / "a.tif")
    np.testing.assert_allclose(rgb, fused * 255, atol=0.501)


def test_the_binary_takes_a_video(repository, tiny_export, tmp_path):
    clip = str(tmp_path / "clip.avi")
    writer = cv2.VideoWriter(clip, cv2.VideoWriter_fourcc(*"MJPG"), 5, (32, 24))
    for level in (60, 70, 80):
        writer.write(np.full((24, 32, 3), level, np.uint8))
    writer.release()
    result = run_colorize(
        repository,
        f"--input={clip}",
        f"--output={tmp_path / 'color.avi'}",
        f"--model={tiny_export}",
        "--smoothing=0",
        "--frames=2",
        blocked=TRAIN_EXTRA,
    )
    assert result.returncode == 0, result.stderr
    frames = cv2.VideoCapture(str(tmp_path / "color.avi"))
    assert frames.get(cv2.CAP_PROP_FRAME_COUNT) == 2
    blue, green, red = frames.read()[1].mean(axis=(0, 1))
    np.testing.assert_allclose([red, green, blue], [60, 30, 15], atol=3)


def test_the_binary_takes_another_path(repository, tiny_export, tmp_path):
    gray = write_nir(tmp_path / "gray" / "a.png")
    result = run_colorize(
        repository,
        f"--input={tmp_path / 'gray' / 'a.png'}",
        f"--output={tmp_path / 'b.png'}",
        f"--model={tiny_export}",
        "--path=g2n",
    )
    assert result.returncode == 0, result.stderr
    nir = images.read_image(tmp_path / "b.png")
    np.testing.assert_allclose(nir, gray[..., 0] / 2, atol=0.51)


def test_a_base_install_says_what_a_saved_model_needs(
    repository, tiny_export, tmp_path
):
    write_nir(tmp_path / "a.png")
    result = run_colorize(
        repository,
        f"--input={tmp_path / 'a.png'}",
        f"--output={tmp_path / 'color'}",
        f"--model={tiny_export}",
        "--runtime=saved_model",
        blocked=TRAIN_EXTRA,
    )
    assert result.returncode == 1
    assert "pip install nircolor-tf[train]" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_bad_file_gives_exit_status_1_and_no_traceback(
    repository, tiny_export, tmp_path
):
    write_nir(tmp_path / "nir" / "good.png")
    (tmp_path / "nir" / "bad.png").write_bytes(b"")
    result = run_colorize(
        repository,
        f"--input={tmp_path / 'nir'}",
        f"--output={tmp_path / 'color'}",
        f"--model={tiny_export}",
    )
    assert result.returncode == 1
    assert "1 of 2 images failed" in result.stderr
    assert "bad.png" in result.stderr
    assert "Traceback" not in result.stderr
    assert os.listdir(tmp_path / "color") == ["good.png"]
