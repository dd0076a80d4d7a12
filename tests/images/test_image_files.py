"""Reading and writing image files."""

import os
import re
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms, PngImagePlugin, TiffImagePlugin

from nircolor_tf.errors import InputError
from nircolor_tf.images import conversions, embedding, image_files
from nircolor_tf.images.metadata import Metadata

RED_BLUE = np.array([[[250, 10, 20], [10, 20, 250]]], np.uint8)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".tiff"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3])
def test_lossless_formats_keep_every_value(tmp_path, suffix, dtype, channels):
    high = np.iinfo(dtype).max
    array = np.random.default_rng(0).integers(
        0, high, (7, 5, channels), dtype, endpoint=True
    )
    path = tmp_path / f"image{suffix}"
    image_files.write_image(path, array)
    read = (
        image_files.read_nir(path)
        if channels == 1
        else image_files.read_rgb(path)
    )
    assert read.dtype == dtype
    np.testing.assert_array_equal(read, array)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_channels_are_in_rgb_order_in_the_file(tmp_path):
    image_files.write_image(tmp_path / "a.png", RED_BLUE)
    bgr = cv2.imread(str(tmp_path / "a.png"))
    np.testing.assert_array_equal(bgr[0, 0], [20, 10, 250])


def test_alpha_is_dropped(tmp_path):
    bgra = np.dstack([RED_BLUE[..., ::-1], np.full((1, 2), 7, np.uint8)])
    cv2.imwrite(str(tmp_path / "a.png"), bgra)
    np.testing.assert_array_equal(
        image_files.read_rgb(tmp_path / "a.png"), RED_BLUE
    )


@pytest.mark.parametrize(
    ("dtype", "spread", "accepted"),
    [
        (np.uint8, 0, True),
        (np.uint8, 4, True),
        (np.uint8, 5, False),
        (np.uint16, 4 * 257, True),
        (np.uint16, 4 * 257 + 1, False),
    ],
)
def test_nir_stored_as_three_channels(tmp_path, dtype, spread, accepted):
    array = np.full((4, 4, 3), 100, dtype)
    array[0, 0] = np.iinfo(dtype).max
    array[1, 2, 0] += spread
    image_files.write_image(tmp_path / "a.png", array)
    if accepted:
        nir = image_files.read_nir(tmp_path / "a.png")
        np.testing.assert_array_equal(nir, array[..., 1:2])
    else:
        with pytest.raises(InputError, match="RGB image where NIR"):
            image_files.read_nir(tmp_path / "a.png")


def test_unreadable_files_are_named(tmp_path):
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "text.png").write_bytes(b"not an image")
    cv2.imwrite(str(tmp_path / "float.tif"), np.full((3, 3), -1, np.float32))
    image_files.write_image(tmp_path / "gray.png", np.zeros((3, 3), np.uint8))
    for name, reason in [
        ("missing.png", "No such file"),
        ("empty.png", "empty"),
        ("text.png", "not a readable"),
        ("float.tif", "float32 values from -1"),
        ("gray.png", "one channel"),
    ]:
        with pytest.raises(InputError, match=f"{name}.*{reason}"):
            image_files.read_rgb(tmp_path / name)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".jpg"])
@pytest.mark.parametrize("kept", [0.4, 0.99])
def test_files_cut_off_are_not_read_in_part(tmp_path, suffix, kept):
    path = tmp_path / f"a{suffix}"
    noise = np.random.default_rng(0).integers(0, 255, (60, 60, 3), np.uint8)
    image_files.write_image(path, noise)
    data = path.read_bytes()
    path.write_bytes(data[: int(kept * len(data))])
    with pytest.raises(InputError, match=f"a{suffix}: .*cut off"):
        image_files.read_image(path)


GRAY = np.array([[0, 50, 100], [150, 200, 250]], np.uint8)
FORMATS = [".png", ".tif", ".jpg"]
ORIENTATION = 274
XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>caf\xc3\xa9</x:xmpmeta>"


def with_metadata(path, orientation=1):
    """Stores a 3x2 gray image with all that cameras add to it."""
    exif, seconds = 34665, TiffImagePlugin.IFDRational(1, 60)
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[271], tags[274] = "Camera", orientation
    tags[exif] = {33434: seconds, 37500: b"maker's note", 40965: {1: "R98"}}
    tags[34853] = {1: "N", 2: (51.0, 30.0, 0.0)}
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    options = {"dpi": (300, 150), "icc_profile": profile.tobytes()}
    if path.suffix == ".tif":
        tags[700] = XMP
        options["tiffinfo"] = tags
    else:
        options["exif"] = Image.Exif()
        options["exif"].update(tags)
    if path.suffix == ".jpg":
        options |= {"xmp": XMP, "quality": 100}
    if path.suffix == ".png":
        del options["icc_profile"]  # libpng refuses it in a gray image
        options["pnginfo"] = PngImagePlugin.PngInfo()
        options["pnginfo"].add_itxt("XML:com.adobe.xmp", XMP.decode())
    Image.fromarray(GRAY).save(path, **options)


@pytest.mark.parametrize("source", FORMATS)
@pytest.mark.parametrize("target", FORMATS)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_metadata_goes_along(tmp_path, source, target, dtype):
    if (target, dtype) == (".jpg", np.uint16):
        pytest.skip("JPEG holds 8 bit")
    with_metadata(tmp_path / f"a{source}")
    metadata = image_files.read_with_metadata(tmp_path / f"a{source}")[1]
    color = np.arange(2 * 3 * 3, dtype=dtype).reshape(2, 3, 3)
    image_files.write_image(tmp_path / f"b{target}", color, metadata)
    with Image.open(tmp_path / f"b{target}") as image:
        tags = image.getexif()
        assert tags[271] == "Camera"
        own = tags.get_ifd(34665)
        assert float(own[33434]) == pytest.approx(1 / 60)
        assert own[37500] == b"maker's note"
        assert 40965 not in own
        assert tags.get_ifd(34853)[2] == (51.0, 30.0, 0.0)
        assert image.info["xmp"] == XMP
        assert image.info["dpi"] == pytest.approx((300, 150), abs=0.02)
        assert "icc_profile" not in image.info
        assert image.size == (3, 2)
    if target != ".jpg":
        np.testing.assert_array_equal(
            image_files.read_rgb(tmp_path / f"b{target}"), color
        )


@pytest.mark.parametrize("source", FORMATS)
@pytest.mark.parametrize("target", FORMATS)
@pytest.mark.parametrize("orientation", [3, 6])
def test_images_are_read_and_written_upright(
    tmp_path, source, target, orientation
):
    with_metadata(tmp_path / f"a{source}", orientation)
    array = image_files.read_image(tmp_path / f"a{source}")
    turned = np.rot90(GRAY, {3: 2, 6: -1}[orientation])
    np.testing.assert_allclose(array.astype(int), turned, atol=3)
    metadata = image_files.read_with_metadata(tmp_path / f"a{source}")[1]
    image_files.write_image(tmp_path / f"b{target}", array, metadata)
    with Image.open(tmp_path / f"b{target}") as image:
        assert ORIENTATION not in image.getexif()
        np.testing.assert_allclose(np.asarray(image, int), turned, atol=6)


def test_a_jpeg_leaves_out_what_it_cannot_hold(tmp_path):
    metadata = Metadata(b"", bytes(65536), (300, 300))
    image_files.write_image(tmp_path / "a.jpg", GRAY, metadata)
    assert image_files.read_with_metadata(tmp_path / "a.jpg")[1] == Metadata(
        b"", b"", (300, 300)
    )


def test_a_tiff_takes_a_resolution_alone(tmp_path):
    metadata = Metadata(b"", b"", (300.0, 150.0))
    image_files.write_image(tmp_path / "a.tif", GRAY, metadata)
    assert (
        image_files.read_with_metadata(tmp_path / "a.tif")[1].dpi
        == metadata.dpi
    )
    np.testing.assert_array_equal(
        image_files.read_image(tmp_path / "a.tif"), GRAY
    )


@pytest.mark.parametrize("size", [7, 8])
@pytest.mark.parametrize("spare", [0, 1])
def test_a_tiff_directory_is_as_the_standard_wants_it(size, spare):
    _, tiff = cv2.imencode(".tif", GRAY)
    metadata = Metadata(b"", bytes(size), (300, 300))
    data = embedding.embed(tiff.tobytes() + bytes(spare), metadata, ".tif")
    (start,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, start)
    tags = np.frombuffer(data, "<u2", 6 * count, start + 2)[::6].tolist()
    assert start % 2 == 0
    assert tags == sorted(set(tags))
    assert len(data) == start + 2 + 12 * count + 4


def test_damaged_metadata_does_not_stop_an_image(tmp_path):
    path = tmp_path / "a.png"
    image_files.write_image(path, RED_BLUE)
    data, chunk = path.read_bytes(), b"eXIfdamaged"
    check = struct.pack(">I", zlib.crc32(chunk))
    chunk = struct.pack(">I", len(chunk) - 4) + chunk + check
    path.write_bytes(data[:33] + chunk + data[33:])
    assert image_files.read_with_metadata(path)[1] is None
    np.testing.assert_array_equal(image_files.read_rgb(path), RED_BLUE)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif"])
@pytest.mark.parametrize("rational", [(0, 0), (300, 0), (4_000_000_000, 1)])
def test_a_resolution_that_cannot_be_is_left_out(tmp_path, suffix, rational):
    tags = Image.Exif()
    tags[282] = tags[283] = TiffImagePlugin.IFDRational(*rational)
    tags[296], tags[315] = 2, "Ansel"
    source = tmp_path / "a.tif"
    Image.fromarray(RED_BLUE).save(source, exif=tags)
    metadata = image_files.read_with_metadata(source)[1]
    assert metadata.dpi is None
    target = tmp_path / f"b{suffix}"
    image_files.write_image(target, RED_BLUE, metadata)
    assert image_files.read_rgb(target).shape == RED_BLUE.shape
    assert Image.open(target).getexif()[315] == "Ansel"


def test_failed_writes_leave_nothing(tmp_path):
    deep = np.zeros((3, 3, 3), np.uint16)
    for name in ["a.jpg", "a.bmp", "missing/a.png"]:
        with pytest.raises(InputError, match=name):
            image_files.write_image(tmp_path / name, deep)
    with pytest.raises(ValueError, match="float64"):
        image_files.write_image(tmp_path / "a.png", np.zeros((3, 3)))
    with pytest.raises(InputError, match=r"wide\.jpg: .*65536 x 1"):
        image_files.write_image(
            tmp_path / "wide.jpg", np.zeros((1, 65536), "u1")
        )
    assert not list(tmp_path.iterdir())


def test_float_and_back_is_exact():
    for bits, dtype in [(8, np.uint8), (16, np.uint16)]:
        every = np.arange(2**bits).astype(dtype)
        values = conversions.to_float(every)
        assert values.dtype == np.float32
        assert values[0] == 0
        assert values[-1] == 1
        np.testing.assert_array_equal(
            conversions.to_integers(values, bits), every
        )


def test_to_integers_rounds_and_clips():
    values = np.array([-0.5, 0.4 / 255, 0.6 / 255, 1.7])
    assert conversions.to_integers(values, 8).tolist() == [0, 0, 1, 255]


def test_list_images_is_sorted_and_flat(tmp_path):
    for name in ["b.PNG", "a.jpg", ".hidden.png", "notes.txt"]:
        (tmp_path / name).touch()
    (tmp_path / "c.png").mkdir()
    names = [path.name for path in image_files.list_images(tmp_path)]
    assert names == ["a.jpg", "b.PNG"]
    with pytest.raises(InputError, match="no such folder"):
        image_files.list_images(tmp_path / "missing")


@pytest.mark.parametrize(
    ("owner", "name"), [(os, "scandir"), (Path, "is_file")]
)
def test_what_cannot_be_listed_is_named(tmp_path, monkeypatch, owner, name):
    locked = tmp_path / "a" / "locked"
    locked.mkdir(parents=True)
    (tmp_path / "x.png").touch()
    (locked / "y.png").touch()
    original = getattr(owner, name)

    def refuse(path):
        if "a/locked" in str(path):
            raise PermissionError(13, "Permission denied", str(path))
        return original(path)

    monkeypatch.setattr(owner, name, refuse)
    assert image_files.list_images(tmp_path) == [tmp_path / "x.png"]
    expected = rf"^{locked}(/y\.png)?: cannot be read: Permission denied$"
    for folder in (tmp_path, locked):
        with pytest.raises(InputError, match=expected):
            image_files.list_images(folder, recursive=True)


@pytest.mark.parametrize("suffix", image_files.IMAGE_SUFFIXES)
def test_content_is_that_of_the_file(suffix, tmp_path):
    image_files.write_image(tmp_path / f"a{suffix}", RED_BLUE, quality=60)
    content = (tmp_path / f"a{suffix}").read_bytes()
    assert image_files.encode(RED_BLUE, suffix, 60) == content


def test_no_other_room_encodes_an_image(repository):
    coding = re.compile(r"cv2\.im(en|de)code|cv2\.im(read|write)\b")
    package = repository / "nircolor_tf"
    modules = {
        str(path.relative_to(package))
        for path in package.rglob("*.py")
        if coding.search(path.read_text(encoding="utf-8"))
    }
    # The loss of JPEG is one of its degradations.
    modules.remove("evaluation/degradations.py")
    assert {Path(module).parent.name for module in modules} == {"images"}
