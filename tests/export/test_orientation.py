"""Which way is up: in a server as in Pillow."""

import io
import struct
import warnings

import numpy as np
import png_files
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps, TiffImagePlugin

from nircolor_tf.export import image_codec
from nircolor_tf.images import decoding

# Pillow's remarks on EXIF that is damaged on purpose.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Corrupt EXIF data"),
    pytest.mark.filterwarnings("ignore:Metadata Warning"),
]

ORIENTATION, SOFTWARE = 274, 305
SHORT, LONG = 3, 4
TURNS = range(1, 9)

decode = tf.function(
    image_codec.decode, input_signature=[tf.TensorSpec((), tf.string)]
)

# No turn or reflection leaves it as it is.
IMAGE = np.arange(24, dtype=np.uint8).reshape(4, 6)
# As JPEG stores it without loss: blocks of one value.
BLOCKS = (10 * IMAGE).repeat(8, axis=0).repeat(8, axis=1)


def exif(*entries, order="<", count=None):
    """TIFF header and directory of (tag, type, count, value) entries."""
    count = len(entries) if count is None else count
    start = {"<": b"II*\0", ">": b"MM\0*"}[order]
    parts = [start, struct.pack(f"{order}IH", 8, count)]
    for tag, kind, number, value in entries:
        form = "HH" if kind == SHORT else "I"
        values = (value, 0) if kind == SHORT else (value,)
        parts.append(
            struct.pack(f"{order}HHI{form}", tag, kind, number, *values)
        )
    return b"".join([*parts, bytes(4)])


def turned(value, order="<", kind=SHORT):
    others = [(256, LONG, 1, 640), (257, LONG, 1, 480)]
    return exif(*others, (ORIENTATION, kind, 1, value), order=order)


def segment(marker, content):
    return bytes([0xFF, marker]) + struct.pack(">H", 2 + len(content)) + content


def jpeg(*segments):
    file = io.BytesIO()
    Image.fromarray(BLOCKS).save(file, "JPEG", quality=100)
    plain = file.getvalue()
    return b"".join([plain[:2], *segments, plain[2:]])


def app1(content, name=b"Exif\0\0"):
    return segment(0xE1, name + content)


def png(content, image=IMAGE, depth=8):
    extra = [png_files.chunk(b"eXIf", content)]
    samples = image[..., None]
    return png_files.encode(samples, depth, png_files.GRAY, extra=extra)


def as_pillow_turns(image, orientation):
    """Turns by the Pillow constants, through a file that only has the tag."""
    file = io.BytesIO()
    tags = Image.Exif()
    tags[ORIENTATION] = orientation
    Image.fromarray(image).save(file, "PNG", exif=tags)
    return np.asarray(ImageOps.exif_transpose(Image.open(file)))


def assert_shown(file, image, orientation, tolerance=0):
    result = decode(tf.constant(file))[0][0, ..., 0].numpy()
    largest = np.iinfo(image.dtype).max
    expected = as_pillow_turns(image, orientation)
    assert result.shape == expected.shape
    np.testing.assert_allclose(
        result * largest, expected, atol=tolerance + 0.01
    )
    read = decoding.decode(file).bands[..., 0]
    np.testing.assert_allclose(result * largest, read, atol=0.01)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("value", TURNS)
def test_every_orientation(value, order):
    content = turned(value, order)
    assert_shown(jpeg(app1(content)), BLOCKS, value, tolerance=1)
    assert_shown(png(content), IMAGE, value)
    deep = IMAGE.astype(np.uint16) * 2849  # up to 65535 - 8
    assert_shown(png(content, deep, depth=16), deep, value)


def test_every_orientation_is_another_image():
    shown = {as_pillow_turns(IMAGE, value).tobytes() for value in TURNS}
    assert len(shown) == len(TURNS)


def test_files_as_pillow_writes_them():
    for value in TURNS:
        tags = Image.Exif()
        tags[ORIENTATION], tags[SOFTWARE] = value, "camera"
        for kind, image in (("JPEG", BLOCKS), ("PNG", IMAGE)):
            file = io.BytesIO()
            options = {"quality": 100} if kind == "JPEG" else {}
            Image.fromarray(image).save(file, kind, exif=tags, **options)
            assert_shown(file.getvalue(), image, value, tolerance=1)


def test_where_else_it_may_stand():
    content = turned(6)
    for file in (
        jpeg(segment(0xE2, b"ICC_PROFILE\0\1\1" + bytes(9)), app1(content)),
        jpeg(app1(content), app1(turned(3))),  # the first one counts
        jpeg(app1(b"x", b"http://elsewhere/\0"), app1(content)),
        jpeg(app1(turned(6, kind=LONG))),
        jpeg(app1(exif((ORIENTATION, SHORT, 2, 6)))),  # the first value
        jpeg(
            app1(exif((ORIENTATION, SHORT, 1, 6), (ORIENTATION, SHORT, 1, 3)))
        ),
    ):
        assert_shown(file, BLOCKS, 6, tolerance=1)
    plain = png(b"")
    chunk = png_files.chunk(b"eXIf", content)
    behind = plain.index(b"IEND") - 4
    for file in (
        png(b"Exif\0\0" + content),
        plain[:behind] + chunk + plain[behind:],  # behind the pixels
    ):
        assert_shown(file, IMAGE, 6)


@pytest.mark.parametrize(
    "packet",
    [
        '<rdf:Description tiff:Orientation="6"/>',
        "<x>ü\n<tiff:Orientation>6</tiff:Orientation></x>",
    ],
)
def test_xmp_of_a_jpeg_says_it_where_exif_does_not(packet):
    name = b"http://ns.adobe.com/xap/1.0/\0"
    xmp = app1(packet.encode(), name)
    assert_shown(jpeg(xmp), BLOCKS, 6, tolerance=1)
    silent = app1(exif((SOFTWARE, LONG, 1, 0)))
    assert_shown(jpeg(silent, xmp), BLOCKS, 6, tolerance=1)
    assert_shown(jpeg(app1(turned(8)), xmp), BLOCKS, 8, tolerance=1)
    wrong = app1(packet.replace("6", "9").encode(), name)
    assert_shown(jpeg(wrong), BLOCKS, 1, tolerance=1)
    assert_shown(jpeg(app1(b"\xff\xfe", name)), BLOCKS, 1, tolerance=1)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"II",
        b"II*\0",
        b"no directory",
        b"MM*\0" + turned(6)[4:],
        turned(6)[:30],
        turned(0),
        turned(9),
        turned(2**16 - 1),
        turned(2**32 - 6, kind=LONG),
        exif((ORIENTATION, SHORT, 0, 6)),
        exif((ORIENTATION, LONG, 2, 6)),
        exif((ORIENTATION, 2, 1, 6)),
        exif((ORIENTATION, SHORT, 1, 6), count=0),
        b"II*\0" + b"\xff" * 40,
        turned(6)[:4] + struct.pack("<I", 2**32 - 1) + turned(6)[8:],
    ],
)
def test_exif_that_cannot_be_read_means_upright(content):
    assert_shown(jpeg(app1(content)), BLOCKS, 1, tolerance=1)
    assert_shown(png(content), IMAGE, 1)


def test_a_directory_that_is_cut_off_counts_as_far_as_it_goes():
    content = exif((ORIENTATION, SHORT, 1, 6), count=9)
    assert_shown(png(content), IMAGE, 6)
    assert_shown(png(content[:22]), IMAGE, 6)


def as_pillow_reads(content):
    """The orientation; None where Pillow complains, or reads another type."""
    try:
        directory = TiffImagePlugin.ImageFileDirectory_v2(content[:8])
        stream = io.BytesIO(content)
        stream.seek(directory.next)
        with warnings.catch_warnings(action="error"):
            directory.load(stream)
        value = directory.get(ORIENTATION, 1)
    except Exception:  # it has many
        return None
    if directory.tagtype.get(ORIENTATION, SHORT) not in (SHORT, LONG):
        return None
    return value if value in TURNS else 1


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_mutated_exif_is_read_as_by_pillow(data):
    order = data.draw(st.sampled_from("<>"))
    content = bytearray(turned(data.draw(st.sampled_from(TURNS)), order))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    content = bytes(content[: data.draw(st.integers(0, len(content)))])
    result = decode(tf.constant(png(content)))[0][0, ..., 0].numpy()
    shown = np.rint(255 * result).astype(np.uint8)
    turns = [as_pillow_turns(IMAGE, value) for value in TURNS]
    (value,) = (
        1 + index
        for index, turn in enumerate(turns)
        if np.array_equal(turn, shown)
    )
    assert as_pillow_reads(content) in (value, None)
