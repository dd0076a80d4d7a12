"""Metadata without Pillow, where there is none."""

import io

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from nircolor_tf.images import metadata
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
