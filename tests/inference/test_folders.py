"""Files and folders of images, colorized."""

import os
import re
import threading
import time

import cv2
import numpy as np
import PIL.Image
import pytest
from colorizing import Recorder, colorize_path, write_nir

from nircolor_tf.errors import InputError
from nircolor_tf.images import image_files
from nircolor_tf.inference import folders, models
from nircolor_tf.inference.colorizer import Colorizer
from nircolor_tf.inference.steps import Steps


@pytest.mark.parametrize(
    ("name", "bits"),
    [("a.png", 8), ("a.png", 16), ("a.tiff", 8), ("a.tif", 16), ("a.JPG", 8)],
)
def test_a_file_keeps_size_depth_and_format(tmp_path, name, bits):
    nir = write_nir(tmp_path / "nir" / name, bits=bits)
    nir = image_files.read_nir(tmp_path / "nir" / name)  # JPEG has changed it
    (written,) = colorize_path(
        Colorizer(Recorder(), Steps(8)),
        tmp_path / "nir" / name,
        tmp_path / "color",
    )
    assert written.path == tmp_path / "color" / name
    stored = cv2.imread(str(written.path), cv2.IMREAD_UNCHANGED)
    assert stored.dtype == nir.dtype
    assert stored.shape == (9, 7, 3)
    tolerance = 8 if name == "a.JPG" else 0
    assert np.abs(stored.astype(int) - nir).max() <= tolerance


def test_a_translation_writes_one_channel_of_the_same_depth(
    tmp_path, tiny_export
):
    gray = write_nir(tmp_path / "a.tif", bits=16)
    (written,) = colorize_path(
        models.load_export(tiny_export, path="g2n"),
        tmp_path / "a.tif",
        tmp_path / "nir",
    )
    stored = cv2.imread(str(written.path), cv2.IMREAD_UNCHANGED)
    assert stored.dtype == np.uint16
    np.testing.assert_allclose(stored, gray[..., 0] / 2, atol=0.51)


def test_a_file_can_be_named(tmp_path):
    nir = write_nir(tmp_path / "a.png")
    (written,) = colorize_path(
        Colorizer(Recorder()), tmp_path / "a.png", tmp_path / "new" / "b.tif"
    )
    assert written.path == tmp_path / "new" / "b.tif"
    np.testing.assert_array_equal(
        image_files.read_rgb(written.path)[..., :1], nir
    )


def test_a_folder_may_be_named_like_an_image(tmp_path):
    write_nir(tmp_path / "a.png")
    (tmp_path / "color.png").mkdir()
    (written,) = colorize_path(
        Colorizer(Recorder()), tmp_path / "a.png", tmp_path / "color.png"
    )
    assert written.path == tmp_path / "color.png" / "a.png"


def test_what_fails_is_named_and_the_others_are_colorized(tmp_path):
    source, target = tmp_path / "nir", tmp_path / "color"
    for name in ("b.png", "d.tif", "f.png", "h.png"):
        write_nir(source / name, bits=16 if name == "d.tif" else 8)
    write_nir(source / "e.png", height=3)
    write_nir(source / "g.png", height=4)
    (source / "a.png").write_bytes(b"no image")
    image_files.write_image(
        source / "c.png", np.arange(27, dtype=np.uint8).reshape(3, 3, 3) * 9
    )
    (source / "notes.txt").write_text("not an image at all")
    (target / "h.png").mkdir(parents=True)

    def model(nir):
        if nir.shape[1] == 3:
            raise MemoryError("no 9 GiB left")
        return np.full((*nir.shape[:3], 3), np.nan if nir.shape[1] == 4 else 1)

    with pytest.raises(InputError) as error:
        colorize_path(Colorizer(model), source, target, overwrite=True)
    first, *problems = str(error.value).splitlines()
    assert first == "5 of 8 images failed, the other 3 are colorized:"
    for problem, expected in zip(
        problems,
        (
            f"{source / 'a.png'}: not a readable",
            f"{source / 'c.png'}: an RGB image",
            f"{source / 'e.png'}: no 9 GiB left",
            f"{source / 'g.png'}: .*not finite",
            f"{target / 'h.png'}: cannot be written",
        ),
        strict=True,
    ):
        assert re.match(f"  {expected}", problem)
    assert sorted(os.listdir(target)) == ["b.png", "d.tif", "f.png", "h.png"]


def test_reading_and_writing_overlap_with_the_model_and_do_not_run_away(
    tmp_path, monkeypatch
):
    count = 6
    steps = {
        (step, index): threading.Event()
        for step in ("read", "model")
        for index in range(count + 2)
    }
    for index in range(count):
        write_nir(tmp_path / "nir" / f"{index}.png", height=1 + index)

    def wait_for(step, index, not_yet):
        """Waits for one step of an image; another must not be reached."""
        assert index >= count or steps[step, index].wait(5), (step, index)
        time.sleep(0.01)
        assert not steps[not_yet].is_set(), not_yet

    def read(path, original=image_files.read_with_metadata):
        steps["read", int(path.stem)].set()
        return original(path)

    def model(nir):
        index = nir.shape[1] - 1
        steps["model", index].set()
        wait_for("read", index + 1, not_yet=("read", index + 2))
        return np.repeat(nir, 3, axis=-1)

    def write_image(path, *args, original=image_files.write_image):
        index = int(path.stem)
        wait_for("model", index + 1, not_yet=("model", index + 2))
        original(path, *args)

    monkeypatch.setattr(image_files, "read_with_metadata", read)
    monkeypatch.setattr(image_files, "write_image", write_image)
    results = colorize_path(
        Colorizer(model), tmp_path / "nir", tmp_path / "color"
    )
    assert [result.path.name for result in results] == [
        f"{index}.png" for index in range(count)
    ]


def test_an_image_the_model_cannot_take_is_named(tmp_path):
    write_nir(tmp_path / "a.png")
    model = Colorizer(lambda nir: np.full((*nir.shape[:3], 3), np.nan))
    with pytest.raises(InputError, match=r"^\S*a.png: .*not finite"):
        colorize_path(model, tmp_path / "a.png", tmp_path / "color")
    assert not (tmp_path / "color").exists()


# Ranges, formats, metadata


def test_the_range_is_that_of_each_image_or_the_given_one(tmp_path):
    source = tmp_path / "nir"
    source.mkdir()
    for name, level in (("a.png", 1000), ("b.png", 2047)):
        image_files.write_image(
            source / name, np.array([[0, 500, level]], np.uint16)
        )

    def whites(values):
        results = colorize_path(
            Colorizer(Recorder()), source, tmp_path / "color", True, values
        )
        levels = [
            image_files.read_rgb(result.path)[0, -1, 0] for result in results
        ]
        notes.append(folders.warning(one.levels for one in results))
        return levels, folders.summary(results)

    notes = []
    auto, both = whites("auto")
    assert auto == [round(1000 / 1023 * 65535), round(2047 / 4095 * 65535)]
    assert "values 0..1023 (10 bit) -> 0..1 to values 0..4095" in both
    assert notes[0].startswith("brightness is not comparable: 2 ranges")
    assert "--range=0,4095 gives all the same" in notes[0]
    given, one = whites("500,2047")
    assert given == [round(500 / 1547 * 65535), 65535]
    assert one == "2 images, values 500..2047 -> 0..1"
    assert whites("0,65535")[1] == "2 images"
    assert notes[1:] == ["", ""]


def test_images_of_8_and_16_bit_have_no_range_in_common():
    uint8, uint16 = np.dtype(np.uint8), np.dtype(np.uint16)
    full = [(0, 255, uint8), (0, 65535, uint16)]
    assert folders.warning(full) == ""
    mixed = folders.warning([*full, (0, 4095, uint16)])
    assert "3 ranges" in mixed
    assert "those of 16 bit apart" in mixed


def test_a_range_beyond_8_bit_names_the_file_of_8_bit(tmp_path):
    write_nir(tmp_path / "a.png")
    with pytest.raises(InputError, match=r"^\S*a.png: --range=0,4095: .*8 bit"):
        colorize_path(
            Colorizer(Recorder()),
            tmp_path / "a.png",
            tmp_path / "color",
            values="0,4095",
        )


@pytest.mark.parametrize(
    ("image_format", "names", "dtypes"),
    [
        ("png", ["a.png", "b.png"], [np.uint16, np.uint8]),
        ("tiff", ["a.tif", "b.tif"], [np.uint16, np.uint8]),
        ("jpeg", ["a.jpg", "b.jpg"], [np.uint8, np.uint8]),
        ("same", ["a.tif", "b.png"], [np.uint16, np.uint8]),
    ],
)
def test_results_of_another_format(tmp_path, image_format, names, dtypes):
    source = tmp_path / "nir"
    source.mkdir()
    white = [np.full((8, 8), value, np.uint16) for value in (65535, 255)]
    image_files.write_image(source / "a.tif", white[0])
    image_files.write_image(source / "b.png", white[1].astype(np.uint8))
    results = colorize_path(
        Colorizer(Recorder()),
        source,
        tmp_path / "color",
        image_format=image_format,
    )
    assert [result.path.name for result in results] == names
    for result, dtype in zip(results, dtypes, strict=True):
        rgb = image_files.read_rgb(result.path)
        assert rgb.dtype == dtype
        assert rgb.min() == np.iinfo(dtype).max


def test_metadata_stays(tmp_path):
    exif = PIL.Image.Exif()
    exif[0x010F] = "a maker of cameras"
    PIL.Image.new("L", (7, 9), 99).save(tmp_path / "a.jpg", exif=exif)
    (written,) = colorize_path(
        Colorizer(Recorder()), tmp_path / "a.jpg", tmp_path / "b.png"
    )
    with PIL.Image.open(written.path) as stored:
        assert stored.getexif()[0x010F] == "a maker of cameras"


# What is refused


def test_a_result_that_exists_stays_unless_asked(tmp_path):
    source, target = tmp_path / "nir", tmp_path / "color"
    write_nir(source / "a.png", seed=1)
    nir = write_nir(source / "b.png", seed=2)
    target.mkdir()
    (target / "b.png").write_bytes(b"precious")
    with pytest.raises(InputError, match=r"b.png: exists already; --overwri"):
        colorize_path(Colorizer(Recorder()), source, target)
    assert os.listdir(target) == ["b.png"]
    assert (target / "b.png").read_bytes() == b"precious"
    colorize_path(Colorizer(Recorder()), source, target, True)
    np.testing.assert_array_equal(
        image_files.read_rgb(target / "b.png")[..., :1], nir
    )
