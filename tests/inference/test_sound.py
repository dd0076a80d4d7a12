"""The sound of videos is copied, or what is lost is said."""

from fractions import Fraction

import av
import clips
import full_disk
import numpy as np
import pytest
from clips import colorize, gray, read_clip, read_sound, write_clip

from nircolor_tf.errors import DiskFullError

SUFFIXES = [".avi", ".m4v", ".mkv", ".mov", ".mp4"]


def clip_with_sound(path, sound, count=10, **options):
    images = [gray(10 * number) for number in range(count)]
    codec = (
        ("libx264", "yuv420p") if path.suffix == ".mp4" else ("ffv1", "gray")
    )
    return write_clip(
        path, images, codec[1], codec[0], Fraction(10), sound=sound, **options
    )


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(
    ("sound", "container"), [("mp2", ".mkv"), ("aac", ".mp4"), ("ac3", ".mp4")]
)
def test_sound_is_copied_unchanged(tmp_path, sound, container, suffix):
    source = clip_with_sound(tmp_path / f"nir{container}", sound)
    summary = colorize(source, tmp_path / f"color{suffix}")
    assert summary == "10 frames (10 frames/s; sound copied)"
    sound_in, start_in = read_sound(source)
    sound_out, start_out = read_sound(tmp_path / f"color{suffix}")
    frames, times = read_clip(tmp_path / f"color{suffix}")
    assert sound_in.endswith(sound_out)
    # Without what only prepares the decoder, where there is no time before 0.
    shorter = suffix == ".avi" and sound == "aac"
    assert (len(sound_out) < len(sound_in)) == shorter
    assert len(frames) == 10
    shift = start_out - start_in - times[0]
    assert abs(shift) < (0.022 if suffix == ".avi" else 0.002)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_raw_sound_is_copied(tmp_path, suffix):
    source = clip_with_sound(tmp_path / "nir.mkv", "pcm_s16le")
    summary = colorize(source, tmp_path / f"color{suffix}")
    assert summary == "10 frames (10 frames/s; sound copied)"
    sound, _ = read_sound(tmp_path / f"color{suffix}")
    assert sound == read_sound(source)[0]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_sound_ends_where_frames_stop(tmp_path, suffix):
    source = clip_with_sound(tmp_path / "nir.mkv", "mp2")
    colorize(source, tmp_path / f"color{suffix}", max_frames=4)
    with av.open(str(tmp_path / f"color{suffix}")) as result:
        packets = [p for p in result.demux(audio=0) if p.size]
    end = packets[-1].pts * packets[-1].time_base + Fraction(1152, 48000)
    assert 0.4 <= end < 0.44


@pytest.mark.parametrize("start", [0.5, -0.5])
@pytest.mark.parametrize("suffix", [".m4v", ".mkv", ".mov", ".mp4"])
def test_pictures_and_sound_keep_their_offset(tmp_path, suffix, start):
    late = max(0, -start)
    source = write_clip(
        tmp_path / "nir.mkv",
        [gray(10), gray(20), gray(30)],
        rate=Fraction(10),
        times=[late, late + 0.1, late + 0.2],
        sound="pcm_s16le" if suffix in (".mkv", ".mov") else "mp2",
        sound_start=max(0, start),
    )
    assert "sound copied" in colorize(source, tmp_path / f"color{suffix}")
    _, times_in = read_clip(source)
    _, times_out = read_clip(tmp_path / f"color{suffix}")
    offset_in = read_sound(source)[1] - times_in[0]
    offset_out = read_sound(tmp_path / f"color{suffix}")[1] - times_out[0]
    assert offset_in == pytest.approx(start, abs=0.02)
    assert offset_out == pytest.approx(offset_in, abs=0.002)


def test_sound_that_starts_late_does_not_go_into_avi(tmp_path):
    source = clip_with_sound(tmp_path / "nir.mkv", "pcm_s16le", sound_start=0.5)
    summary = colorize(source, tmp_path / "color.avi")
    assert (
        "without sound, which cannot be copied: it starts 0.50 s after the "
        "pictures, which avi cannot hold" in summary
    )
    assert len(read_clip(tmp_path / "color.avi")[0]) == 10


def test_pictures_that_start_late_stand_still_in_avi(tmp_path):
    source = write_clip(
        tmp_path / "nir.mkv",
        [gray(10), gray(90)],
        rate=Fraction(10),
        times=[0.5, 0.6],
        sound="pcm_s16le",
    )
    summary = colorize(source, tmp_path / "color.avi")
    assert "5 frames repeated: steps are equal in .avi; sound copied" in summary
    frames, _ = read_clip(tmp_path / "color.avi")
    levels = frames[:, 0, 0, 0].astype(int)
    assert (abs(levels - ([10] * 6 + [90])) <= 3).all()


@pytest.mark.parametrize(
    ("rate", "start"), [(25, 20), (25, 60), (30, 17), (30, 16)]
)
def test_pictures_half_a_step_after_the_sound_all_go_into_avi(
    tmp_path, rate, start
):
    """As Matroska stores them, in milliseconds."""
    levels = [8 * number for number in range(24)]
    times = [
        Fraction(start + round(1000 * number / rate), 1000)
        for number in range(24)
    ]
    source = write_clip(
        tmp_path / "nir.mkv",
        list(map(gray, levels)),
        rate=rate,
        times=times,
        sound="pcm_s16le",
    )
    summary = colorize(source, tmp_path / "color.avi")
    assert "left out" not in summary
    frames, _ = read_clip(tmp_path / "color.avi")
    shown = frames[-24:, ..., 0].mean(axis=(1, 2))
    np.testing.assert_allclose(shown, levels, atol=3)


def test_sound_that_the_format_does_not_take_is_named(tmp_path):
    source = clip_with_sound(tmp_path / "nir.mkv", "wavpack")
    summary = colorize(source, tmp_path / "color.mp4")
    assert (
        "; without sound, which cannot be copied: mp4 does not take wavpack"
        in summary
    )
    assert len(read_clip(tmp_path / "color.mp4")[0]) == 10
    assert "sound copied" in colorize(source, tmp_path / "color.mkv")


def test_one_of_two_sounds_is_copied(tmp_path):
    with av.open(str(tmp_path / "nir.mkv"), "w") as clip:
        pictures = clip.add_stream(
            "ffv1", rate=10, width=32, height=24, pix_fmt="gray"
        )
        sounds = [clip.add_stream(n, rate=48000) for n in ("wavpack", "mp2")]
        clip.start_encoding()
        for sound in sounds:
            clip.mux(clips.packets_of_a_tone(sound, 0))
        frame = av.VideoFrame.from_ndarray(gray(50), format="gray")
        clip.mux(pictures.encode(frame))
        clip.mux(pictures.encode())
    summary = colorize(tmp_path / "nir.mkv", tmp_path / "color.mp4")
    assert "sound copied in part: mp4 does not take wavpack" in summary
    with av.open(str(tmp_path / "color.mp4")) as result:
        codecs = [s.codec_context.name for s in result.streams.audio]
    assert codecs == ["mp3float"]  # FFmpeg's name for MPEG sound


def test_no_sound_is_said(tmp_path):
    source = write_clip(tmp_path / "nir.mkv", [gray(10)])
    assert "the input has no sound" in colorize(source, tmp_path / "o.mp4")


@pytest.mark.parametrize("suffix", [".m4v", ".mkv", ".mov", ".mp4"])
def test_the_sound_of_a_transport_stream(tmp_path, suffix):
    source = write_clip(
        tmp_path / "nir.ts",
        [gray(10 * number) for number in range(10)],
        *("yuv420p", "libx264", Fraction(10)),
        sound="aac",
    )
    summary = colorize(source, tmp_path / f"color{suffix}")
    assert summary == "10 frames (10 frames/s; sound copied)"
    with av.open(str(tmp_path / f"color{suffix}")) as result:
        samples = sum(frame.samples for frame in result.decode(audio=0))
    assert abs(samples - 48000) <= 3 * 1024


def test_damaged_sound_is_said(tmp_path):
    source = tmp_path / "nir.ts"
    write_clip(
        source,
        [gray(10 * number) for number in range(10)],
        *("yuv420p", "libx264", Fraction(10)),
        sound="aac",
    )
    data = source.read_bytes()
    with av.open(str(source)) as clip:
        packets = [bytes(p) for p in clip.demux(audio=0) if p.size]
    start = data.index(packets[20][:50])
    source.write_bytes(data[:start] + bytes(3) + data[start + 3 :])
    summary = colorize(source, tmp_path / "color.mp4")
    assert "1 of its packets damaged" in summary or "sound copied" in summary
    print(summary)


def test_where_sound_does_not_fit_the_old_file_stays(tmp_path):
    source = clip_with_sound(tmp_path / "nir.mkv", "pcm_s16le")
    target = tmp_path / "color.mkv"
    target.write_bytes(b"old")
    with (
        full_disk.files_limited(60_000),
        pytest.raises(DiskFullError, match=r"color\.mkv: .*too large"),
    ):
        colorize(source, target, overwrite=True)
    assert target.read_bytes() == b"old"
    assert {path.name for path in tmp_path.iterdir()} == {
        "nir.mkv",
        "color.mkv",
    }
