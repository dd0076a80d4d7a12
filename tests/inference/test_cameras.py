"""Cameras, of OpenCV."""

from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from clips import Recorder, colorize, gray, read_clip

from nircolor_tf.errors import InputError
from nircolor_tf.inference import capture


class Camera:
    """Delivers frames of the levels 0, 10, 20 and 30, then an interruption."""

    def __init__(self):
        self.level = -10
        self.asked = {}

    def isOpened(self):  # noqa: N802 - OpenCV's name
        return True

    def get(self, key):
        return {cv2.CAP_PROP_FPS: 10.0}[key]

    def set(self, key, value):
        self.asked[key] = value

    def read(self):
        self.level += 10
        if self.level == 40:
            raise KeyboardInterrupt
        return True, np.dstack([gray(self.level)] * 3)

    def release(self):
        pass


@pytest.fixture
def camera(monkeypatch):
    camera = Camera()
    monkeypatch.setattr(cv2, "VideoCapture", lambda number: camera)
    return camera


def set_clock(monkeypatch, *seconds):
    clock = SimpleNamespace(monotonic=iter(seconds).__next__)
    monkeypatch.setattr(capture, "time", clock)


def test_frames_keep_the_time_at_which_they_came(tmp_path, camera, monkeypatch):
    set_clock(monkeypatch, 7, 7.25, 7.5, 7.75)
    summary = colorize("0", tmp_path / "color.mkv")
    assert summary == "4 frames (4.7059 frames/s)"  # in 0.85 s
    frames, times = read_clip(tmp_path / "color.mkv")
    assert times == [0, 0.25, 0.5, 0.75]
    assert frames[:, 0, 0, 0].tolist() == [0, 10, 20, 30]


def test_frames_are_repeated_in_avi(tmp_path, camera, monkeypatch):
    set_clock(monkeypatch, 0, 0.2, 0.5, 0.7)
    summary = colorize("0", tmp_path / "color.avi")
    assert summary.startswith("4 frames (5 frames/s; 4 frames repeated")
    frames, times = read_clip(tmp_path / "color.avi")
    np.testing.assert_allclose(times, np.arange(8) / 10)
    levels = frames[:, 0, 0, 0]
    expected = [0, 0, 10, 10, 10, 20, 20, 30]
    np.testing.assert_allclose(levels, expected, atol=3)


def test_a_size_that_changes_is_named(tmp_path, camera):
    sizes = iter([(24, 32), (24, 30)])
    camera.read = lambda: (True, np.dstack([gray(9, *next(sizes))] * 3))
    with pytest.raises(InputError, match="frame 2: the size changes from 32 x"):
        colorize("0", tmp_path / "color.mkv")
    assert not list(tmp_path.iterdir())


def test_the_channel_of_a_camera(tmp_path, camera):
    pictures = iter([np.dstack([gray(30), gray(60), gray(90)])])  # BGR
    camera.read = lambda: (True, next(pictures))
    model = Recorder()
    colorize("0", tmp_path / "o.mkv", model, channel="red", max_frames=1)
    assert model.frames[0][0, 0] * 255 == pytest.approx(90)


def test_cameras_that_cannot_be_are_named(tmp_path, camera):
    with pytest.raises(InputError, match="o: for a camera, expected a file"):
        colorize("0", tmp_path / "o")
    camera.isOpened = lambda: False
    with pytest.raises(InputError, match="camera 0: there is none"):
        colorize("0", tmp_path / "o.mkv")


def test_a_camera_is_asked_for_a_size(tmp_path, camera):
    colorize("0", tmp_path / "a.mkv", max_frames=1)
    assert camera.asked == {}
    colorize("0", tmp_path / "b.mkv", max_frames=1, camera_size=(32, 24))
    assert camera.asked == {
        cv2.CAP_PROP_FRAME_WIDTH: 32,
        cv2.CAP_PROP_FRAME_HEIGHT: 24,
    }


def test_a_camera_that_gives_another_size_is_an_error(tmp_path, camera):
    with pytest.raises(
        InputError, match="camera 0: gives 32 x 24 pixels; expected 64 x 48"
    ):
        colorize("0", tmp_path / "o.mkv", camera_size=(64, 48))
    assert not list(tmp_path.iterdir())


def test_the_size_of_a_camera_is_width_by_height():
    assert capture.parse_size("1280x720") == (1280, 720)
    for text in ("", "1280", "0x720", "1280X720", "1280x720x3", "12.5x7"):
        with pytest.raises(InputError, match=f"camera_size={text}: expected W"):
            capture.parse_size(text)
