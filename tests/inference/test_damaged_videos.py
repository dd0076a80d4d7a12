"""Videos that are damaged, cut off, or change on the way."""

import re
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from clips import colorize, gray, read_clip, write_clip

from nircolor_tf.errors import InputError
from nircolor_tf.inference import video_reader

NOISE = np.random.default_rng(0).integers(0, 255, (20, 48, 64), np.uint8)


def mjpeg(path, *images):
    """JPEG images one after the other: a stream without times."""
    path.write_bytes(
        b"".join(cv2.imencode(".jpg", image)[1].tobytes() for image in images)
    )
    return str(path)


def test_a_size_that_changes_is_named(tmp_path):
    source = mjpeg(tmp_path / "nir.mjpeg", gray(9), gray(9), gray(9, 24, 30))
    with pytest.raises(InputError, match="frame 3: the size changes from 32 x"):
        colorize(source, tmp_path / "color.mkv")
    assert list(tmp_path.iterdir()) == [tmp_path / "nir.mjpeg"]


def test_a_rate_that_is_a_guess_is_said(tmp_path):
    source = mjpeg(tmp_path / "nir.mjpeg", *map(gray, (10, 90, 170)))
    summary = colorize(source, tmp_path / "o.mkv")
    assert summary.startswith(
        "3 frames (25 frames/s; the file holds no times, and this rate is a "
    )
    assert read_clip(tmp_path / "o.mkv")[1] == [0, 0.04, 0.08]


def packets_of(path):
    """Where the frames are stored: place and size."""
    with av.open(str(path)) as clip:
        packets = [packet for packet in clip.demux(video=0) if packet.size]
        return [(packet.pos, packet.size) for packet in packets]


@pytest.mark.parametrize(
    ("codec", "suffix", "pixels"),
    [
        ("mjpeg", ".avi", "yuvj420p"),
        ("ffv1", ".mkv", "gray"),
        ("mpeg4", ".mp4", "yuv420p"),
    ],
)
def test_damaged_frames_are_counted(tmp_path, codec, suffix, pixels):
    source = write_clip(
        tmp_path / f"nir{suffix}",
        *(list(NOISE), pixels, codec),
        gop_size=1,
    )
    summary = colorize(source, tmp_path / "o.mkv")
    assert "errors" not in summary
    data = bytearray(Path(source).read_bytes())
    for place, size in np.take(packets_of(source), [5, 9], axis=0):
        third = size // 3
        # No markers of JPEG among them.
        data[place + third : place + 2 * third] = (NOISE // 2).tobytes()[:third]
    Path(source).write_bytes(data)
    summary = colorize(source, tmp_path / "o.mkv", overwrite=True)
    lost = sum(map(int, re.findall(r"(\d) frames? could not be", summary)))
    torn = sum(map(int, re.findall(r"errors in (\d) frame", summary)))
    assert lost + torn == 2
    assert summary.startswith(f"{20 - lost} frames (")


def test_a_frame_that_cannot_be_decoded_is_left_out_and_said(tmp_path):
    source = write_clip(
        tmp_path / "nir.avi", list(NOISE), "yuvj420p", "mjpeg", Fraction(10)
    )
    data = bytearray(Path(source).read_bytes())
    place, size = packets_of(source)[5]
    data[place + 8 : place + size] = bytes(size - 8)
    Path(source).write_bytes(data)
    summary = colorize(source, tmp_path / "o.mkv")
    assert summary.startswith("19 frames (10 frames/s; 1 frame could not be ")
    _, times = read_clip(tmp_path / "o.mkv")
    expected = np.delete(np.arange(20) / 10, 5)
    np.testing.assert_allclose(times, expected, atol=1e-3)


def test_a_video_of_which_nothing_can_be_decoded_is_refused(tmp_path):
    source = write_clip(
        tmp_path / "nir.avi", list(NOISE[:2]), "yuvj420p", "mjpeg", Fraction(10)
    )
    data = bytearray(Path(source).read_bytes())
    for place, size in packets_of(source):
        data[place + 8 : place + size] = bytes(size - 8)
    Path(source).write_bytes(data)
    with pytest.raises(InputError, match=r"nir.avi: none of its 2 frames can"):
        colorize(source, tmp_path / "o.mkv")
    assert list(tmp_path.iterdir()) == [tmp_path / "nir.avi"]


@pytest.mark.parametrize("suffix", [".avi", ".mkv", ".mp4"])
def test_a_video_that_was_cut_off_says_what_is_missing(tmp_path, suffix):
    whole = tmp_path / f"whole{suffix}"
    codec = "libx264" if suffix == ".mp4" else "ffv1"
    write_clip(whole, list(NOISE), "yuv420p", codec, Fraction(5))
    data = whole.read_bytes()
    if suffix == ".mp4":  # its index comes first in a file for the web
        whole = tmp_path / "web.mp4"
        with (
            av.open(str(tmp_path / "whole.mp4")) as given,
            av.open(
                str(whole), "w", container_options={"movflags": "faststart"}
            ) as result,
        ):
            stream = result.add_stream_from_template(
                given.streams.video[0], opaque=True
            )
            for packet in given.demux(video=0):
                if packet.size:
                    packet.stream = stream
                    result.mux(packet)
        data = whole.read_bytes()
    source = tmp_path / f"cut{suffix}"
    source.write_bytes(data[: len(data) * 6 // 10])
    summary = colorize(source, tmp_path / "o.mkv")
    count = len(read_clip(tmp_path / "o.mkv")[0])
    assert 8 <= count <= 14
    assert summary.startswith(f"{count} frames (")
    if suffix == ".mkv":
        assert (
            "the input says that it takes 4.0 s, and ends after 2." in summary
        )
    else:
        assert "the input says that it has 20 frames, and ends after" in summary
    summary = colorize(whole, tmp_path / "o.mkv", overwrite=True)
    assert "the input says" not in summary
    summary = colorize(whole, tmp_path / "o.mkv", overwrite=True, max_frames=3)
    assert "the input says" not in summary


def test_a_size_beyond_the_limit_is_refused(tmp_path, monkeypatch):
    source = write_clip(tmp_path / "nir.mkv", [gray(9, 24, 32)])
    monkeypatch.setattr(video_reader, "_MAX_PIXELS", 24 * 32)
    colorize(source, tmp_path / "o.mkv")
    monkeypatch.setattr(video_reader, "_MAX_PIXELS", 24 * 32 - 1)
    with pytest.raises(InputError, match=r"nir.mkv: has 32 x 24 pixels; expec"):
        colorize(source, tmp_path / "p.mkv")


def test_a_file_without_pictures_is_refused(tmp_path):
    with av.open(str(tmp_path / "sound.mp4"), "w") as clip:
        stream = clip.add_stream("mp2", rate=48000)
        frame = av.AudioFrame.from_ndarray(
            np.zeros((1, 9600), np.int16), format="s16", layout="stereo"
        )
        frame.sample_rate = 48000
        clip.mux(stream.encode(frame))
        clip.mux(stream.encode())
    with pytest.raises(InputError, match=r"sound.mp4: there is no video in it"):
        colorize(tmp_path / "sound.mp4", tmp_path / "o.mkv")


def test_an_avi_file_with_dropped_frames_is_whole(tmp_path):
    """FFmpeg counts in its header the places of frames that are not there."""
    numbers = [*range(8), *range(20, 28)]
    source = write_clip(
        tmp_path / "nir.avi",
        [gray(90)] * len(numbers),
        pixels="yuvj420p",
        codec="mjpeg",
        rate=Fraction(10),
        times=[number / 10 for number in numbers],
    )
    with av.open(str(source)) as clip:
        assert clip.streams.video[0].frames > len(numbers)
    summary = colorize(source, tmp_path / "o.mkv")
    assert summary.startswith("16 frames (")
    assert "the input says" not in summary
