"""Metadata: what each format holds, and what stays behind."""

import io

import numpy as np
import png_files
import pytest
import tifffile
from PIL import Image, PngImagePlugin

from nircolor_tf.errors import InputError
from nircolor_tf.images import image_files, metadata
from nircolor_tf.images.metadata import Metadata


def _png(**options):
    file = io.BytesIO()
    pixels = np.arange(48, dtype=np.uint8).reshape(6, 8)
    Image.fromarray(pixels).save(file, "PNG", **options)
    return file.getvalue()


def _described():
    exif = Image.Exif()
    exif[272] = "camera"
    xmp = PngImagePlugin.PngInfo()
    xmp.add_itxt("XML:com.adobe.xmp", "<x/>")
    return {
        "exif": _png(exif=exif),
        "xmp": _png(pnginfo=xmp),
        "resolution": _png(dpi=(300, 300)),
    }


def test_a_png_without_metadata_is_not_opened_in_pillow(monkeypatch):
    slow = _by_pillow(monkeypatch, _png())
    monkeypatch.delattr(metadata, "_read")
    assert Metadata.parse(_png()) == slow == Metadata(b"", b"", None)


@pytest.mark.parametrize("kind", _described())
def test_metadata_of_each_kind_is_read(kind, monkeypatch):
    data = _described()[kind]
    parsed = Metadata.parse(data)
    assert parsed != Metadata(b"", b"", None)
    assert parsed == _by_pillow(monkeypatch, data)


def _by_pillow(monkeypatch, data):
    with monkeypatch.context() as patch:
        patch.setattr(metadata, "_is_plain", lambda data: False)
        return Metadata.parse(data)


@pytest.mark.parametrize("bands", [1, 2, 5])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_tags_of_a_tiff_of_any_number_of_bands(bands, dtype, tmp_path):
    tifffile.imwrite(
        tmp_path / "a.tif",
        np.ones((4, 6, bands), dtype),
        photometric="minisblack",
        planarconfig="contig" if bands > 1 else None,
        resolution=(100, 50),
        resolutionunit="centimeter",
        metadata=None,
        extratags=[
            (271, 2, 0, "camera", True),
            (33550, 12, 3, (0.5, 0.5, 0.0), True),  # GeoTIFF's size of a pixel
        ],
    )
    _, metadata = image_files.read_with_metadata(tmp_path / "a.tif")
    assert metadata.dpi == pytest.approx((254, 127))
    tags = Image.Exif()
    tags.load(metadata.exif)
    assert tags[271] == "camera"
    assert tags[33550] == (0.5, 0.5, 0.0)


@pytest.mark.parametrize(
    ("orientation", "dpi"), [(1, (200, 100)), (3, (200, 100)), (6, (100, 200))]
)
def test_the_resolution_is_turned_with_the_pixels(orientation, dpi, tmp_path):
    tifffile.imwrite(
        tmp_path / "a.tif",
        np.ones((4, 6), np.uint8),
        resolution=(200, 100),
        resolutionunit="inch",
        metadata=None,
        extratags=[(274, 3, 1, orientation, True)],
    )
    raster, metadata = image_files.read_with_metadata(tmp_path / "a.tif")
    assert raster.bands.shape[:2] == ((6, 4) if orientation == 6 else (4, 6))
    assert metadata.dpi == dpi
    tags = Image.Exif()
    tags.load(metadata.exif)
    assert (tags[282], tags[283]) == dpi


def test_the_resolution_of_a_jpeg_is_turned_with_the_pixels(tmp_path):
    exif = Image.Exif()
    exif[274], exif[282], exif[283], exif[296] = 6, 200, 100, 2
    Image.new("L", (6, 4)).save(
        tmp_path / "a.jpg", dpi=(200, 100), exif=exif.tobytes()
    )
    raster, metadata = image_files.read_with_metadata(tmp_path / "a.jpg")
    assert raster.bands.shape[:2] == (6, 4)
    assert metadata.dpi == pytest.approx((100, 200))
    tags = Image.Exif()
    tags.load(metadata.exif)
    assert (tags[282], tags[283]) == (100, 200)


@pytest.mark.parametrize(
    ("text", "stays"),
    [("a forest", True), ('{"shape": [4, 6]}', False), ("ImageJ=1.5", False)],
)
def test_what_programs_wrote_of_the_pixels_stays_behind(text, stays, tmp_path):
    tifffile.imwrite(
        tmp_path / "a.tif",
        np.ones((4, 6), np.uint8),
        description=text,
        metadata=None,
    )
    _, metadata = image_files.read_with_metadata(tmp_path / "a.tif")
    tags = Image.Exif()
    if metadata.exif:
        tags.load(metadata.exif)
    assert (tags.get(270) == text) == stays


TURNED = b'<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'


def _with_xmp(data, behind, packet=TURNED):
    """A PNG file with XMP before its pixels, or behind them."""
    place = data.index(b"IEND" if behind else b"IDAT") - 4
    text = b"XML:com.adobe.xmp" + bytes(5) + packet
    return data[:place] + png_files.chunk(b"iTXt", text) + data[place:]


def _webp_with_xmp():
    file = io.BytesIO()
    Image.new("L", (8, 6)).save(file, "WEBP", xmp=TURNED)
    return file.getvalue()


@pytest.mark.parametrize(
    "data",
    [_with_xmp(_png(), False), _with_xmp(_png(), True), _webp_with_xmp()],
    ids=["before", "behind", "webp"],
)
def test_xmp_stays_and_says_which_way_is_up(data, tmp_path):
    (tmp_path / "a").write_bytes(data)
    raster, read = image_files.read_with_metadata(tmp_path / "a")
    assert raster.bands.shape[:2] == (8, 6)
    assert read.xmp == TURNED.replace(b' tiff:Orientation="6"', b"")


@pytest.mark.parametrize("behind", [False, True])
def test_exif_says_it_before_xmp(behind):
    exif = Image.Exif()
    exif[274] = 3
    assert metadata.orientation(_with_xmp(_png(exif=exif), behind)) == 3


def test_the_resolution_is_turned_as_xmp_says():
    read = Metadata.parse(_with_xmp(_png(dpi=(200, 100)), behind=True))
    assert read.dpi == pytest.approx((100, 200), abs=0.02)


def test_a_long_text_hides_no_orientation():
    exif = Image.Exif()
    exif[274] = 6
    text = PngImagePlugin.PngInfo()
    text.add_text("Notes", "long " * 300_000, zip=True)
    data = _png(exif=exif, pnginfo=text)
    assert metadata.orientation(data) == 6
    assert Metadata.parse(data) == Metadata(b"", b"", None)


def test_what_describes_the_gray_image_stays_behind(tmp_path):
    tifffile.imwrite(
        tmp_path / "a.tif",
        np.ones((4, 6), np.uint16),
        metadata=None,
        extratags=[
            (33723, 7, 4, b"IPTC", True),
            (50838, 4, 1, 12, True),
            (50839, 1, 4, b"IJIJ", True),
            (65000, 2, 0, "private", True),
        ],
    )
    parsed = Metadata.parse((tmp_path / "a.tif").read_bytes())
    tags = Image.Exif()
    tags.load(parsed.exif)
    assert tags[65000] == "private"
    assert not {33723, 50838, 50839} & set(tags)


def test_a_bigtiff_whose_metadata_cannot_be_read_is_said(tmp_path):
    tifffile.imwrite(
        tmp_path / "a.tif",
        np.ones((4, 6), np.uint16),
        bigtiff=True,
        byteorder=">",
    )
    with pytest.raises(InputError, match="larger byte first"):
        Metadata.parse((tmp_path / "a.tif").read_bytes())
