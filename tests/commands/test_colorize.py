import os
import signal
import subprocess
import sys
import time

import av
import clips
import cv2
import numpy as np
import pytest

from nircolor_tf.images import image_files
from nircolor_tf.inference import bfwls
from nircolor_tf.inference.fusion import COLORNET

TRAIN_EXTRA = (
    "tensorflow",
    "keras",
    "scipy",
    "skimage",
    "ml_collections",
    "tensorboard",
)
# What a single image has no use for: it would come later.
NOT_FOR_ONE_IMAGE = (
    *TRAIN_EXTRA,
    *("av", "tqdm", "nircolor_tf.inference.video"),
)


def write_nir(path):
    path.parent.mkdir(exist_ok=True)
    nir = np.arange(63, dtype=np.uint8).reshape(9, 7, 1) * 4
    image_files.write_image(path, nir)
    return nir


def start_colorize(repository, *arguments, blocked=(), first=""):
    """Starts the binary in a Python that cannot import the blocked modules.

    `first` is Python that it runs before.
    """
    binary = repository / "bin" / "colorize.py"
    program = (
        "import runpy, sys\n"
        f"for name in {list(blocked)}: sys.modules[name] = None\n"
        f"sys.argv = [{str(binary)!r}] + {[str(a) for a in arguments]}\n"
        f"{first}\n"
        "runpy.run_path(sys.argv[0], run_name='__main__')\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(repository)},
    )


def run_colorize(repository, *arguments, blocked=()):
    """Runs it to its end."""
    process = start_colorize(repository, *arguments, blocked=blocked)
    out, errors = process.communicate()
    return subprocess.CompletedProcess(
        process.args, process.returncode, out, errors
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
    rgb = image_files.read_rgb(tmp_path / "color" / "a.png")
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
    assert image_files.read_rgb(tmp_path / "b.tif").shape == (9, 7, 3)


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
    fused = bfwls.fuse(unit, unit * [1, 0.5, 0.25], COLORNET)
    rgb = image_files.read_rgb(tmp_path / "color" / "a.tif")
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


def test_a_name_that_is_no_text_and_no_standard_error(
    repository, tiny_export, tmp_path
):
    write_nir(tmp_path / "a.png")
    output = os.fsencode(tmp_path) + b"/no\xff"
    done = subprocess.run(
        [
            *("sh", "-c", 'exec "$0" "$@" 2>&-', sys.executable),
            repository / "bin" / "colorize.py",
            f"--input={tmp_path / 'a.png'}",
            b"--output=" + output,
            f"--model={tiny_export}",
        ],
        stdout=subprocess.PIPE,
        check=False,
        env=os.environ
        | {
            "PYTHONPATH": str(repository),
            "PYTHONIOENCODING": "utf-8:strict",
            "TF_CPP_MIN_LOG_LEVEL": "3",
        },
    )
    assert done.returncode == 0
    assert rb"no\udcff" in done.stdout
    assert os.listdir(output) == [b"a.png"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_nothing_half_written(
    number, repository, tiny_export, tmp_path
):
    clip = str(tmp_path / "clip.avi")
    writer = cv2.VideoWriter(clip, cv2.VideoWriter_fourcc(*"MJPG"), 5, (32, 24))
    for _ in range(20_000):
        writer.write(np.full((24, 32, 3), 70, np.uint8))
    writer.release()
    process = start_colorize(
        repository,
        f"--input={clip}",
        f"--output={tmp_path / 'color.mkv'}",
        f"--model={tiny_export}",
        # What runs the tests may ignore SIGHUP, as nohup does.
        first=f"import signal; signal.signal({number:d}, signal.SIG_DFL)",
    )
    while not any(tmp_path.glob(".color.mkv.*/*")):
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    process.send_signal(number)
    _, errors = process.communicate()
    assert process.returncode == 128 + number
    assert "error: terminated" in errors
    assert "Traceback" not in errors
    assert os.listdir(tmp_path) == ["clip.avi"]


CAMERA = """
import cv2, numpy as np

class Camera:
    def isOpened(self):
        return True

    def get(self, key):
        return 30.0

    def read(self):
        print("read", flush=True)
        return True, np.full((24, 32, 3), 70, np.uint8)

    def release(self):
        pass

real = cv2.VideoCapture
cv2.VideoCapture = lambda name: Camera() if name == 0 else real(name)
"""


def test_sigterm_ends_a_recording_and_keeps_it(
    repository, tiny_export, tmp_path
):
    process = start_colorize(
        repository,
        "--input=0",
        f"--output={tmp_path / 'color.mkv'}",
        f"--model={tiny_export}",
        first=CAMERA,
    )
    assert [process.stdout.readline() for _ in range(3)] == ["read\n"] * 3
    process.send_signal(signal.SIGTERM)
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert "colorized " in out
    assert os.listdir(tmp_path) == ["color.mkv"]
    with av.open(str(tmp_path / "color.mkv")) as video:
        assert len(list(video.decode(video=0))) >= 2


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
    nir = image_files.read_image(tmp_path / "b.png")
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


@pytest.mark.parametrize(
    "flag", ["--saturation=1.25", "--fusion=bfwls", "--nobrighten"]
)
def test_the_error_of_other_colors_is_not_known(flag, repository, tmp_path):
    write_nir(tmp_path / "in" / "a.png")
    result = run_colorize(
        repository,
        f"--input={tmp_path / 'in'}",
        f"--output={tmp_path / 'out'}",
        f"--uncertainty={tmp_path / 'maps'}",
        flag,
    )
    assert result.returncode == 1
    assert f"{flag} with --uncertainty: the error is" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_a_video_that_exists_is_skipped(repository, tmp_path):
    clips.write_clip(tmp_path / "nir.mkv", [clips.gray(9)] * 3, "gray", "ffv1")
    (tmp_path / "color").mkdir()
    (tmp_path / "color" / "nir.mkv").write_bytes(b"old")
    result = run_colorize(
        repository,
        f"--input={tmp_path / 'nir.mkv'}",
        f"--output={tmp_path / 'color'}",
        "--skip_existing",
    )
    assert result.returncode == 0, result.stderr
    assert "the result exists already" in result.stdout + result.stderr
    assert (tmp_path / "color" / "nir.mkv").read_bytes() == b"old"
