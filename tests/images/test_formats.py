"""Every format, depth, plane, page, orientation and channel, read back."""

import io
import struct

import cv2
import image_storage as storage
import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from nircolor_tf.errors import InputError
from nircolor_tf.images import channels, image_files, tiff
from nircolor_tf.images.decoding import decode

KINDS = list(storage.CHANNELS)
SIDES = st.integers(1, 70)
DTYPES = st.sampled_from([np.uint8, np.uint16])
ORIENTATIONS = st.integers(1, 8)


def assert_is(raster, samples, kind):
    """A raster is these samples, (H, W, C), the last of them its alpha."""
    bands = samples[..., :-1] if kind.endswith("alpha") else samples
    np.testing.assert_array_equal(raster.bands, bands)
    assert raster.bands.dtype == samples.dtype
    if kind.endswith("alpha"):
        np.testing.assert_array_equal(raster.alpha, samples[..., -1:])
    else:
        assert raster.alpha is None


@settings(max_examples=150, deadline=None)
@given(
    *(SIDES, SIDES, DTYPES, st.sampled_from(KINDS), ORIENTATIONS),
    *(st.booleans(), st.booleans()),
)
def test_png(height, width, dtype, kind, orientation, late_exif, interlaced):
    samples = storage.pixels(height, width, storage.CHANNELS[kind], dtype)
    data = storage.png(samples, kind, orientation, late_exif, interlaced)
    assert_is(decode(data), samples, kind)


TIFFS = st.builds(
    storage.Tiff,
    kind=st.sampled_from(KINDS),
    planes_apart=st.booleans(),
    compression=st.sampled_from([None, "zlib", "lzma"]),
    tiled=st.booleans(),
    byteorder=st.sampled_from("<>"),
    bigtiff=st.booleans(),
    orientation=ORIENTATIONS,
)


@settings(max_examples=300, deadline=None)
@given(SIDES, SIDES, DTYPES, TIFFS)
def test_tiff(height, width, dtype, layout):
    count = storage.CHANNELS[layout.kind]
    samples = storage.pixels(height, width, count, dtype)
    assert_is(decode(layout.write(samples)), samples, layout.kind)


@pytest.mark.parametrize("bits", [10, 12, 14])
def test_packed_bits(bits):
    levels = storage.pixels(5, 8, 1, np.uint16) >> (16 - bits)
    assert_is(decode(storage.packed_tiff(levels, bits)), levels, "gray")


@pytest.mark.parametrize("bits", [2, 4])
@pytest.mark.parametrize("white_is_zero", [False, True])
def test_a_tiff_of_few_bits_fills_8(bits, white_is_zero):
    pytest.importorskip("imagecodecs")
    levels = np.arange(40).reshape(5, 8, 1) % 2**bits
    filled = (levels * (255 // (2**bits - 1))).astype(np.uint8)
    data = storage.packed_tiff(levels, bits, photometric=int(not white_is_zero))
    assert_is(decode(data), 255 - filled if white_is_zero else filled, "gray")


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("orientation", [1, 6])
def test_tiff_white_is_zero(dtype, orientation):
    samples = storage.pixels(5, 7, 1, dtype)
    layout = storage.Tiff(white_is_zero=True, orientation=orientation)
    assert_is(decode(layout.write(samples)), samples, "gray")


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_tiff_lzw_is_read_without_imagecodecs(orientation, dtype):
    samples = storage.pixels(5, 7, 1, dtype)
    stored = storage.stored_as(samples, orientation)
    buffer = io.BytesIO()
    Image.fromarray(stored[..., 0]).save(
        buffer, "TIFF", compression="tiff_lzw", tiffinfo={274: orientation}
    )
    assert_is(decode(buffer.getvalue()), samples, "gray")


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("kind", ["gray", "rgb", "rgb+alpha"])
def test_what_opencv_writes(suffix, dtype, kind):
    samples = storage.pixels(6, 9, storage.CHANNELS[kind], dtype)
    assert_is(decode(storage.by_opencv(samples, suffix)), samples, kind)


@pytest.mark.parametrize(
    ("image_format", "kind", "options"),
    [
        ("BMP", "gray", {}),
        ("BMP", "rgb", {}),
        ("WEBP", "rgb", {"lossless": True}),
        ("WEBP", "rgb+alpha", {"lossless": True, "exact": True}),
        ("PNG", "gray+alpha", {}),
        ("TIFF", "rgb", {"compression": "tiff_lzw"}),
        ("TIFF", "rgb", {"compression": "packbits"}),
        ("TIFF", "gray", {"compression": "tiff_deflate"}),
    ],
)
def test_what_pillow_writes(image_format, kind, options):
    samples = storage.pixels(6, 9, storage.CHANNELS[kind], np.uint8)
    data = storage.by_pillow(samples, image_format, **options)
    assert_is(decode(data), samples, kind)


def test_a_bmp_with_alpha():
    samples = storage.pixels(3, 5, 4, np.uint8)
    masks = [0xFF0000, 0xFF00, 0xFF, 0xFF000000]
    header = struct.pack("<IiiHHIIiiII", 108, 5, -3, 1, 32, 3, 60, 0, 0, 0, 0)
    header += struct.pack("<4I", *masks) + b"BGRs" + bytes(48)
    data = header + samples[..., [2, 1, 0, 3]].tobytes()
    data = b"BM" + struct.pack("<IHHI", 14 + len(data), 0, 0, 122) + data
    assert_is(decode(data), samples, "rgb+alpha")


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("image_format", ["JPEG", "WEBP"])
@pytest.mark.parametrize("channel_count", [1, 3])
def test_lossy_formats_are_upright(orientation, image_format, channel_count):
    ramp = np.add.outer(np.arange(16) * 3, np.arange(24) * 8).astype(np.uint8)
    samples = np.repeat(ramp[..., None], channel_count, axis=2)
    data = storage.by_pillow(samples, image_format, orientation, quality=95)
    difference = decode(data).bands.astype(int) - samples
    assert np.abs(difference).max() <= 6


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_a_png_of_few_bits_fills_8(depth):
    levels = np.arange(16).reshape(1, 16) % 2**depth
    image = Image.fromarray(levels.astype(np.uint8))
    image = image.convert("1") if depth == 1 else image
    palette = image.convert("P") if depth > 1 else image
    buffer = io.BytesIO()
    if depth == 1:
        Image.fromarray(levels.astype(bool)).save(buffer, "PNG")
    else:
        palette.putpalette(
            [v * 255 // (2**depth - 1) for v in range(2**depth) for _ in "rgb"]
        )
        palette.save(buffer, "PNG", bits=depth)
    bands = decode(buffer.getvalue()).bands
    np.testing.assert_array_equal(
        bands[0, :, 0], levels[0] * 255 // (2**depth - 1)
    )


@pytest.mark.parametrize("kind", ["gray", "rgb"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_color_that_a_png_names_transparent(kind, dtype):
    samples = storage.pixels(5, 7, storage.CHANNELS[kind], dtype)
    key = samples[2, 3].astype(">u2").tobytes()
    raster = decode(storage.png(samples, kind, extra=[(b"tRNS", key)]))
    np.testing.assert_array_equal(raster.bands, samples)
    opaque = (samples != samples[2, 3]).any(axis=2)
    np.testing.assert_array_equal(raster.alpha[..., 0] != 0, opaque)
    assert not raster.alpha[2, 3]
    assert raster.alpha.max() == np.iinfo(dtype).max


def test_cmyk_is_read_as_its_color():
    samples = np.full((16, 16, 3), (200, 100, 50), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(samples).convert("CMYK").save(buffer, "JPEG", quality=100)
    assert (
        np.abs(decode(buffer.getvalue()).bands.astype(int) - samples).max() < 4
    )


def tiff_of(*pages, **options):
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as file:
        for page in pages:
            file.write(page, metadata=None, **options)
    return buffer.getvalue()


def scene(seed):
    """(48, 64) uint16 of patches with soft edges."""
    patches = np.random.default_rng(seed).integers(0, 60000, (6, 8), np.uint16)
    return cv2.resize(patches, (64, 48), interpolation=cv2.INTER_LINEAR)


@pytest.mark.parametrize("marked", [True, False])
@pytest.mark.parametrize("first", [True, False])
def test_a_thumbnail_is_not_the_image(marked, first):
    photo = scene(1)
    small = photo[::4, ::4] // 2
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as file:
        for page in (small, photo) if first else (photo, small):
            reduced = marked and page is small
            file.write(page, subfiletype=int(reduced), metadata=None)
    raster = decode(buffer.getvalue())
    np.testing.assert_array_equal(raster.bands[..., 0], photo)


@pytest.mark.parametrize(
    "other", [scene(2)[::2, ::2], np.full((24, 32), 900, np.uint16)]
)
def test_a_smaller_page_that_is_no_copy_is_said(other):
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as file:
        for page in (other, scene(1)):
            file.write(page, metadata=None)
    with pytest.raises(InputError, match=r"a page of 32 x 24 .* another image"):
        decode(buffer.getvalue())


def test_pages_of_one_size_are_bands():
    rgb, nir = (storage.pixels(6, 8, count, np.uint16) for count in (3, 1))
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as file:
        file.write(rgb, photometric="rgb", metadata=None)
        file.write(nir[..., 0], metadata=None)
    raster = decode(buffer.getvalue())
    np.testing.assert_array_equal(raster.bands, np.dstack([rgb, nir]))
    assert (raster.color, raster.pages) == (True, 2)


@pytest.mark.parametrize("planes_apart", [False, True])
def test_color_and_nir_in_one_file(tmp_path, planes_apart):
    samples = storage.pixels(6, 8, 4, np.uint16)
    stored = np.moveaxis(samples, -1, 0) if planes_apart else samples
    tifffile.imwrite(
        tmp_path / "a.tif",
        stored,
        photometric="rgb",
        planarconfig="separate" if planes_apart else "contig",
        extrasamples=["unspecified"],
    )
    rgb = image_files.read_rgb(tmp_path / "a.tif")
    nir = image_files.read_nir(tmp_path / "a.tif", channels.parse("4"))
    np.testing.assert_array_equal(rgb, samples[..., :3])
    np.testing.assert_array_equal(nir, samples[..., 3:])
    with pytest.raises(InputError, match=r"a\.tif: has 4 bands .*--channel=4"):
        image_files.read_nir(tmp_path / "a.tif")


def test_a_palette_is_its_colors():
    indices = np.arange(6, dtype=np.uint8).reshape(2, 3)
    for scale, dtype in [(257, np.uint8), (256, np.uint8), (1, np.uint16)]:
        colors = np.arange(768, dtype=np.uint16).reshape(3, 256) % 256 * scale
        data = tiff_of(indices, photometric="palette", colormap=colors)
        raster = decode(data)
        expected = np.moveaxis(colors[:, indices], 0, -1)
        assert raster.bands.dtype == dtype
        np.testing.assert_array_equal(raster.bands, expected // scale)
        assert raster.color
        # What has 16 bit fills them, however dark it is.
        assert raster.bits == (16 if dtype == np.uint16 else None)


def test_a_palette_of_one_bit():
    file = io.BytesIO()
    image = Image.new("P", (8, 2))
    image.putpalette([10, 20, 30, 200, 100, 0])
    image.putpixel((1, 0), 1)
    image.save(file, "TIFF", bits=1)
    bands = decode(file.getvalue()).bands
    np.testing.assert_array_equal(bands[0, :2], [[10, 20, 30], [200, 100, 0]])


@pytest.mark.parametrize(
    ("values", "levels"),
    [
        (np.float32([[0, 0.5, 1]]), np.uint16([[0, 32768, 65535]])),
        (np.float64([[0, 100.4, 4095]]), np.uint16([[0, 100, 4095]])),
        (np.float32([[0, 1, 2]]), np.uint16([[0, 1, 2]])),
        (np.float16([[0, 0.25, 1]]), np.uint16([[0, 16384, 65535]])),
        (np.int16([[0, 7, 32767]]), np.uint16([[0, 7, 32767]])),
        (np.uint32([[0, 7, 65535]]), np.uint16([[0, 7, 65535]])),
        (np.int8([[0, 7, 127]]), np.uint8([[0, 7, 127]])),
        (np.array([[True, False]]), np.uint8([[255, 0]])),
    ],
)
def test_values_of_other_types(values, levels):
    raster = decode(tiff_of(values, photometric="minisblack"))
    assert raster.bands.dtype == levels.dtype
    np.testing.assert_array_equal(raster.bands[..., 0], levels)
    np.testing.assert_array_equal(tiff.to_levels(values), levels)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.float32([[0, np.nan]]), "float32 values from nan"),
        (np.float16([[0, np.inf]]), "float16 values from 0.0 to inf"),
        (np.float32([[-0.1, 1]]), "float32 values from -0.10"),
        (np.float32([[0.5, 1.02]]), "up to 1.02: neither of 0 to 1 nor levels"),
        (np.int16([[-5, 1]]), "int16 values from -5"),
        (np.uint32([[0, 65536]]), "uint32 values from 0 to 65536"),
        (np.complex64([[1j]]), "complex64 values"),
    ],
)
def test_values_that_are_no_image(values, words):
    with pytest.raises(InputError, match=words):
        decode(tiff_of(values))


def test_gray_with_alpha_is_no_color(tmp_path):
    gray = np.arange(12, dtype=np.uint8).reshape(3, 4)
    file = tmp_path / "a.png"
    Image.fromarray(np.dstack([gray, 255 - gray]), "LA").save(file)
    assert not image_files.read_raster(file).color
    with pytest.raises(InputError, match=r"a\.png"):
        image_files.read_rgb(file)


def test_alpha_that_colors_were_multiplied_by():
    rgba = np.uint8([[[50, 100, 0, 128], [0, 0, 0, 0], [9, 8, 7, 255]]])
    data = tiff_of(rgba, photometric="rgb", extrasamples=["assocalpha"])
    raster = decode(data)
    np.testing.assert_array_equal(
        raster.bands, [[[100, 199, 0], [0, 0, 0], [9, 8, 7]]]
    )
    np.testing.assert_array_equal(raster.alpha, rgba[..., 3:])


def refusals():
    gray = storage.pixels(40, 52, 1, np.uint16)[..., 0]
    rgb = storage.pixels(40, 52, 3, np.uint8)
    frames = [Image.fromarray(rgb), Image.fromarray(255 - rgb)]
    moving = {}
    for name in ("PNG", "WEBP"):
        buffer = io.BytesIO()
        frames[0].save(buffer, name, save_all=True, append_images=frames[1:])
        moving[name] = buffer.getvalue()
    yield tiff_of(gray, gray[:20]), "40 pixels|no copies"
    yield tiff_of(gray, gray.astype(np.uint8)), "several depths"
    yield tiff_of(rgb, photometric="cielab"), "CIELAB"
    yield tiff_of(rgb, photometric="ycbcr"), "YCbCr with compression NONE"
    yield tiff_of(gray, photometric="cfa"), "CFA"
    yield tiff_of(gray, subfiletype=1), "thumbnails"
    volume = tiff_of(
        np.stack([gray] * 16),
        photometric="minisblack",
        volumetric=True,
        tile=(16, 16, 16),
    )
    yield volume, "volume of 16"
    yield moving["PNG"], "animated PNG"
    yield moving["WEBP"], "animated WebP"
    yield b"GIF89a" + bytes(50), "expected PNG, TIFF, JPEG, WebP or BMP"
    yield b"RIFF\4\0\0\0WAVE", "expected PNG"


@pytest.mark.parametrize(("data", "words"), list(refusals()))
def test_what_is_no_image_of_ours_is_said(data, words):
    with pytest.raises(InputError, match=words):
        decode(data)


def test_an_imagej_stack_is_said():
    buffer = io.BytesIO()
    stack = storage.pixels(4, 5, 3, np.uint16).swapaxes(0, 2)
    tifffile.imwrite(buffer, stack, imagej=True)
    with pytest.raises(InputError, match="ImageJ stack of 3 images"):
        decode(buffer.getvalue())


def test_a_compression_without_its_package_is_named(monkeypatch):
    lzw = storage.by_pillow(
        storage.pixels(9, 9, 3, np.uint8), "TIFF", compression="tiff_lzw"
    )
    page = tifffile.TiffFile(io.BytesIO(lzw)).pages[0]
    monkeypatch.setattr(tiff, "_OPENCV_COMPRESSIONS", ())
    with pytest.raises(
        InputError, match=r"compression LZW of 3 x 8 bit .*nircolor-tf\[tiff\]"
    ):
        tiff._decode_by_opencv(page, lzw)
