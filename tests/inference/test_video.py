"""Videos and cameras."""

import shutil
import subprocess

import cv2
import numpy as np
import pytest

from nircolor_tf.errors import InputError
from nircolor_tf.images import ranges
from nircolor_tf.inference import video
from nircolor_tf.inference.colorizer import Colorizer

LOSSLESS = cv2.VideoWriter_fourcc(*"FFV1")
RATE = 23.976

needs_ffmpeg = pytest.mark.skipif(
    shutil.which("ffmpeg") is None, reason="the program ffmpeg is missing"
)


def tint(nir):
    return nir * np.float32([1, 0.5, 0.25])


def gray(level, height=24, width=32):
    return np.full((height, width, 3), level, np.uint8)


def write_clip(path, frames):
    writer = cv2.VideoWriter(str(path), LOSSLESS, RATE, frames[0].shape[1::-1])
    for frame in frames:
        writer.write(frame)
    writer.release()
    return str(path)


def read_clip(path):
    """Returns the RGB frames and the rate."""
    capture = cv2.VideoCapture(str(path))
    frames = []
    while (read := capture.read())[0]:
        frames.append(read[1][..., ::-1])
    return np.stack(frames), capture.get(cv2.CAP_PROP_FPS)


def colorize(
    source,
    target,
    predict=tint,
    values="auto",
    smoothing=0.0,
    overwrite=False,
    max_frames=None,
    channels=3,
):
    return video.colorize_video(
        Colorizer(predict, channels=channels),
        source,
        target,
        ranges.parse(values),
        smoothing,
        overwrite,
        max_frames,
    )


@pytest.fixture
def clip(tmp_path):
    """Gray frames of the levels 100, 40 and 200."""
    return write_clip(tmp_path / "nir.mkv", [gray(100), gray(40), gray(200)])


@pytest.mark.parametrize("suffix", [".avi", ".m4v", ".mkv", ".mov", ".MP4"])
def test_frames_size_and_rate_stay(tmp_path, clip, suffix):
    target = tmp_path / f"color{suffix}"
    summary = colorize(clip, target)
    assert summary.startswith("3 frames (23.976 frames/s;")
    frames, rate = read_clip(target)
    assert frames.shape == (3, 24, 32, 3)
    assert rate == pytest.approx(RATE, abs=1e-3)
    expected = np.outer([100, 40, 200], [1, 0.5, 0.25])
    tolerance = 0.51 if suffix == ".mkv" else 4
    np.testing.assert_allclose(
        frames.mean(axis=(1, 2)), expected, atol=tolerance
    )


def test_the_first_frame_decides_about_the_range(tmp_path, clip):
    colorize(clip, tmp_path / "color.mkv", values="max")
    frames, _ = read_clip(tmp_path / "color.mkv")
    # 100 is white; 40 is 0.4 of it, whatever the second frame's largest is.
    np.testing.assert_array_equal(frames[:, 0, 0, 0], [255, 102, 255])


def test_a_translation_gives_a_gray_video(tmp_path, clip):
    colorize(clip, tmp_path / "o.mkv", lambda nir: nir / 2, channels=1)
    frames, _ = read_clip(tmp_path / "o.mkv")
    np.testing.assert_array_equal(
        frames[:, 5, 5], [[50] * 3, [20] * 3, [100] * 3]
    )


def test_smoothing_carries_the_frame_before_over(tmp_path):
    source = write_clip(tmp_path / "nir.mkv", [gray(100), gray(80)])
    colorize(source, tmp_path / "color.mkv", smoothing=0.5)
    frames, _ = read_clip(tmp_path / "color.mkv")
    np.testing.assert_array_equal(frames[:, 3, 3, 0], [100, 90])


def test_a_folder_keeps_the_name_and_max_frames_end_it(tmp_path, clip):
    assert colorize(clip, tmp_path / "new" / "o", max_frames=2).startswith(
        "2 frames (23.976 frames/s;"
    )
    frames, _ = read_clip(tmp_path / "new" / "o" / "nir.mkv")
    assert len(frames) == 2


def test_odd_sizes_are_cut_and_the_summary_says_so(tmp_path):
    # The only writer of OpenCV that takes odd sizes.
    source = str(tmp_path / "odd.avi")
    writer = cv2.VideoWriter(
        source,
        cv2.CAP_OPENCV_MJPEG,
        cv2.VideoWriter_fourcc(*"MJPG"),
        5,
        (33, 24),
    )
    writer.write(gray(100, 24, 33))
    writer.release()
    summary = colorize(source, tmp_path / "color.mkv")
    assert "1 frame (5 frames/s; cut to 32 x 24 pixels" in summary
    assert read_clip(tmp_path / "color.mkv")[0].shape == (1, 24, 32, 3)


def test_bad_input_is_named(tmp_path, clip):
    junk = tmp_path / "junk.mp4"
    junk.write_bytes(b"no video" * 100)
    color = gray(100)
    color[..., 2] = 110
    colored = write_clip(tmp_path / "rgb.mkv", [gray(100), color])
    taken = tmp_path / "taken.mp4"
    taken.touch()
    cases = [
        ((str(tmp_path / "no.mp4"), tmp_path / "o.mp4"), {}, "no such file"),
        ((str(junk), tmp_path / "o.mp4"), {}, "junk.mp4: not a video"),
        (("99", tmp_path / "o.mp4"), {}, "camera 99: there is none"),
        ((clip, taken), {}, "taken.mp4: exists already; --overwrite"),
        ((clip, clip), {"overwrite": True}, "would overwrite the input"),
        ((clip, tmp_path / "o.gif"), {}, r"o.gif: cannot be .* .avi, .m4v"),
        ((clip, taken / "o.mp4"), {}, "o.mp4: cannot be written: File exists"),
        ((clip, tmp_path / "o.mp4"), {"smoothing": 1.0}, "--smoothing=1.0"),
        ((clip, tmp_path / "o.mp4"), {"values": "0,999"}, "frame 1: --range"),
        ((colored, tmp_path / "o.mp4"), {}, "frame 2: in color .* 10.0 levels"),
    ]
    before = sorted(tmp_path.iterdir())
    for arguments, options, message in cases:
        with pytest.raises(InputError, match=message):
            colorize(*arguments, **options)
        assert sorted(tmp_path.iterdir()) == before
    colorize(clip, taken, overwrite=True)
    assert len(read_clip(taken)[0]) == 3


def test_a_frame_that_fails_is_numbered_and_leaves_nothing(tmp_path, clip):
    def predict(nir):
        return (
            tint(nir) if nir.mean() > 0.2 else np.full_like(tint(nir), np.nan)
        )

    with pytest.raises(InputError, match=r"nir.mkv: frame 2: .*not finite"):
        colorize(clip, tmp_path / "color.mp4", predict)
    assert list(tmp_path.iterdir()) == [tmp_path / "nir.mkv"]


def test_a_video_that_cannot_be_completed_leaves_nothing(
    tmp_path, clip, monkeypatch
):
    class Full:
        """What OpenCV before 5 is like on a disk that is full."""

        def open(self, path, *_):
            self.path = path
            return True

        def write(self, _):
            pass

        def release(self):
            with open(self.path, "wb") as file:
                file.write(bytes(5000))

    monkeypatch.setattr(cv2, "VideoWriter", Full)
    monkeypatch.setattr(Full, "fourcc", cv2.VideoWriter_fourcc, raising=False)
    with pytest.raises(InputError, match=r"color.mp4: .*is the disk full"):
        colorize(clip, tmp_path / "color.mp4")
    assert list(tmp_path.iterdir()) == [tmp_path / "nir.mkv"]


class Camera:
    """Delivers frames of the levels 0, 10, 20 and 30, then an interruption."""

    def __init__(self):
        self.level = -10

    def isOpened(self):  # noqa: N802 - OpenCV's name
        return True

    def get(self, key):
        return {cv2.CAP_PROP_FPS: 10.0, cv2.CAP_PROP_FRAME_COUNT: -1}[key]

    def read(self):
        self.level += 10
        if self.level == 40:
            raise KeyboardInterrupt
        return True, gray(self.level)

    def release(self):
        pass


def use_camera(monkeypatch, camera):
    real = cv2.VideoCapture
    monkeypatch.setattr(
        cv2,
        "VideoCapture",
        lambda source: camera if source == 0 else real(source),
    )


def test_a_size_that_changes_is_named(tmp_path, monkeypatch):
    camera = Camera()
    sizes = iter([(24, 32), (24, 30)])
    camera.read = lambda: (True, gray(9, *next(sizes)))
    use_camera(monkeypatch, camera)
    with pytest.raises(InputError, match="frame 2: the size changes from 32 x"):
        colorize("0", tmp_path / "color.mkv")
    assert not list(tmp_path.iterdir())


def test_a_camera_is_recorded_in_real_time_until_interrupted(
    tmp_path, monkeypatch
):
    seconds = iter([0, 0.25, 0.5, 0.75])
    use_camera(monkeypatch, Camera())
    monkeypatch.setattr(video.time, "monotonic", lambda: next(seconds))
    summary = colorize("0", tmp_path / "color.mkv")
    assert summary == "8 frames (10 frames/s)"
    frames, rate = read_clip(tmp_path / "color.mkv")
    # When the frames are done, 0, 2.5, 5 and 7.5 of 10 a second are due.
    assert rate == pytest.approx(10)
    levels = frames[:, 0, 0, 0].tolist()
    assert levels == [0, 10, 20, 20, 20, 30, 30, 30]


def write_sound(source, target, codec):
    """Adds a tone of 0.2 s."""
    tone = ["-f", "lavfi", "-i", "sine=frequency=440:duration=0.2"]
    subprocess.run(
        [
            *("ffmpeg", "-loglevel", "error", "-i", source, *tone),
            *("-c:v", "copy", "-c:a", codec, str(target)),
        ],
        check=True,
    )
    return str(target)


def sound_of(path):
    """Returns the hash of the encoded sound."""
    return subprocess.run(
        [
            *("ffmpeg", "-loglevel", "error", "-i", str(path)),
            *("-map", "0:a", "-c", "copy", "-f", "md5", "-"),
        ],
        check=True,
        capture_output=True,
    ).stdout


@needs_ffmpeg
def test_sound_is_copied(tmp_path, clip):
    source = write_sound(clip, tmp_path / "sound.mkv", "mp2")
    summary = colorize(source, tmp_path / "color.mp4")
    assert summary == "3 frames (23.976 frames/s; sound copied)"
    assert sound_of(tmp_path / "color.mp4") == sound_of(source)
    frames, rate = read_clip(tmp_path / "color.mp4")
    assert (len(frames), rate) == (3, pytest.approx(RATE, abs=1e-3))
    colorize(source, tmp_path / "short.mkv", max_frames=1)
    assert sound_of(tmp_path / "short.mkv") != sound_of(source)


@needs_ffmpeg
def test_sound_that_the_format_does_not_take_is_left_out(tmp_path, clip):
    source = write_sound(clip, tmp_path / "sound.mkv", "wavpack")
    summary = colorize(source, tmp_path / "color.mp4")
    assert "; without sound, which ffmpeg could not copy: " in summary
    assert len(read_clip(tmp_path / "color.mp4")[0]) == 3
    assert "the input has no sound" in colorize(clip, tmp_path / "o.mp4")


def test_without_ffmpeg_the_summary_says_so(tmp_path, clip, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    summary = colorize(clip, tmp_path / "color.mp4")
    assert "without sound, which ffmpeg copies where installed" in summary
    assert len(read_clip(tmp_path / "color.mp4")[0]) == 3
