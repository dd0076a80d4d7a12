"""Flags of bin/colorize.py that fit the kind of input, and what it says."""

import runpy

import numpy as np
import pytest
from absl import flags
from clips import gray, write_clip

import nircolor_tf
from nircolor_tf.errors import InputError
from nircolor_tf.images import image_files
from nircolor_tf.inference import video


@pytest.fixture
def command(repository, tmp_path, monkeypatch):
    """bin/colorize.py, in this process and an empty folder."""
    monkeypatch.chdir(tmp_path)
    others = set(flags.FLAGS)
    path = repository / "nircolor_tf" / "commands" / "colorize.py"
    main = runpy.run_path(str(path))["main"]

    def run(*arguments):
        flags.FLAGS(
            ["colorize.py", "--threads=1", "--model=default", *arguments]
        )
        main()

    yield run
    for name in set(flags.FLAGS) - others:
        delattr(flags.FLAGS, name)


def write_nir(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    image_files.write_image(path, np.full((24, 32, 1), 90, np.uint8))


@pytest.mark.parametrize(
    ("source", "flag", "reason"),
    [
        ("nir", "--frames=2", "an image or a folder; expected a video or a "),
        ("nir/a.png", "--smoothing=0.8", "an image or a folder; expected a v"),
        ("nir", "--camera_size=32x24", "an image or a folder; expected a cam"),
        ("clip.mkv", "--camera_size=32x24", "a video; expected a camera$"),
        ("clip.mkv", "--format=png", "a video; expected an image or a folder"),
        ("clip.mkv", "--quality=95", "a video; expected an image or a folder"),
        ("clip.mkv", "--recursive", "a video; expected an image or a folder"),
        ("clip.mkv", "--norecursive", "a video; expected an image or a folder"),
        ("clip.mkv", "--uncertainty=m", "a video; expected an image or a fol"),
        ("0", "--format=png", "a camera; expected an image or a folder$"),
        ("0", "--camera_size=32", "expected WIDTHxHEIGHT in pixels"),
    ],
)
def test_flags_of_another_kind_of_input(command, source, flag, reason):
    message = f"^{flag}: (--input={source} is )?{reason}"
    with pytest.raises(InputError, match=message):
        command(f"--input={source}", "--output=color", flag)


def test_dark_images_are_brightened_unless_a_flag_says_no(command, tmp_path):
    generator = np.random.default_rng(0)
    nir = generator.integers(0, 40, (64, 64, 1)).astype(np.uint8)
    image_files.write_image(tmp_path / "nir.png", nir)
    command("--input=nir.png", "--output=bright.png")
    command("--input=nir.png", "--output=dark.png", "--nobrighten")
    bright, dark = (
        image_files.read_rgb(tmp_path / name).mean()
        for name in ("bright.png", "dark.png")
    )
    assert bright > 2 * dark
    for brighten, mean in ((True, bright), (False, dark)):
        colorize = nircolor_tf.load("default", brighten=brighten)
        assert colorize(nir).mean() == pytest.approx(mean)


def test_flags_of_images_are_taken(command, tmp_path):
    write_nir(tmp_path / "nir" / "deep" / "a.png")
    place = ("--input=nir", "--output=color")
    command(*place, "--recursive", "--format=jpeg", "--quality=80")
    assert (tmp_path / "color" / "deep" / "a.jpg").is_file()


def test_flags_of_videos_are_taken(command, tmp_path):
    write_clip(tmp_path / "clip.mkv", [gray(9)] * 3)
    place = ("--input=clip.mkv", "--output=color.mkv")
    command(*place, "--smoothing=0", "--frames=1")
    assert (tmp_path / "color.mkv").is_file()


def test_the_size_of_a_camera_is_passed_on(command, monkeypatch):
    calls = []
    monkeypatch.setattr(
        video, "colorize_video", lambda *values: calls.append(values) or ""
    )
    command("--input=0", "--output=b.mkv", "--camera_size=1280x720")
    assert calls[0][-1] == (1280, 720)


def test_a_network_camera_is_no_file(command):
    with pytest.raises(InputError, match=r"rtsp://a/b: an address; .*ffmpeg"):
        command("--input=rtsp://a/b", "--output=cam.mkv")


def test_what_a_range_turns_white_is_counted(command, tmp_path, capsys):
    write_nir(tmp_path / "nir" / "a.png")  # of level 90
    command("--input=nir", "--output=color", "--range=0,90")
    assert "note" not in capsys.readouterr().out
    command("--input=nir", "--output=color", "--range=0,80", "--overwrite")
    assert (
        "  note: 1 of 1 have values above the white level, first a.png: 100% "
        "of its values are above 80; --range=auto finds the level"
    ) in capsys.readouterr().out


def test_a_folder_says_what_it_passes_over(command, tmp_path, capsys):
    write_nir(tmp_path / "nir" / "a.png")
    write_nir(tmp_path / "nir" / "deep" / "b.png")
    for name in ("c.mp4", "d.dng", "e.jpe", "f.txt"):
        (tmp_path / "nir" / name).write_bytes(b"")
    command("--input=nir", "--output=color")
    _, *notes = capsys.readouterr().out.splitlines()
    assert notes == [
        "  note: its folders are not searched: deep; --recursive searches them",
        "  note: not colorized: 1 video, 2 files of other types (.dng, .jpe)",
    ]


def test_a_folder_with_a_bad_file_says_what_else_there_is(
    command, tmp_path, capsys
):
    write_nir(tmp_path / "nir" / "a.png")
    for name in ("b.png", "c.dng"):
        (tmp_path / "nir" / name).write_bytes(b"no image")
    with pytest.raises(InputError, match="1 of 2 images failed"):
        command("--input=nir", "--output=color")
    _, *notes = capsys.readouterr().out.splitlines()
    assert notes == ["  note: not colorized: 1 file of other types (.dng)"]
