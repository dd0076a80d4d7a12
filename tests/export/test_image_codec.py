"""The server's reader of image files: all kinds that it takes, and no other."""

import io
import re
import struct
from pathlib import Path

import cv2
import numpy as np
import png_files
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from nircolor_tf.export import image_codec
from nircolor_tf.images import conversions, image_files

decode = tf.function(
    image_codec.decode, input_signature=[tf.TensorSpec((), tf.string)]
)


def levels(height=13, width=21, largest=255, seed=0):
    random = np.random.default_rng(seed)
    image = random.integers(0, largest, (height, width), endpoint=True)
    image[0, 0] = largest
    return image


def encode(image, suffix=".png"):
    return cv2.imencode(suffix, image)[1].tobytes()


def save(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def assert_decoded(file, expected, deep=False):
    """Expects these values in [0, 1], of the server and of the file reader."""
    image, is_deep = decode(tf.constant(file))
    assert image.shape == (1, *expected.shape, 1)
    assert bool(is_deep) == deep
    np.testing.assert_allclose(image[0, ..., 0], expected, rtol=0, atol=1e-6)


def refuse(file, message):
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        decode(tf.constant(file))


# What it takes

WITHOUT_ALPHA = [
    *((png_files.GRAY, depth) for depth in (1, 2, 4, 8, 16)),
    *((png_files.PALETTE, depth) for depth in (1, 2, 4, 8)),
    *((png_files.RGB, depth) for depth in (8, 16)),
]
WITH_ALPHA = [
    (color, depth)
    for color in (png_files.GRAY_ALPHA, png_files.RGBA)
    for depth in (8, 16)
]
PALETTE = np.arange(256)[::-1].copy()


def samples(color, image, alpha):
    """(H, W) levels and alpha -> the samples of a color type."""
    gray, alpha = image[..., None], alpha[..., None]
    equal = gray.repeat(3, axis=2)
    return {
        png_files.GRAY: gray,
        png_files.PALETTE: gray,
        png_files.GRAY_ALPHA: np.concatenate([gray, alpha], axis=2),
        png_files.RGB: equal,
        png_files.RGBA: np.concatenate([equal, alpha], axis=2),
    }[color]


def palette(depth):
    entries = PALETTE[: 2**depth].repeat(3)
    return png_files.chunk(b"PLTE", bytes(entries.tolist()))


def transparency(color, level):
    """A chunk tRNS: of this level, or of the palette's first."""
    value = struct.pack(">H", level)
    content = {png_files.GRAY: value, png_files.RGB: 3 * value}
    return png_files.chunk(b"tRNS", content.get(color, bytes([0, 128])))


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize(
    ("color", "depth", "transparent"),
    [
        *((*kind, False) for kind in WITHOUT_ALPHA + WITH_ALPHA),
        *((*kind, True) for kind in WITHOUT_ALPHA),
    ],
)
def test_every_kind_of_png(color, depth, transparent, interlaced, tmp_path):
    largest = 2**depth - 1
    image = levels(largest=largest)
    alpha = levels(largest=largest, seed=1)
    expected, extra = image / largest, []
    if color == png_files.PALETTE:
        expected = PALETTE[image] / 255
        extra.append(palette(depth))
    if transparent:
        extra.append(transparency(color, image[0, 0]))
    file = png_files.encode(
        samples(color, image, alpha), depth, color, interlaced, extra
    )
    assert_decoded(file, expected, deep=depth == 16)
    path = tmp_path / "image.png"
    path.write_bytes(file)
    stored = image_files.read_nir(path)[..., 0]
    read = stored / np.iinfo(stored.dtype).max
    np.testing.assert_allclose(read, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_white_of_a_16_bit_image_is_that_of_the_smallest_camera(bits):
    image = levels(largest=2**bits - 1)
    file = encode(image.astype(np.uint16))
    assert_decoded(file, image / (2**bits - 1), deep=True)


def test_a_dark_8_bit_image_stays_dark():
    image = levels(largest=15)
    assert_decoded(encode(image.astype(np.uint8)), image / 255)


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_jpeg_is_decoded_as_by_the_file_reader(mode, progressive, tmp_path):
    image = cv2.GaussianBlur(levels(61, 83).astype(np.uint8), None, 2)
    file = save(
        Image.fromarray(image).convert(mode),
        *("JPEG",),
        progressive=progressive,
        subsampling=2,
    )
    path = tmp_path / "image.jpg"
    path.write_bytes(file)
    assert_decoded(file, image_files.read_nir(path)[..., 0] / 255)


def test_bytes_between_the_segments_of_a_jpeg_are_skipped():
    image = levels(16, 16) // 64 * 64
    file = save(Image.fromarray(image.astype(np.uint8)), "JPEG", quality=100)
    place = file.index(b"\xff\xdb")
    stray = file[:place] + b"ab\xff\xff\xff" + file[place:]
    plain, _ = decode(tf.constant(file))
    np.testing.assert_array_equal(decode(tf.constant(stray))[0], plain)


def test_pixels_in_many_chunks():
    image = levels(200, 200)
    gray = image[..., None]
    file = png_files.encode(gray, 8, png_files.GRAY, piece=60)
    assert file.count(b"IDAT") > 600
    assert_decoded(file, image / 255)


MOST_APART = round(255 * conversions.GRAY_TOLERANCE)


def apart(count):
    """Gray, but for one pixel whose channels differ by so many levels."""
    image = levels(5, 6)[..., None].repeat(3, axis=2)
    image[2, 3] = (100, 100 + count, 100)
    return image


@pytest.mark.parametrize(("dtype", "factor"), [(np.uint8, 1), (np.uint16, 257)])
def test_channels_that_differ_as_those_of_the_file_reader_may(dtype, factor):
    image = apart(MOST_APART)
    file = encode((image * factor).astype(dtype))
    assert_decoded(file, image[..., 1] / 255, deep=dtype == np.uint16)


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_color_of_few_bits_is_no_gray(bits):
    white = 2**bits - 1
    most = round(white * conversions.GRAY_TOLERANCE)
    image = np.full((5, 6, 3), white // 2, np.uint16)
    image[0, 0] = white
    image[2, 3, 1] += most
    assert_decoded(encode(image), image[..., 1] / white, deep=True)
    image[2, 3, 1] += 1
    with pytest.raises(
        tf.errors.InvalidArgumentError, match=IN_COLOR.format(most + 1)
    ):
        decode(tf.constant(encode(image)))


# What it refuses

GRAY = encode(levels(50, 60).astype(np.uint8))
JPEG = encode(levels(50, 60).astype(np.uint8), ".jpg")
COLOR = apart(MOST_APART + 1)
DAMAGED_PNG = "Invalid PNG data"
DAMAGED_JPEG = "Invalid JPEG data"
CUT_PNG = "PNG file of .* cut off or damaged: expected a chunk IHDR first"
CUT_JPEG = "JPEG file of .* cut off or damaged: expected a frame header"
NEITHER = "expected a PNG or JPEG file, got {} bytes that are neither"
IN_COLOR = "an RGB image where NIR or gray .* up to {} levels"


def flipped(file, place):
    changed = bytearray(file)
    changed[place] ^= 1
    return bytes(changed)


@pytest.mark.parametrize(
    ("file", "message"),
    [
        (b"", NEITHER.format(0)),
        (b"\x89PNG", NEITHER.format(4)),
        (b"no image", NEITHER.format(8)),
        (bytes(5000), NEITHER.format(5000)),
        *((encode(COLOR, suffix), "neither") for suffix in (".tif", ".bmp")),
        (encode(COLOR.astype(np.uint8), ".webp"), "neither"),
        (save(Image.new("L", (8, 8)), "GIF"), "neither"),
        (png_files.SIGNATURE, CUT_PNG),
        (png_files.SIGNATURE + bytes(40), CUT_PNG),
        (GRAY[:-1], CUT_PNG),
        (GRAY[: len(GRAY) // 2], CUT_PNG),
        (b"\xff\xd8", CUT_JPEG),
        (b"\xff\xd8" + bytes(40), CUT_JPEG),
        (b"\xff\xd8" + 100 * b"\xff", CUT_JPEG),
        (JPEG[:100], CUT_JPEG),
        (JPEG[: len(JPEG) // 2], DAMAGED_JPEG),
        (JPEG[:-2], DAMAGED_JPEG),
        (flipped(GRAY, 60), DAMAGED_PNG),
        (flipped(GRAY, len(GRAY) - 20), DAMAGED_PNG),
        (encode(COLOR.astype(np.uint8)), IN_COLOR.format(MOST_APART + 1)),
        (
            encode(COLOR.astype(np.uint16) * 257),
            IN_COLOR.format(257 * (MOST_APART + 1)),
        ),
        (save(Image.new("CMYK", (8, 8)), "JPEG"), "8 bit and 4 channels"),
        (
            save(
                Image.new("L", (8, 8)),
                "PNG",
                save_all=True,
                append_images=[Image.new("L", (8, 8), 9)],
            ),
            "an animated PNG file; expected a single image",
        ),
    ],
)
def test_what_is_refused_says_what_is_expected(file, message):
    refuse(file, message)


def test_a_palette_of_colors_is_refused():
    entries = png_files.chunk(b"PLTE", bytes([0, 0, 0, 255, 0, 0]))
    image = levels(largest=1)[..., None]
    file = png_files.encode(image, 1, png_files.PALETTE, extra=[entries])
    refuse(file, IN_COLOR.format(255))


def test_fewer_pixels_than_the_header_says():
    short = png_files.encode(levels(5, 8)[..., None], 8, png_files.GRAY)
    taller = png_files.header(8, 6, 8, png_files.GRAY)
    refuse(short[:8] + taller + short[8 + len(taller) :], DAMAGED_PNG)


def test_more_chunks_than_any_encoder_writes():
    empty = 2000 * png_files.chunk(b"IDAT", b"")
    refuse(GRAY[:33] + empty + GRAY[33:], CUT_PNG)
    refuse(JPEG[:2] + 2000 * b"\xff\xfe\0\2" + JPEG[2:], CUT_JPEG)


# Sizes that a header claims


def growth(function):
    """Returns by how many bytes the memory of the process peaks in a call."""
    status = Path("/proc/self/status")
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        pytest.skip("the peak of the memory can be reset on Linux only")
    before = _kilobytes(status, "VmRSS")
    function()
    return 1024 * (_kilobytes(status, "VmHWM") - before)


def _kilobytes(status, key):
    return int(re.search(rf"{key}:\s+(\d+)", status.read_text())[1])


def claiming(width, height):
    """A PNG and a JPEG of some hundred bytes that claim to be this large."""
    png = png_files.header(width, height, 8, png_files.GRAY)
    frame = JPEG.index(b"\xff\xc0") + 5
    size = struct.pack(">HH", height & 0xFFFF, width & 0xFFFF)
    return (
        GRAY[:8] + png + GRAY[8 + len(png) :],
        JPEG[:frame] + size + JPEG[frame + 4 :],
    )


@pytest.mark.parametrize(
    ("width", "height"),
    [(60000, 60000), (20000, 20000), (0, 5), (65535, 4000), (9000, 40000)],
)
def test_a_size_that_the_bytes_cannot_hold(width, height):
    for file in claiming(width, height):
        used = growth(
            lambda file=file: refuse(file, f"claims {width} x {height} pixels")
        )
        assert used < 50e6


@pytest.mark.parametrize(
    "size", [(2**32 - 1, 2**32 - 1), (2**31, 2), (1, 2**30)]
)
def test_a_size_beyond_what_numbers_hold(size):
    width, height = size
    refuse(claiming(*size)[0], f"claims {width} x {height} pixels")


def test_a_size_that_would_take_the_memory_of_a_server():
    # Of one color: 66 kB of file hold it.
    file = encode(np.zeros((8193, 8193), np.uint8))
    used = growth(lambda: refuse(file, "claims 8193 x 8193 pixels"))
    assert used < 50e6


def test_a_chunk_that_claims_three_gigabytes():
    for place in (33, len(GRAY) - 12):
        file = GRAY[:place] + b"\xb2\xd0\x5e\0" + GRAY[place + 4 :]
        assert growth(lambda file=file: refuse(file, CUT_PNG)) < 50e6


def test_images_of_one_color_are_not_refused():
    flat = np.zeros((3000, 3000))
    file = encode(flat.astype(np.uint8))
    # What is decoded does show in the memory.
    assert growth(lambda: assert_decoded(file, flat)) > 50e6
    grays = Image.new("L", (3000, 3000))
    file = save(grays, "JPEG", progressive=True, optimize=True)
    assert_decoded(file, flat)


# Anything else

_VALID = [
    GRAY,
    JPEG,
    encode(levels(20, 30, 4095).astype(np.uint16)),
    png_files.encode(levels(9, 9, 15)[..., None], 4, png_files.GRAY, True),
    save(
        Image.fromarray(levels(30, 20).astype(np.uint8)),
        *("JPEG",),
        progressive=True,
    ),
]


def answers(file):
    """Decodes, or refuses with no other error; returns whether it decodes."""
    try:
        image, _ = decode(tf.constant(file))
    except tf.errors.InvalidArgumentError:
        return False
    assert np.isfinite(image).all()
    assert 0 <= np.min(image) <= np.max(image) <= 1
    return True


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_mutated_files_are_refused_or_decoded(data):
    file = bytearray(data.draw(st.sampled_from(_VALID)))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(file) - 1))
        piece = data.draw(st.binary(max_size=8))
        end = place + data.draw(st.sampled_from([0, len(piece), 40]))
        file[place:end] = piece
        if not file:
            break
    answers(bytes(file))


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from([b"", png_files.SIGNATURE, b"\xff\xd8\xff"]),
    st.binary(max_size=300),
)
def test_random_bytes_are_refused(start, rest):
    assert not answers(start + rest)
