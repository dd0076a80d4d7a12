"""An export against its method, on photos at their own size."""

import csv

import cv2
import numpy as np
import pytest
import tint

from nircolor_tf.errors import InputError
from nircolor_tf.export import difference_table, differences, export, verify
from nircolor_tf.images import image_files
from nircolor_tf.training import restore

SIZES = {"a.png": (8, 12), "b.png": (30, 46), "c.tif": (5, 9)}
EVERY_FLOAT = ["saved_model", "litert", "serving"]
FIXED = "model_24x40_float16.tflite"


@pytest.fixture(scope="module")
def method(pairs_manifest):
    return tint.Tint(tint.config(pairs_manifest))


@pytest.fixture(scope="module", autouse=True)
def workdir(method):
    """Any workdir is one of this method, trained."""
    record = {"step": 5, "minutes": 1.5}
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(restore, "load_method", lambda *_: (method, record))
        yield


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exports") / "tint"
    export.export_workdir("run", folder)
    return folder


@pytest.fixture
def photos(tmp_path):
    """The left half of each is black, the other 1/5: in 8, 12 and 16 bit."""
    folder = tmp_path / "nir"
    folder.mkdir()
    for (name, size), white in zip(
        SIZES.items(), (255, 65535, 65535), strict=True
    ):
        dtype = np.uint8 if white == 255 else np.uint16
        levels = np.zeros(size, dtype)
        levels[:, size[1] // 2 :] = white // 5
        levels[0, 0] = white  # else it is taken for one of fewer bits
        image_files.write_image(folder / name, levels)
    return folder


@pytest.fixture
def red(method):
    """The method turns redder than what was exported."""
    method.set_gain(1.1)
    yield
    method.set_gain(1.0)


@pytest.fixture
def command(load_command):
    return load_command("verify")


def photos_of(verification):
    return {
        runtime.name: [one.photo for one in runtime.differences]
        for runtime in verification.runtimes
    }


def test_every_runtime_equals_the_method_on_what_it_takes(exported, photos):
    verification = verify.verify_photos("run", exported, photos, "best")
    assert verification.problems == []
    everything = list(SIZES)
    assert photos_of(verification) == {
        **dict.fromkeys(EVERY_FLOAT, everything),
        "image_bytes": everything[:2],  # it reads no TIFF
        FIXED: ["b.png"],
    }
    # 30 x 46 shrinks to 24 x 37; then come the next multiples of 4.
    assert verification.sizes == [(8, 12), (24, 40)]
    for runtime in verification.runtimes:
        assert runtime.total().largest < 1e-6 + 1 / 255 * runtime.rounds
        assert runtime.total().equal == pytest.approx(1, abs=0.01)


def test_without_a_workdir_the_weights_are_those_of_the_export(
    exported, photos, method, monkeypatch
):
    monkeypatch.setattr(
        verify.exported_method, "load", lambda folder: (method, {})
    )
    monkeypatch.delattr(verify.restore, "load_method")
    verification = verify.verify_photos(None, exported, photos, "best")
    assert verification.problems == []
    assert len(photos_of(verification)[FIXED]) == 1


def test_one_channel_of_pink_photos(command, exported, photos, capsys):
    for path in sorted(photos.iterdir()):
        nir = image_files.read_nir(path)
        image_files.write_image(
            path, np.concatenate([nir // 2, nir, nir // 3], axis=-1)
        )
    with pytest.raises(InputError, match=r"a\.png: .*--channel=red, green"):
        command(workdir="run", model=exported, input=photos)
    capsys.readouterr()
    command(workdir="run", model=exported, input=photos, channel="green")
    # A server would refuse these files.
    printed = capsys.readouterr().out
    assert "c.tif, n2c: saved_model 0.0e+00, litert" in printed
    assert "image_bytes" not in printed
    with pytest.raises(InputError, match="--channel=pink: expected gray"):
        command(workdir="run", model=exported, input=photos, channel="pink")


def test_a_method_that_differs_fails_in_every_runtime(exported, photos, red):
    verification = verify.verify_photos(
        "run", exported, photos / "a.png", "best"
    )
    # Half of the pixels, in one of three channels, by 0.1 of 51 / 255.
    expected = differences.Difference("a.png", 0.02, 0.02**2 / 6, 0.5, 1e-4)
    for runtime in verification.runtimes[:3]:
        (one,) = runtime.differences
        assert one.largest == pytest.approx(expected.largest, rel=1e-3)
        assert one.psnr == pytest.approx(41.761, abs=0.01)
        assert (one.equal, one.allowed) == (0.5, 1e-4)
    # 51 times 1.1 is level 56.
    (one,) = verification.runtimes[3].differences
    assert one.largest == pytest.approx(5 / 255)
    assert one.allowed == pytest.approx(1e-4 + 1 / 255)
    assert len(verification.problems) == 4
    for name, problem in zip(
        [*EVERY_FLOAT, "image_bytes"], verification.problems, strict=True
    ):
        assert problem.startswith(f"{name}, path n2c: differs")
        assert "on 1 of 1 photos; the most on a.png, 0.02" in problem


def test_a_file_of_one_size_is_asked_for_its_psnr(exported, photos, red):
    verification = verify.verify_photos(
        "run", exported, photos / "b.png", "best"
    )
    (problem,) = [one for one in verification.problems if one.startswith(FIXED)]
    assert "dB from the method over 1 photos; " in problem
    assert problem.endswith("config.export.least_db asks for 60")
    # 16 bit: one level more is a small one.
    allowed = verification.runtimes[3].differences[0].allowed
    assert allowed == pytest.approx(1e-4 + 1 / 65535)


def test_the_command_prints_and_writes_all(command, exported, photos, capsys):
    table = photos.parent / "table.csv"
    command(workdir="run", model=exported, input=photos, output=table)
    with open(table, newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == difference_table.COLUMNS
    # With a line for all photos; a runtime takes 3, 3, 3, 2 and 1.
    assert len(rows) == 4 + 4 + 4 + 3 + 2
    assert [row["photo"] for row in rows[-2:]] == ["b.png", differences.ALL]
    printed = capsys.readouterr().out
    assert "c.tif, n2c: saved_model 0.0e+00, litert" in printed
    assert f"{FIXED}  n2c" in printed


def test_the_command_fails_where_something_differs_or_fails(
    command, exported, photos, red
):
    (photos / "a.png").write_bytes(b"cut off")
    # OpenCV knows it by its content, a server does not take it.
    (photos / "bmp.png").write_bytes(
        cv2.imencode(".bmp", np.eye(9, dtype=np.uint8))[1]
    )
    table = photos.parent / "table.csv"
    with pytest.raises(InputError) as error:
        command(workdir="run", model=exported, input=photos, output=table)
    lines = str(error.value).splitlines()
    assert "a.png: not a readable image" in lines[1]
    assert "bmp.png: image_bytes: " in lines[2]
    # The others are compared all the same, and this one by the others.
    assert "saved_model, path n2c: differs from the method" in lines[3]
    assert "on 3 of 3 photos" in lines[3]
    assert table.exists()
    table.unlink()
    with pytest.raises(InputError, match=r"expected a \.csv file"):
        command(
            workdir="run", model=exported, input=photos, output=photos / "a.tif"
        )


def test_only_what_is_there_and_of_this_step(exported, photos, monkeypatch):
    (photos.parent / "none").mkdir()
    with pytest.raises(InputError, match="none: no image file"):
        verify.verify_photos("run", exported, photos.parent / "none", "best")
    method, record = restore.load_method()
    later = (method, record | {"step": 6})
    monkeypatch.setattr(restore, "load_method", lambda *_: later)
    with pytest.raises(
        InputError, match=r"exported at step 5, .* of run is of step 6;"
    ):
        verify.verify_photos("run", exported, photos, "latest")
