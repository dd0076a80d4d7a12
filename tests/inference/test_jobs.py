"""Which images are colorized, and where the results go."""

import os
import shutil

import cv2
import numpy as np
import pytest
from colorizing import Recorder, colorize_path, write_nir

from nircolor_tf.errors import InputError
from nircolor_tf.images import image_files
from nircolor_tf.inference import folders, jobs
from nircolor_tf.inference.colorizer import Colorizer


def test_two_images_of_one_result_are_refused(tmp_path):
    write_nir(tmp_path / "nir" / "a.png")
    write_nir(tmp_path / "nir" / "a.tif")
    with pytest.raises(InputError, match=r"both a\.png and a\.tif"):
        colorize_path(
            Colorizer(Recorder()),
            tmp_path / "nir",
            tmp_path / "color",
            image_format="jpeg",
        )
    assert not (tmp_path / "color").exists()


@pytest.mark.parametrize("name", ["o.gif", "o.MTS", "o.mp4"])
def test_an_output_that_is_no_image_file_is_no_folder_either(tmp_path, name):
    write_nir(tmp_path / "nir" / "a.png")
    for source in ("nir", "nir/a.png"):
        with pytest.raises(InputError, match=rf"{name}: .* \.png, \.tif, "):
            colorize_path(
                Colorizer(Recorder()), tmp_path / source, tmp_path / name
            )
        assert not (tmp_path / name).exists()
    (tmp_path / name).mkdir()
    colorize_path(Colorizer(Recorder()), tmp_path / "nir", tmp_path / name)
    assert os.listdir(tmp_path / name) == ["a.png"]


@pytest.mark.parametrize("name", ["a.gif", "a"])
def test_a_result_of_another_suffix_is_refused_before_the_model_runs(
    tmp_path, name
):
    nir = write_nir(tmp_path / "a.png")
    (tmp_path / name).write_bytes(cv2.imencode(".bmp", nir)[1].tobytes())
    model = Recorder()
    with pytest.raises(InputError, match=r"suffix '.*\.bmp; .*--format=png"):
        colorize_path(Colorizer(model), tmp_path / name, tmp_path / "color")
    assert not hasattr(model, "nir")
    assert not (tmp_path / "color").exists()
    (written,) = colorize_path(
        Colorizer(model),
        tmp_path / name,
        tmp_path / "color",
        image_format="png",
    )
    np.testing.assert_array_equal(
        image_files.read_rgb(written.path)[..., :1], nir
    )


def test_the_input_is_never_overwritten(tmp_path):
    write_nir(tmp_path / "nir" / "a.png")
    (tmp_path / "link").symlink_to(tmp_path / "nir")
    before = (tmp_path / "nir" / "a.png").read_bytes()
    for source, target in [
        ("nir", "nir"),
        ("nir", "link"),
        ("nir/a.png", "nir"),
        ("nir/a.png", "link/a.png"),
    ]:
        with pytest.raises(InputError, match="would overwrite the input"):
            colorize_path(
                Colorizer(Recorder()),
                tmp_path / source,
                tmp_path / target,
                overwrite=True,
            )
    assert (tmp_path / "nir" / "a.png").read_bytes() == before


def test_nothing_to_do_is_an_error(tmp_path):
    colorize = Colorizer(Recorder())
    with pytest.raises(InputError, match="gone: no such file or folder"):
        colorize_path(colorize, tmp_path / "gone", tmp_path / "x")
    (tmp_path / "empty").mkdir()
    with pytest.raises(
        InputError, match=r"empty: no image file \(\.png, .*\) in this folder$"
    ):
        colorize_path(colorize, tmp_path / "empty", tmp_path / "x")
    with pytest.raises(InputError, match="expected a folder"):
        colorize_path(colorize, tmp_path / "empty", tmp_path / "x.png")
    assert not (tmp_path / "x").exists()


def test_videos_and_cameras_are_told_from_images(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("1", "folder.mp4"):
        (tmp_path / name).mkdir()
    names = ("0", "1", "clip.MP4", "folder.mp4", "a.png", "gone", "1000")
    videos = [source for source in names if jobs.is_video(source)]
    assert videos == ["0", "clip.MP4"]
    cameras = [source for source in (*names, "999") if jobs.is_camera(source)]
    assert cameras == ["0", "999"]


@pytest.mark.parametrize("name", ["20240131120000", "2024", "9" * 200])
def test_a_mistyped_folder_of_digits_is_no_camera(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    assert not jobs.is_video(name)
    with pytest.raises(InputError, match=f"^{name}: no such file or folder"):
        colorize_path(Colorizer(Recorder()), name, tmp_path / "out")


def test_folders_in_folders(tmp_path):
    for name in ("a.png", "x/a.png", "x/y/b.tif", ".hidden/c.png"):
        write_nir(tmp_path / "nir" / name)
    arguments = (Colorizer(Recorder()), tmp_path / "nir")
    target = tmp_path / "nir" / "color"
    flat = colorize_path(*arguments, tmp_path / "flat")
    assert [result.path.name for result in flat] == ["a.png"]
    expected = "its folders are not searched: x; --recursive searches them"
    assert jobs.note_folders(tmp_path / "nir", [target]) == expected
    assert jobs.note_folders(tmp_path / "nir", [tmp_path / "nir/x"]) == ""
    assert jobs.note_folders(tmp_path / "nir/a.png", [target]) == ""
    for name in "pqr":
        write_nir(tmp_path / "nir" / name / "a.png")
    note = jobs.note_folders(tmp_path / "nir", [target])
    assert "not searched: p, q, r and 1 more; " in note
    for name in "pqr":
        shutil.rmtree(tmp_path / "nir" / name)
    with pytest.raises(InputError, match=r"folder; its folders .*: flat, nir;"):
        colorize_path(arguments[0], tmp_path, tmp_path / "none")
    for _ in range(2):  # the second time there are results among the images
        results = colorize_path(
            *arguments, target, overwrite=True, recursive=True
        )
        names = [str(result.path.relative_to(target)) for result in results]
        assert sorted(names) == ["a.png", "x/a.png", "x/y/b.tif"]
    with pytest.raises(InputError, match=r"a\.png: a file; --recursive"):
        colorize_path(
            arguments[0], tmp_path / "nir/a.png", target, recursive=True
        )


@pytest.mark.parametrize("suffix", [".png", ".tif", ".jpg"])
@pytest.mark.parametrize("existing", ["replace", "skip"])
def test_an_image_of_one_channel_is_no_result(tmp_path, suffix, existing):
    # NIR images, in a folder that is taken for that of earlier results.
    source, target = tmp_path / "nir", tmp_path / "nir" / "a"
    write_nir(source / f"x{suffix}")
    write_nir(target / f"x{suffix}")
    before = (target / f"x{suffix}").read_bytes()
    arguments = Colorizer(Recorder()), source, target
    options = folders.Options(existing=existing, recursive=True)
    with pytest.raises(InputError, match=rf"a/x\{suffix}: exists and has one"):
        folders.colorize_path(*arguments, options)
    assert (target / f"x{suffix}").read_bytes() == before
    (target / f"x{suffix}").unlink()
    colorize_path(*arguments, recursive=True)
    after = (target / f"x{suffix}").read_bytes()
    assert after != before
    results = folders.colorize_path(*arguments, options)
    assert len(results) == (existing == "replace")
    assert (target / f"x{suffix}").read_bytes() == after


def test_gray_results_replace_gray_images(tmp_path):
    write_nir(tmp_path / "nir" / "x.png")
    write_nir(tmp_path / "gray" / "x.png")
    translator = Colorizer(lambda batch: 1 - batch, channels=1)
    (result,) = colorize_path(
        translator, tmp_path / "nir", tmp_path / "gray", overwrite=True
    )
    expected = 255 - cv2.imread(str(tmp_path / "nir/x.png"), -1)
    np.testing.assert_array_equal(cv2.imread(str(result.path), -1), expected)


def test_a_folder_that_cannot_be_read(tmp_path, monkeypatch):
    source, target = tmp_path / "nir", tmp_path / "out"
    write_nir(source / "a.png")
    write_nir(source / "locked" / "b.png")

    def scandir(path, original=os.scandir):
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied", str(path))
        return original(path)

    monkeypatch.setattr(os, "scandir", scandir)
    for options in ({"recursive": True}, {}):
        place = source if options else source / "locked"
        with pytest.raises(InputError, match=r"nir/locked: cannot be read: "):
            colorize_path(Colorizer(Recorder()), place, target, **options)
        assert not target.exists()
    (written,) = colorize_path(Colorizer(Recorder()), source, target)
    assert written.path == target / "a.png"
    assert "searched: locked;" in jobs.note_folders(source, [target])


@pytest.mark.parametrize(
    "names", [("a.png", "a.PNG"), ("\u00e9.png", "e\u0301.png")]
)
def test_names_that_some_file_systems_hold_once(tmp_path, names):
    for name in names:
        write_nir(tmp_path / "nir" / name)
    with pytest.raises(InputError, match="form of letters"):
        colorize_path(
            Colorizer(Recorder()), tmp_path / "nir", tmp_path / "color"
        )
    assert not (tmp_path / "color").exists()


def test_results_that_exist_are_skipped(tmp_path):
    for name in ("a.png", "b.png"):
        write_nir(tmp_path / "nir" / name)
    (tmp_path / "color").mkdir()
    (tmp_path / "color" / "a.png").write_bytes(b"precious")
    results = []
    for _ in range(2):
        results.append(
            folders.colorize_path(
                Colorizer(Recorder()),
                tmp_path / "nir",
                tmp_path / "color",
                folders.Options(existing="skip"),
            )
        )
    assert [result.path.name for result in results[0]] == ["b.png"]
    assert results[1] == []
    assert folders.summary([]) == "no image; every result exists already"
    assert (tmp_path / "color" / "a.png").read_bytes() == b"precious"


@pytest.mark.parametrize("name", ["a.jpg", "a.webp"])
def test_quality(tmp_path, name):
    write_nir(tmp_path / "nir.png", 64, 64)
    sizes = []
    for quality in (10, 100):
        colorize_path(
            Colorizer(Recorder()),
            tmp_path / "nir.png",
            tmp_path / name,
            overwrite=True,
            quality=quality,
        )
        sizes.append((tmp_path / name).stat().st_size)
    assert sizes[1] > 2 * sizes[0]


def test_files_that_are_no_images_are_counted(tmp_path):
    source, target = tmp_path / "nir", tmp_path / "nir" / "color"
    write_nir(source / "a.png")
    assert jobs.list_notes(source, [target], recursive=False) == []
    for name in (
        *("b.MP4", "c.dng", "d.JPE", "e.pgm", "f.pgm", ".hidden.cr2"),
        *("a.xmp", "notes.txt", "Thumbs.db", "x/g.avi", "color/h.npy"),
    ):
        (source / name).parent.mkdir(exist_ok=True)
        (source / name).write_bytes(b"")
    note = "not colorized: 1 video, 4 files of other types (.dng, .jpe, .pgm)"
    assert jobs.list_notes(source, [target], recursive=False) == [note]
    assert jobs.list_notes(source, [target], recursive=True) == [
        note.replace("1 video", "2 videos")
    ]
    (source / "a.png").unlink()
    with pytest.raises(InputError, match=r"this folder; not colorized: 1 vid"):
        jobs.list_jobs(source, target, None)


def test_few_types_are_named(tmp_path):
    for name in ("a", "b.001", "c.002", "d.003", "e.004", "f.005", "g.006"):
        (tmp_path / name).write_bytes(b"")
    assert jobs.note_files(tmp_path, [], False) == (
        "not colorized: 7 files of other types (no suffix, .001, .002, .003, "
        ".004, 2 more)"
    )
    assert jobs.note_files(tmp_path / "a", [], False) == ""
