"""Videos: what the model sees of a file, and what is said of it."""

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from clips import Recorder, colorize, gray, read_clip, write_clip

from nircolor_tf.errors import InputError
from nircolor_tf.images import channels
from nircolor_tf.images.rasters import Raster
from nircolor_tf.inference import jobs

TV, PC = 1, 2  # FFmpeg's numbers of color ranges


def seen(source, tmp_path, **options):
    """What the model sees of the first frame, and the summary."""
    model = Recorder()
    summary = colorize(source, tmp_path / "o.mkv", model, **options)
    return model.frames[0], summary


@pytest.mark.parametrize(
    ("pixels", "codec", "suffix", "color_range", "bits"),
    [
        ("gray", "ffv1", ".mkv", PC, 8),
        ("gray10le", "ffv1", ".mkv", PC, 10),
        ("gray12le", "ffv1", ".mkv", PC, 12),
        ("gray16le", "ffv1", ".mkv", PC, 16),
        ("yuv420p", "ffv1", ".mkv", TV, 8),
        ("yuv420p", "ffv1", ".mkv", PC, 8),
        ("yuv420p", "ffv1", ".avi", TV, 8),  # holds no tag
        ("nv12", "rawvideo", ".avi", TV, 8),
        ("yuv422p10le", "ffv1", ".mkv", TV, 10),
        ("yuv444p12le", "ffv1", ".mkv", PC, 12),
        ("yuv444p16le", "ffv1", ".mkv", TV, 16),
        ("yuv420p", "libx264", ".mp4", TV, 8),
        ("yuv420p", "libx264", ".mp4", PC, 8),
        ("yuv420p10le", "libx264", ".mov", TV, 10),
        ("yuv420p10le", "libx264", ".mov", PC, 10),
    ],
)
def test_black_is_0_white_is_1_and_no_level_is_lost(
    tmp_path, pixels, codec, suffix, color_range, bits
):
    step = 2 ** (bits - 8)
    # Levels between those of 8 bit, from the black of a TV to its white.
    levels = np.add.outer(np.arange(24) % step, np.arange(16, 236) * step)
    levels = levels.clip(max=235 * step).astype(np.uint16)
    source = write_clip(
        tmp_path / f"nir{suffix}",
        *([levels], pixels, codec),
        color_range=color_range,
    )
    nir, _ = seen(source, tmp_path)
    black, white = (16 * step, 235 * step)
    if color_range == PC:
        black, white = 0, 2**bits - 1
    expected = (levels - float(black)) / (white - black)
    np.testing.assert_allclose(nir, expected, atol=0.6 / (2**bits - 1))


def test_a_dark_first_frame_of_10_bit_stays_dark(tmp_path):
    source = write_clip(
        tmp_path / "nir.mkv", [np.full((24, 32), 100, np.uint16)], "gray10le"
    )
    assert seen(source, tmp_path)[0][0, 0] == pytest.approx(100 / 1023)
    nir, _ = seen(source, tmp_path, values="0,200", overwrite=True)
    assert nir[0, 0] == pytest.approx(0.5)


@pytest.mark.parametrize("rule", ["auto", "max", "percentile"])
def test_a_black_first_frame_of_10_bit(tmp_path, rule):
    levels = [0, 300, 1000]
    images = [np.full((24, 32), level, np.uint16) for level in levels]
    source = write_clip(tmp_path / "nir.mkv", images, pixels="gray10le")
    summary = colorize(source, tmp_path / "color.mkv", values=rule)
    assert "values" not in summary
    frames, _ = read_clip(tmp_path / "color.mkv")
    expected = 255 / 1023 * np.array(levels)
    np.testing.assert_allclose(
        frames[..., 0].mean(axis=(1, 2)), expected, atol=1
    )


def test_frames_brighter_than_the_first_are_said(tmp_path):
    images = [np.full((24, 32), 100 * n, np.uint16) for n in (2, 20, 30, 40)]
    source = write_clip(tmp_path / "nir.mkv", images, pixels="gray16le")
    summary = colorize(source, tmp_path / "color.mkv")
    assert "; values 0..255 (8 bit, in a 16-bit file) -> 0..1; 3 frames" in (
        summary
    )
    assert "with brighter values: --range=LOW,HIGH of the camera" in summary


def test_gray_is_full_range_and_a_tag_against_it_is_said(tmp_path):
    source = write_clip(tmp_path / "nir.mkv", [gray(100)], color_range=TV)
    nir, summary = seen(source, tmp_path)
    assert nir[0, 0] * 255 == pytest.approx(100)
    assert "tagged tv range, but gray is read as full range" in summary
    source = write_clip(tmp_path / "nir.mkv", [gray(100)], color_range=PC)
    assert "range" not in seen(source, tmp_path, overwrite=True)[1]


def test_16_bit_may_hold_the_levels_of_14(tmp_path):
    source = write_clip(
        tmp_path / "nir.mkv", [np.full((24, 32), 9000, np.uint16)], "gray16le"
    )
    assert seen(source, tmp_path)[0][0, 0] == pytest.approx(9000 / 16383)


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_frames_are_turned_upright(tmp_path, suffix, degrees, mirrored):
    stored = np.add.outer(np.arange(24) * 5, np.arange(32) * 3).astype(np.uint8)
    source = write_clip(
        tmp_path / f"nir{suffix}",
        *([stored], "yuv420p", "libx264"),
        color_range=PC,
        turn=(degrees, mirrored),
        sample_aspect_ratio=Fraction(4, 3),
    )
    nir, _ = seen(source, tmp_path)
    upright = np.rot90(stored, degrees // 90)
    upright = upright[:, ::-1] if mirrored else upright
    np.testing.assert_allclose(nir * 255, upright, atol=1e-3)
    with av.open(str(tmp_path / "o.mkv")) as result:
        video = result.streams.video[0]
        frame = next(result.decode(video))
        assert (frame.height, frame.width) == upright.shape
        kinds = [
            frame.side_data[i].type.name for i in range(len(frame.side_data))
        ]
        assert "DISPLAYMATRIX" not in kinds
        lying = degrees in (90, 270)
        aspect = Fraction(3, 4) if lying else Fraction(4, 3)
        assert video.sample_aspect_ratio == aspect


def test_an_angle_that_is_not_right_is_said(tmp_path):
    source = write_clip(
        tmp_path / "nir.mp4",
        *([gray(9)], "yuv420p", "libx264"),
        turn=(30, False),
    )
    _, summary = seen(source, tmp_path)
    assert "not turned by its angle, which is not a right one" in summary


def test_a_pink_video_needs_a_channel(tmp_path):
    pink = np.dstack([gray(200), gray(100), gray(150)])
    pink[:, :, 0] += np.arange(32, dtype=np.uint8)
    source = write_clip(tmp_path / "pink.mkv", [pink], "bgr0")
    with pytest.raises(InputError, match=r"frame 1: an RGB image .*--channel="):
        colorize(source, tmp_path / "o.mkv")
    luma = np.rint(pink @ [0.299, 0.587, 0.114])
    for name, expected in [
        ("red", pink[..., 0]),
        ("green", pink[..., 1]),
        ("blue", pink[..., 2]),
        ("3", pink[..., 2]),
        ("luma", luma),
    ]:
        nir, _ = seen(source, tmp_path, channel=name, overwrite=True)
        np.testing.assert_allclose(nir * 255, expected, atol=1e-3)
    with pytest.raises(InputError, match="--channel=4 is none of them"):
        seen(source, tmp_path, channel="4", overwrite=True)


def test_the_channel_of_a_deep_video_keeps_its_depth(tmp_path):
    planes = np.full((24, 32), 513, np.uint16)
    source = write_clip(tmp_path / "nir.mkv", [planes], "gbrp10le")
    with av.open(source) as clip:
        stored = next(clip.decode(video=0)).to_ndarray()
    assert stored[0, 0].tolist() == [512, 513, 512]
    for name, position in [("red", 0), ("green", 1), ("blue", 2)]:
        nir, _ = seen(source, tmp_path, channel=name, overwrite=True)
        np.testing.assert_allclose(nir * 1023, stored[..., position], atol=1e-3)


@pytest.mark.parametrize(
    ("pixels", "codec", "suffix"),
    [
        ("yuv420p", "ffv1", ".mkv"),
        ("yuv444p10le", "ffv1", ".mkv"),
        ("nv12", "rawvideo", ".avi"),
    ],
)
@pytest.mark.parametrize("offset", [-3, -2, -1, 0, 1, 2, 3])
def test_a_video_and_its_frames_are_judged_alike(
    tmp_path, pixels, codec, suffix, offset
):
    step = 4 if "10" in pixels else 1
    source = write_clip(
        tmp_path / f"nir{suffix}",
        *([gray(100).astype(np.uint16) * step], pixels, codec),
        chroma=offset * step,
    )
    [frame], _ = read_clip(source)
    try:
        channels.GRAY.of(Raster(frame), "frame.png")
    except InputError:
        assert abs(offset) > 1
        with pytest.raises(InputError, match="--channel="):
            colorize(source, tmp_path / "o.mkv")
    else:
        assert abs(offset) <= 1
        nir, _ = seen(source, tmp_path)
        assert nir[0, 0] * 255 == pytest.approx((100 - 16) * 255 / 219, abs=0.6)


@pytest.mark.parametrize(
    ("codec", "suffix", "pixels"),
    [
        ("libx264", ".mp4", "yuv420p"),
        ("mpeg4", ".mp4", "yuv420p"),
        ("mjpeg", ".avi", "yuvj420p"),
        ("mpeg2video", ".mpg", "yuv420p"),
        ("wmv2", ".wmv", "yuv420p"),
        ("flv", ".flv", "yuv420p"),
        ("libvpx-vp9", ".webm", "yuv420p"),
        ("mpeg4", ".3gp", "yuv420p"),
        ("mpeg2video", ".mts", "yuv420p"),
        ("mpeg4", ".3g2", "yuv420p"),
        ("wmv2", ".asf", "yuv420p"),
        ("mpeg2video", ".vob", "yuv420p"),
        ("mpeg2video", ".mxf", "yuv420p"),
        ("rawvideo", ".y4m", "yuv420p"),
        ("libx264", ".m2ts", "yuv420p"),
    ],
)
def test_gray_that_was_compressed_passes(tmp_path, codec, suffix, pixels):
    draw = np.random.default_rng(0)
    coarse = draw.integers(30, 220, (12, 6, 8), np.uint8)
    images = [cv2.resize(image, (64, 48)) for image in coarse]
    source = write_clip(
        tmp_path / f"nir{suffix}",
        *(images, pixels, codec, Fraction(25)),
        bit_rate=20_000,
    )
    assert jobs.is_video(source)
    assert colorize(source, tmp_path / "o.mkv").startswith("12 frames (")


@pytest.mark.parametrize("name", ["a b.mkv", "-i %d.mkv", "ü: ü.mkv"])
def test_any_name_will_do(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    write_clip("nir.mkv", [gray(100)], sound="mp2")
    Path("nir.mkv").rename(name)
    assert "sound copied" in colorize(name, f"color {name}")
    assert len(read_clip(tmp_path / f"color {name}")[0]) == 1


def test_further_pictures_and_data_are_said(tmp_path):
    with av.open(str(tmp_path / "nir.mkv"), "w") as clip:
        streams = [
            clip.add_stream(
                "ffv1", rate=10, width=32, height=24, pix_fmt="gray"
            )
            for _ in range(2)
        ]
        clip.add_attachment("notes.txt", "text/plain", b"Wiese")
        for number, stream in enumerate(streams):
            frame = av.VideoFrame.from_ndarray(gray(50 + number), format="gray")
            clip.mux(stream.encode(frame))
            clip.mux(stream.encode())
    nir, summary = seen(tmp_path / "nir.mkv", tmp_path)
    assert nir[0, 0] * 255 == pytest.approx(50)
    assert "without further streams: 1 video, 1 attachment" in summary


def test_interlaced_frames_are_said(tmp_path):
    source = write_clip(
        tmp_path / "nir.mpg",
        *([gray(9)] * 12, "yuv420p", "mpeg2video", Fraction(25)),
        flags=1 << 18 | 1 << 29,  # interlaced DCT and motion
    )
    _, summary = seen(source, tmp_path)
    assert "interlaced: a frame shows two moments" in summary


def test_floating_point_is_refused(tmp_path):
    values = np.zeros((24, 32), np.float32)
    with av.open(str(tmp_path / "nir.mov"), "w") as clip:
        stream = clip.add_stream("exr", rate=10, pix_fmt="grayf32le")
        stream.height, stream.width = values.shape
        frame = av.VideoFrame.from_ndarray(values, format="grayf32le")
        clip.mux(stream.encode(frame))
        clip.mux(stream.encode())
    with pytest.raises(InputError, match=r"nir.mov: frame 1: holds grayf32le"):
        colorize(tmp_path / "nir.mov", tmp_path / "o.mkv")


HLS = """#EXTM3U
#EXT-X-TARGETDURATION:10
#EXTINF:10.0,
other.mp4
#EXT-X-ENDLIST
"""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("list.mp4", "ffconcat version 1.0\nfile 'other.mp4'\n"),
        ("list.m3u8", HLS),
    ],
)
def test_a_list_of_other_files_is_refused(tmp_path, name, text):
    write_clip(tmp_path / "other.mp4", [gray(9)], "yuv420p", "libx264")
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=rf"{name}: a list of other files"):
        colorize(tmp_path / name, tmp_path / "o.mkv")
