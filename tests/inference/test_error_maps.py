"""Maps of the expected error, beside the results of a folder."""

import numpy as np
import pytest
from colorizing import Recorder, write_nir

from nircolor_tf.errors import InputError
from nircolor_tf.images import image_files
from nircolor_tf.inference import folders, jobs
from nircolor_tf.inference.colorizer import Colorizer
from nircolor_tf.inference.error_estimate import ErrorEstimator
from nircolor_tf.inference.steps import Steps

LEVEL = 51  # of every map, of 255


def estimate(image):
    return np.full((*image.shape[:3], 1), LEVEL / 255, np.float32)


def colorize(source, target, maps, **options):
    """Returns the names of the results."""
    results = folders.colorize_path(
        Colorizer(Recorder()),
        source,
        target,
        folders.Options(**options),
        folders.ErrorMaps(ErrorEstimator(estimate, Steps()), maps),
    )
    return [str(result.path.relative_to(target)) for result in results]


def assert_map(path):
    levels = image_files.read_image(path)
    assert levels.dtype == np.uint8
    np.testing.assert_array_equal(levels, np.full((9, 7), LEVEL, np.uint8))


def test_a_map_is_not_written_over_a_result(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    source = tmp_path / "nir"
    write_nir(source / "a.png")
    for maps in (tmp_path / "out", tmp_path / "x" / ".." / "out"):
        with pytest.raises(InputError, match=r"out/a\.png: would be the resul"):
            colorize(source, "out", maps)
    with pytest.raises(InputError, match=r"o\.png: would be the result of a"):
        colorize(source / "a.png", "o.png", tmp_path / "o.png")
    # Here the map of one has the name of the result of the other.
    write_nir(source / "a.tif")
    (source / "b.tif").write_bytes((source / "a.tif").read_bytes())
    with pytest.raises(InputError, match=r"both a\.png and a\.tif"):
        colorize(source, "out", tmp_path / "maps", existing="replace")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["nir"]
    (source / "a.png").unlink()
    names = colorize(source, tmp_path / "out", tmp_path / "out")
    assert names == ["a.tif", "b.tif"]
    assert_map(tmp_path / "out" / "a.png")


def test_a_map_is_not_written_over_an_image(tmp_path):
    write_nir(tmp_path / "nir" / "a.png")
    write_nir(tmp_path / "nir" / "b.tif")
    for source in ("nir", "nir/a.png"):
        with pytest.raises(InputError, match="would overwrite the input"):
            colorize(
                tmp_path / source,
                tmp_path / "out",
                tmp_path / "nir",
                existing="replace",
            )
    assert not (tmp_path / "out").exists()


def test_what_is_missing_of_results_and_maps_is_done(tmp_path):
    source, target, maps = (tmp_path / name for name in ("nir", "out", "maps"))
    for name in "abc":
        write_nir(source / f"{name}.png")
    for path in (target / "a.png", target / "b.png", maps / "a.png"):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"precious")
    (maps / "c.png").write_bytes(b"precious")
    with pytest.raises(InputError, match=r"out/a\.png: exists already"):
        colorize(source, target, maps)
    (target / "a.png").unlink()
    with pytest.raises(InputError, match=r"maps/a\.png: exists already"):
        colorize(source, target, maps)
    (target / "a.png").write_bytes(b"precious")
    names = colorize(source, target, maps, existing="skip")
    assert names == ["b.png", "c.png"]
    for path in (target / "a.png", target / "b.png", maps / "a.png"):
        assert path.read_bytes() == b"precious"
    assert (maps / "c.png").read_bytes() == b"precious"
    assert_map(maps / "b.png")
    assert image_files.read_rgb(target / "c.png").shape == (9, 7, 3)
    assert colorize(source, target, maps, existing="skip") == []
    assert len(colorize(source, target, maps, existing="replace")) == 3
    assert_map(maps / "a.png")


def test_maps_of_before_are_no_images(tmp_path):
    source = tmp_path / "nir"
    for name in ("a.png", "x/b.png"):
        write_nir(source / name)
    target, maps = source / "out", source / "maps"
    for _ in range(2):
        names = colorize(
            source, target, maps, existing="replace", recursive=True
        )
        assert names == ["a.png", "x/b.png"]
    assert_map(maps / "x" / "b.png")
    assert "not searched: x;" in jobs.note_folders(source, [target, maps])


def test_results_may_lie_in_the_folder_of_the_input_folder(tmp_path):
    write_nir(tmp_path / "photos" / "nir" / "x" / "a.png")
    for _ in range(2):
        names = colorize(
            tmp_path / "photos" / "nir",
            tmp_path / "photos",
            tmp_path,
            existing="replace",
            recursive=True,
        )
        assert names == ["x/a.png"]
    assert_map(tmp_path / "x" / "a.png")


def test_a_place_that_is_no_place_for_maps(tmp_path):
    write_nir(tmp_path / "nir" / "a.png")
    target = tmp_path / "out"
    for source, name, message in (
        ("nir/a.png", "map.jpg", r"map\.jpg: expected .* ending in \.png"),
        ("nir/a.png", "map.mp4", r"map\.mp4: images cannot be written into"),
        ("nir", "map.png", r"map\.png: a file; expected a folder, as "),
    ):
        with pytest.raises(InputError, match=message):
            colorize(tmp_path / source, target, tmp_path / name)
    assert not target.exists()
    assert colorize(tmp_path / "nir/a.png", target, tmp_path / "m.png")
    assert_map(tmp_path / "m.png")
