"""Videos: what is written, and when each frame is shown."""

import resource
from fractions import Fraction

import av
import clips
import cv2
import numpy as np
import pytest
from clips import colorize, gray, read_clip, write_clip

from nircolor_tf.errors import InputError

LEVELS = [100, 40, 200]
SUFFIXES = [".avi", ".m4v", ".mkv", ".mov", ".MP4"]


@pytest.fixture
def clip(tmp_path):
    """Gray frames of the levels 100, 40 and 200."""
    return write_clip(tmp_path / "nir.mkv", list(map(gray, LEVELS)))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_frames_size_and_rate_stay(tmp_path, clip, suffix):
    target = tmp_path / f"color{suffix}"
    summary = colorize(clip, target)
    assert summary == "3 frames (23.976 frames/s; the input has no sound)"
    frames, times = read_clip(target)
    assert frames.shape == (3, 24, 32, 3)
    np.testing.assert_allclose(
        times, np.arange(3) / float(clips.RATE), atol=1e-3
    )
    expected = np.outer(LEVELS, [1, 0.5, 0.25])
    tolerance = 0.51 if suffix == ".mkv" else 3
    np.testing.assert_allclose(
        frames.mean(axis=(1, 2)), expected, atol=tolerance
    )


@pytest.mark.parametrize("height", [32, 640])  # BT.601 and BT.709
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_colors_are_what_players_show(tmp_path, suffix, height):
    picture = np.zeros((height, 48, 3), np.float32)
    picture[:, :16, 0] = picture[:, 16:32, 1] = picture[:, 32:, 2] = 1
    source = write_clip(tmp_path / "nir.mkv", [gray(9, height, 48)])
    target = tmp_path / f"color{suffix}"
    colorize(source, target, lambda nir: picture[None])
    frames, _ = read_clip(target)
    np.testing.assert_allclose(
        frames[0, :, 4:48:8], picture[:, 4:48:8] * 255, atol=6
    )
    shown = cv2.VideoCapture(str(target)).read()[1][..., ::-1]
    np.testing.assert_allclose(shown[:, 4:48:8], frames[0, :, 4:48:8], atol=6)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_gray_has_no_tint(tmp_path, suffix):
    ramp = np.tile(np.arange(256, dtype=np.uint8), (32, 1))
    source = write_clip(tmp_path / "nir.mkv", [ramp])
    colorize(source, tmp_path / f"color{suffix}", lambda nir: nir, channels=1)
    frames, _ = read_clip(tmp_path / f"color{suffix}")
    np.testing.assert_array_equal(frames[..., 0], frames[..., 1])
    np.testing.assert_array_equal(frames[..., 2], frames[..., 1])
    np.testing.assert_allclose(frames[0, ..., 1], ramp, atol=8)


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


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_odd_sizes_keep_all_pixels(tmp_path, suffix):
    image = np.add.outer(np.arange(25), np.arange(33) + 100).astype(np.uint8)
    source = write_clip(tmp_path / "nir.mkv", [image])
    summary = colorize(
        source, tmp_path / f"color{suffix}", lambda nir: nir, channels=1
    )
    frames, _ = read_clip(tmp_path / f"color{suffix}")
    padded = suffix not in (".avi", ".mkv")
    assert ("edges repeated to 34 x 26 pixels" in summary) == padded
    assert frames.shape[1:3] == ((26, 34) if padded else (25, 33))
    np.testing.assert_allclose(frames[0, :25, :33, 1], image, atol=6)
    np.testing.assert_allclose(frames[0, -1, :33, 1], image[-1], atol=6)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_each_frame_is_shown_at_its_own_time(tmp_path, suffix):
    times = [0, 0.1, 0.2, 0.3, 1.5, 2.5]
    images = [gray(40 * number) for number in range(6)]
    source = write_clip(
        tmp_path / "nir.mkv", images, rate=Fraction(10), times=times
    )
    summary = colorize(source, tmp_path / f"color{suffix}")
    frames, seen = read_clip(tmp_path / f"color{suffix}")
    shown = np.searchsorted(seen, np.add(times, 0.02), side="right") - 1
    levels = frames[shown][:, 0, 0, 0]
    np.testing.assert_allclose(levels, [0, 40, 80, 120, 160, 200], atol=4)
    if suffix == ".avi":
        assert "20 frames repeated: steps are equal in .avi" in summary
        assert len(seen) == 26
        # Just before the next one, the one before is still shown.
        np.testing.assert_allclose(frames[14, 0, 0, 0], 120, atol=4)
    else:
        assert "repeated" not in summary
        np.testing.assert_allclose(seen, times, atol=1e-3)


def test_the_time_base_stays_where_the_container_can(tmp_path):
    unit = Fraction(1, 90_000)
    source = write_clip(
        tmp_path / "nir.ts",
        [gray(10), gray(20), gray(30)],
        *("yuv420p", "mpeg2video", Fraction(30000, 1001)),
        sound="mp2",
    )
    colorize(source, tmp_path / "color.mp4")
    with av.open(str(tmp_path / "color.mp4")) as result:
        assert result.streams.video[0].time_base == unit
        ticks = [frame.pts for frame in result.decode(video=0)]
    assert np.diff(ticks).tolist() == [3003, 3003]


def test_frames_closer_than_the_steps_of_avi_are_said(tmp_path):
    times = [0, 0.1, 0.2, 0.3, 0.301, 0.4]
    source = write_clip(
        tmp_path / "nir.mkv", [gray(10)] * 6, rate=Fraction(10), times=times
    )
    summary = colorize(source, tmp_path / "color.avi")
    with av.open(str(tmp_path / "color.avi")) as result:
        step = 1 / result.streams.video[0].average_rate
    assert step == Fraction(1, 10)
    assert "1 frame left out: too close together for .avi" in summary


def test_a_long_gap_is_not_filled_with_repetitions(tmp_path):
    source = write_clip(
        tmp_path / "nir.mkv",
        [gray(10), gray(20)],
        rate=Fraction(10),
        times=[0, 3600],
    )
    with pytest.raises(InputError, match=r"color.avi: frame 2 comes 3600 s"):
        colorize(source, tmp_path / "color.avi")
    colorize(source, tmp_path / "color.mp4")
    assert read_clip(tmp_path / "color.mp4")[1] == [0, 3600]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_shape_of_pixels_and_the_title_stay(tmp_path, suffix):
    source = write_clip(
        tmp_path / "nir.mp4",
        [gray(10)],
        *("yuv420p", "libx264"),
        sample_aspect_ratio=Fraction(4, 3),
        title="Wiese",
    )
    colorize(source, tmp_path / f"color{suffix}")
    with av.open(str(tmp_path / f"color{suffix}")) as result:
        assert result.streams.video[0].sample_aspect_ratio == Fraction(4, 3)
        assert result.metadata["title"] == "Wiese"


def test_bad_input_is_named(tmp_path, clip):
    junk = tmp_path / "junk.mp4"
    junk.write_bytes(b"no video" * 100)
    color = np.dstack([gray(110), gray(100), gray(100)])
    colored = write_clip(
        tmp_path / "rgb.mkv", [np.dstack([gray(100)] * 3), color], "bgr0"
    )
    taken = tmp_path / "taken.mp4"
    taken.touch()
    other = tmp_path / "o.mp4"
    cases = [
        ((str(tmp_path / "no.mp4"), other), {}, "no such file"),
        ((str(junk), other), {}, "junk.mp4: not a video that FFmpeg can"),
        ((clip, taken), {}, "taken.mp4: exists already; --overwrite"),
        ((clip, clip), {"overwrite": True}, "would overwrite the input"),
        ((clip, tmp_path / "o.gif"), {}, r"o.gif: cannot be .* .avi, .m4v"),
        ((clip, taken / "o.mp4"), {}, "o.mp4: cannot be written: File exists"),
        ((clip, other), {"smoothing": 1.0}, "--smoothing=1.0"),
        ((clip, other), {"values": "0,999"}, "frame 1: --range"),
        (
            (colored, other),
            {},
            "frame 2: an RGB image .* 10 of 255 levels; --channel",
        ),
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
        color = clips.tint(nir)
        return color if nir.mean() > 0.2 else np.full_like(color, np.nan)

    with pytest.raises(InputError, match=r"nir.mkv: frame 2: .*not finite"):
        colorize(clip, tmp_path / "color.mp4", predict)
    assert list(tmp_path.iterdir()) == [tmp_path / "nir.mkv"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_full_disk_leaves_nothing(tmp_path, suffix):
    noise = np.random.default_rng(0).integers(0, 255, (3, 64, 64), np.uint8)
    source = write_clip(tmp_path / "nir.mkv", list(noise))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    # Python ignores the signal, and writing fails as it does on a full disk.
    resource.setrlimit(resource.RLIMIT_FSIZE, (3000, before[1]))
    try:
        with pytest.raises(InputError, match=r"color.*: cannot be written: "):
            colorize(source, tmp_path / f"color{suffix}")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == [tmp_path / "nir.mkv"]
