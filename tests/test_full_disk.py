"""A full disk: what was there stays, and the message says what is missing."""

import numpy as np
import pytest
import tensorflow as tf
from clips import colorize, write_clip
from colorizing import Recorder, colorize_path, write_nir
from full_disk import files_limited, no_space

from nircolor_tf.errors import DiskFullError
from nircolor_tf.export import output_folder
from nircolor_tf.inference import folders
from nircolor_tf.inference.colorizer import Colorizer
from nircolor_tf.report import report

NOISE = np.random.default_rng(0).integers(0, 255, (8, 48, 64), np.uint8)


def contents(folder):
    return {
        path: path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_a_folder_of_images_ends_at_the_first_that_does_not_fit(tmp_path):
    sizes = {"a.png": 8, "b.png": 99, "c.png": 8}
    for name, size in sizes.items():
        write_nir(tmp_path / "nir" / name, size, size)
    color = tmp_path / "color"
    with (
        files_limited(5000),
        pytest.raises(
            DiskFullError,
            match=r"b\.png: cannot be written: File too large: it needs .* "
            r"5,000 bytes; 1 of 3 images .* --skip_existing",
        ),
    ):
        colorize_path(Colorizer(Recorder()), tmp_path / "nir", color)
    assert (color / "a.png").is_file()
    assert not [path for path in color.iterdir() if path.name not in sizes]
    assert not (color / "b.png").exists()
    results = folders.colorize_path(
        Colorizer(Recorder()),
        tmp_path / "nir",
        color,
        folders.Options(existing="skip"),
    )
    assert {path.name for path in color.iterdir()} == sizes.keys()
    assert "b.png" in {result.path.name for result in results}


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".avi"])
def test_a_video_that_does_not_fit_leaves_the_old_one(tmp_path, suffix):
    source = write_clip(tmp_path / "nir.mkv", list(NOISE))
    target = tmp_path / f"color{suffix}"
    target.write_text("old")
    before = contents(tmp_path)
    with (
        files_limited(4000),
        pytest.raises(
            DiskFullError, match=f"color{suffix}: cannot be written: File too "
        ),
    ):
        colorize(source, target, overwrite=True)
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    "error",
    [
        no_space(),
        tf.errors.ResourceExhaustedError(
            None, None, "variables; No space left on device"
        ),
    ],
)
def test_an_export_that_does_not_fit_leaves_the_old_one(tmp_path, error):
    output = tmp_path / "export"
    output.mkdir()
    (output / "card.json").write_text("old")
    before = contents(tmp_path)
    with (
        pytest.raises(
            DiskFullError,
            match=f"{output}: cannot be written: No space left on device; "
            f"{tmp_path} has .* left",
        ),
        output_folder.replacing(output) as folder,
    ):
        (folder / "card.json").write_text("new")
        raise error
    assert contents(tmp_path) == before
    assert list(tmp_path.iterdir()) == [output]


@pytest.mark.parametrize("writer", ["summaries", "tables", "html"])
def test_a_report_that_does_not_fit_leaves_the_old_one(
    data, measure, monkeypatch, writer
):
    _, folder = measure(str(data / "near"))
    before = contents(folder)

    def refuse(*arguments):
        raise no_space()

    owner = getattr(report, writer)
    name = "write_table" if writer == "tables" else "write"
    monkeypatch.setattr(owner, name, refuse)
    with pytest.raises(
        DiskFullError, match=f"{folder}: cannot be written: No space left"
    ):
        measure(str(data / "near"))
    assert contents(folder) == before
