"""What becomes of dropped files, without a browser or a server."""

import os
import re
import threading
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from clips import gray, read_clip, tint, write_clip
from colorizing import colorize_path, write_nir

from nircolor_tf.errors import InputError
from nircolor_tf.images import image_files
from nircolor_tf.inference.colorizer import Colorizer
from nircolor_tf.web import uploads, views
from nircolor_tf.web.sessions import Sessions
from nircolor_tf.web.uploads import Pair, Settings

TINT = Colorizer(tint)


@pytest.fixture
def visit(tmp_path):
    """Colorizes files with settings, in the folder of a session."""
    folder = tmp_path / "session"
    folder.mkdir()

    def visit(*files, **settings):
        return uploads.colorize(
            list(map(str, files)),
            Settings(**settings),
            folder,
            lambda model, path: TINT,
        )

    visit.folder = folder
    return visit


@pytest.mark.parametrize("bits", [8, 16])
def test_the_result_is_that_of_colorize(tmp_path, visit, bits):
    nir = write_nir(tmp_path / "a.png", bits=bits)
    alpha = nir // 2
    image_files.write_image(tmp_path / "a.png", nir, alpha=alpha)
    colorize_path(TINT, tmp_path / "a.png", tmp_path / "b.png", values="9,200")
    outcome = visit(tmp_path / "a.png", input_range="9,200")
    assert outcome.problems == ()
    assert outcome.archive is None
    result = outcome.pairs[0].result
    assert result.name == "a.png"
    assert result.read_bytes() == (tmp_path / "b.png").read_bytes()
    raster = image_files.read_raster(result)
    assert raster.bands.dtype == nir.dtype
    np.testing.assert_array_equal(raster.alpha, alpha)


def test_several_files_and_their_archive(tmp_path, visit):
    for name in ("b.tif", "a.png"):
        write_nir(tmp_path / name)
    clip = write_clip(tmp_path / "c.mkv", [gray(100)])
    outcome = visit(
        *(clip, tmp_path / "b.tif", tmp_path / "a.png"),
        image_format="jpeg",
    )
    names = [pair.result.name for pair in outcome.pairs]
    assert names == ["b.jpg", "a.jpg", "c.mp4"]
    frames, _ = read_clip(outcome.pairs[2].result)
    assert len(frames) == 1
    np.testing.assert_allclose(frames[0, 5, 5], [100, 50, 25], atol=3)
    with zipfile.ZipFile(outcome.archive) as archive:
        assert archive.namelist() == names
        for pair in outcome.pairs:
            assert archive.read(pair.result.name) == pair.result.read_bytes()


def test_files_that_fail_are_named_and_the_others_colorized(tmp_path, visit):
    write_nir(tmp_path / "good.png")
    (tmp_path / "bad.png").write_bytes(b"no image")
    (tmp_path / "bad.mp4").write_bytes(b"no video")
    files = [tmp_path / name for name in ("bad.png", "good.png", "bad.mp4")]
    outcome = visit(*files)
    assert [pair.source.name for pair in outcome.pairs] == ["good.png"]
    image, clip = outcome.problems
    assert image.startswith("bad.png: ")
    assert clip.startswith("bad.mp4: ")
    assert str(visit.folder) not in image + clip


def test_an_image_of_too_many_pixels_is_not_decoded(
    tmp_path, visit, monkeypatch
):
    write_nir(tmp_path / "a.png", height=10, width=11)
    monkeypatch.setattr(uploads, "MAX_PIXELS", 110)
    assert len(visit(tmp_path / "a.png").pairs) == 1
    monkeypatch.setattr(uploads, "MAX_PIXELS", 109)
    with pytest.raises(
        InputError, match=r"a.png: has 11 x 10 pixels; at most 109 are read"
    ):
        visit(tmp_path / "a.png")
    # Of this visitor alone.
    assert image_files.read_raster(tmp_path / "a.png").bands.size == 110


def test_names_that_begin_alike_are_shown_apart(tmp_path, visit):
    long = "a" * 240
    names = [f"{long}_{number}.png" for number in range(2)]
    for level, name in enumerate(names):
        nir = np.full((9, 9, 1), 100 * level + 9, np.uint8)
        image_files.write_image(tmp_path / name, nir)
    pairs = visit(*(tmp_path / name for name in names)).pairs
    shown = [views.view(pair, Settings()).before for pair in pairs]
    levels = [image_files.read_raster(path).bands.mean() for path in shown]
    np.testing.assert_allclose(levels, [9, 109], atol=2)


def test_a_name_that_begins_with_a_dot(tmp_path, visit):
    write_nir(tmp_path / ".a.png")
    (pair,) = visit(tmp_path / ".a.png").pairs
    assert (pair.source.name, pair.result.name) == (".a.png", ".a.png")


def test_two_results_of_one_name(tmp_path, visit):
    for name in ("a.png", "a.tif", "b.png"):
        write_nir(tmp_path / name)
    clips = [
        write_clip(tmp_path / name, [gray(100)]) for name in ("c.mp4", "c.mkv")
    ]
    files = [tmp_path / name for name in ("a.png", "a.tif", "b.png")]
    outcome = visit(*files, *clips, image_format="jpeg")
    names = [pair.source.name for pair in outcome.pairs]
    assert names == ["a.png", "b.png", "c.mp4"]
    image, clip = outcome.problems
    assert image.startswith("a.tif: its result, a.jpg, is that of another")
    assert clip.startswith("c.mkv: its result, c.mp4, is that of another")


def test_a_failure_keeps_the_results_of_before(tmp_path, visit):
    write_nir(tmp_path / "good.png")
    (tmp_path / "bad.png").write_bytes(b"no image")
    first = visit(tmp_path / "good.png").pairs[0]
    with pytest.raises(InputError, match=r"^bad\.png: ") as caught:
        visit(tmp_path / "bad.png")
    assert str(visit.folder) not in str(caught.value)
    assert first.result.exists()
    assert len(list(visit.folder.iterdir())) == 1
    second = visit(tmp_path / "good.png").pairs[0]
    assert second.result.exists()
    assert not first.result.exists()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"input_range": "bright"}, "--range=bright: expected auto, max"),
        ({"input_range": "0,300"}, "a.png: --range=0,300: the image is stored"),
        ({"channel": "0"}, "--channel=0: expected gray"),
        ({"channel": "2"}, "a.png: has 1 channel; --channel=2 is none"),
        ({"saturation": -1}, "saturation=-1.0: expected 0 or more"),
    ],
)
def test_wrong_settings(tmp_path, visit, settings, message):
    write_nir(tmp_path / "a.png")
    with pytest.raises(InputError, match=f"^{re.escape(message)}"):
        visit(tmp_path / "a.png", **settings)


def test_wrong_files(tmp_path, visit):
    write_nir(tmp_path / "a.png")
    write_nir(tmp_path / "other" / "a.png")
    (tmp_path / "a.txt").write_text("text")
    for files, message in (
        ([], "no file; expected images or a video"),
        ([tmp_path / "a.txt"], "a.txt: neither an image nor a video"),
        ([tmp_path / "gone.png"], "gone.png: is deleted by now"),
        (
            [tmp_path / "a.png", tmp_path / "other" / "a.png"],
            "a.png: two files have this name",
        ),
    ):
        with pytest.raises(InputError, match=f"^{message}"):
            visit(*files)


def test_files_of_a_visitor_go_with_the_visitor(tmp_path):
    sessions = Sessions(tmp_path)
    shared, own = tmp_path / "shared.png", tmp_path / "own.png"
    for path in (shared, own):
        path.touch()
    sessions.add_uploads("first", [str(shared), str(own)])
    sessions.add_uploads("second", [str(shared)])
    folders = {name: sessions.folder(name) for name in ("first", "second")}
    (folders["first"] / "result").touch()
    assert sessions.folder("first") == folders["first"] != folders["second"]
    sessions.delete("first")
    assert not folders["first"].exists()
    assert not own.exists()
    assert shared.exists()
    sessions.delete("second")
    sessions.delete("nobody")
    assert list(tmp_path.iterdir()) == []


def test_old_files_are_swept(tmp_path):
    sessions = Sessions(tmp_path)
    old, new = sessions.folder("old"), sessions.folder("new")
    upload = tmp_path / "upload.png"
    for path in (old / "result", new / "result", upload):
        path.touch()
    # Of `new`, a file is written right now.
    for path in (old / "result", old, new, upload):
        os.utime(path, (0, time.time() - 100))
    sessions.sweep(101)
    assert upload.exists()
    sessions.sweep(99)
    assert list(tmp_path.iterdir()) == [new]
    assert sessions.folder("new") == new
    assert sessions.folder("old").exists()


def test_a_run_leaves_nothing_of_a_visitor_who_has_left(tmp_path):
    sessions = Sessions(tmp_path)
    with sessions.run("stays") as kept:
        (kept / "result").touch()
    assert (kept / "result").exists()

    def write_after_leaving(folder):
        sessions.delete("leaves")
        assert not folder.exists()
        write_nir(folder / "color" / "a.png")

    with sessions.run("leaves") as folder:
        write_after_leaving(folder)
    assert not folder.exists()
    with pytest.raises(KeyError), sessions.run("leaves") as folder:
        write_after_leaving(folder)
        raise KeyError
    assert not folder.exists()
    # A visitor who comes back meanwhile has another folder.
    with sessions.run("leaves") as folder:
        write_after_leaving(folder)
        another = sessions.folder("leaves")
    assert sorted(tmp_path.iterdir()) == sorted([kept, another])


def test_a_run_ends_when_its_visitor_leaves(tmp_path):
    sessions, frames = Sessions(tmp_path / "root"), []
    (tmp_path / "root").mkdir()

    def predict(batch):
        frames.append(batch)
        if len(frames) == 3:
            sessions.delete("leaves")
        return tint(batch)

    grays = [gray(level) for level in range(9)]
    clip = write_clip(tmp_path / "clip.mp4", grays)
    with (
        pytest.raises(InputError, match="visitor has left"),
        sessions.run("leaves") as folder,
    ):
        uploads.colorize(
            [str(clip)],
            Settings(),
            folder,
            lambda model, path: Colorizer(predict),
        )
    assert len(frames) == 3
    assert list((tmp_path / "root").iterdir()) == []


def test_what_cannot_be_deleted_keeps_nothing_else(tmp_path, monkeypatch):
    sessions = Sessions(tmp_path)
    tree = sessions.folder("first")
    paths = [folder / name for folder in (tmp_path, tree) for name in "abc"]
    for path in (*paths, tree):
        path.touch()
        os.utime(path, (0, 0))

    def unlink(path, original=os.unlink, **options):
        if Path(path).name == "b":
            raise PermissionError(1, "Operation not permitted", str(path))
        original(path, **options)

    monkeypatch.setattr(os, "unlink", unlink)
    sessions.sweep(99)
    left = sorted([tmp_path / "b", tree, tree / "b"])
    assert sorted(tmp_path.rglob("*")) == left
    (tmp_path / "c").touch()
    sessions.add_uploads("first", [str(tmp_path / name) for name in "bc"])
    sessions.delete("first")
    assert sorted(tmp_path.rglob("*")) == left


def test_sweeping_goes_on_after_a_sweep_that_failed(tmp_path):
    sessions, ended = Sessions(tmp_path / "gone"), threading.Event()
    thread = threading.Thread(
        target=sessions.keep_sweeping, args=(99, 1e-3, ended)
    )
    thread.start()
    time.sleep(0.05)
    path = tmp_path / "gone" / "a.png"
    path.parent.mkdir()
    path.touch()
    os.utime(path, (0, 0))
    for _ in range(1000):
        if not path.exists():
            break
        time.sleep(0.01)
    ended.set()
    thread.join()
    assert not path.exists()


def test_before_and_after_are_shown_upright_in_8_bit(tmp_path, visit):
    levels = np.repeat(np.uint16([[0, 100, 2000, 4095]]), 16, axis=1)
    image_files.write_image(tmp_path / "a.png", levels.repeat(32, axis=0))
    pair = visit(tmp_path / "a.png", input_range="100,2000").pairs[0]
    shown = views.view(pair, Settings(input_range="100,2000"))
    before = image_files.read_raster(shown.before).bands
    assert before.shape == (32, 64, 3)
    expected = np.float32([0, 0, 255, 255])
    np.testing.assert_allclose(before[16, 8::16, 0], expected, atol=3)
    after = image_files.read_raster(shown.after).bands
    np.testing.assert_allclose(
        after[16, 8::16], np.outer(expected, [1, 0.5, 0.25]), atol=6
    )
    assert shown.caption == (
        "64 x 32 px, 16-bit file, values 100..2000 -> 0..1; 25.0% of the "
        "pixels are darker, 25.0% brighter"
    )


def test_large_images_are_shown_smaller(tmp_path, visit, monkeypatch):
    monkeypatch.setattr(views, "_SHOWN", 20)
    write_nir(tmp_path / "a.png", height=10, width=100)
    pair = visit(tmp_path / "a.png").pairs[0]
    shown = views.view(pair, Settings())
    for path in (shown.before, shown.after):
        assert image_files.read_raster(path).bands.shape == (2, 20, 3)
    assert image_files.read_raster(pair.result).bands.shape == (10, 100, 3)


def bars(svg):
    """Heights of the bars of a histogram, of 120 at most."""
    outline = re.search(r'd="M0 120(.*)V120Z"', svg)[1]
    return [120 - float(y) for y in re.findall(r"V([\d.]+)h", outline)]


def test_histogram():
    nir = np.zeros((10, 10, 1), np.uint8)
    nir[:4] = 255
    nir[4:8] = 64
    nir[8:] = 65
    svg = views.histogram(nir, 51, 204)
    heights = bars(svg)
    assert len(heights) == 128
    # A bar is two levels; the highest holds 60 pixels.
    assert heights[32] == 120
    assert heights[127] == pytest.approx(120 * (40 / 60) ** 0.5, abs=0.1)
    assert sum(height > 0 for height in heights) == 2
    ends = re.findall(r'x1="([\d.]+)".*?>(\w+ \d+)</text>', svg)
    assert ends == [("102.4", "low 51"), ("409.6", "high 204")]


def test_histogram_counts_every_level_of_a_camera():
    nir = np.arange(4096, dtype=np.uint16).reshape(64, 64, 1)
    assert bars(views.histogram(nir, 0, 4095)) == [120] * 128
    # A range beyond the image is drawn whole.
    heights = bars(views.histogram(nir, 0, 8191))
    assert heights == [120] * 64 + [0] * 64


def test_a_pair_that_is_gone(tmp_path):
    pair = Pair(tmp_path / "a.png", tmp_path / "color" / "a.png")
    with pytest.raises(InputError, match="cannot be read"):
        views.view(pair, Settings())
