"""What a server runs gives what bin/colorize.py gives."""

import io

import cv2
import numpy as np
import pytest
import server_model
import tensorflow as tf
from PIL import Image, ImageOps

from nircolor_tf.export import saved_model
from nircolor_tf.images import image_files, ranges
from nircolor_tf.inference import models
from nircolor_tf.training import build


@pytest.fixture(scope="module")
def method():
    return server_model.whole_method()


@pytest.fixture(scope="module")
def export(method, tmp_path_factory):
    folder = tmp_path_factory.mktemp("export")
    server_model.write_export(folder, method, ("n2c", "n2g"))
    return folder


@pytest.fixture(scope="module")
def signatures(export):
    return tf.saved_model.load(str(export / "saved_model")).signatures


def smooth(height, width):
    noise = np.random.default_rng(width).random((height, width), np.float32)
    blurred = cv2.GaussianBlur(noise, None, 1)[..., None]
    return np.clip(8 * blurred - 3.5, 0, 1)


@pytest.mark.parametrize("size", [(1, 1), (5, 33), (24, 24), (97, 101)])
@pytest.mark.parametrize(
    ("path", "name", "target"),
    [("n2c", "serving_default", "rgb"), ("n2g", "n2g", "gray")],
)
def test_float_images_of_any_size(method, signatures, path, name, target, size):
    expected = build.make_colorizer(method, path)
    batch = np.stack([smooth(*size), smooth(*size)[::-1]])
    results = signatures[name](nir=tf.constant(batch))[target].numpy()
    for image, result in zip(batch, results, strict=True):
        np.testing.assert_allclose(result, expected(image), atol=1e-4)


def test_every_step_makes_a_difference(method):
    # Else the tests above would pass without them.
    image = smooth(60, 41)
    whole = build.make_colorizer(method)(image)
    for other in (
        server_model.Blocks(0, method.fusion, mirror=True),
        server_model.Blocks(24, None, mirror=True),
        server_model.Blocks(24, method.fusion, mirror=False),
    ):
        assert np.abs(build.make_colorizer(other)(image) - whole).max() > 0.02


def test_the_network_alone(method, export, signatures):
    assert set(signatures) == {
        *("serving_default", "image_bytes", "network"),
        *("n2c", "n2g", "image_bytes_n2g", "network_n2g"),
    }
    nir = tf.constant(smooth(60, 44)[None])
    for name, (key, path) in zip(
        ("network", "network_n2g"),
        method.inference_paths().items(),
        strict=True,
    ):
        expected = saved_model.run_network(method, path, nir)
        result = signatures[name](nir=nir)[path.target]
        np.testing.assert_allclose(result, expected, atol=1e-6)
        # Our own inference takes this one: resizes happen once.
        colorizer = models.load_export(export, "saved_model", path=key)
        np.testing.assert_array_equal(colorizer.predict(nir.numpy()), result)


def encode(suffix, integers):
    return cv2.imencode(suffix, integers)[1].tobytes()


def with_alpha(gray):
    image = Image.fromarray(np.dstack([gray, 255 - gray]), "LA")
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def test_files_of_unequal_sizes_in_one_batch(method, signatures, tmp_path):
    deep = (65535 * smooth(33, 50)).astype(np.uint16)
    flat = (255 * smooth(40, 27)).astype(np.uint8)
    files = [
        (".png", flat),
        (".png", deep),
        (".png", deep // 16),  # 12 bit
        (".png", np.dstack([flat, flat, flat])),
        (".png", deep // 2 + np.uint16([0, 200, 400, 9])),  # with alpha
        (".jpg", flat[:9]),
        (".jpg", np.dstack([flat, flat, flat])),
    ]
    encoded = [encode(*file) for file in files]
    files.append((".png", flat))
    encoded.append(with_alpha(flat[..., 0]))
    results = signatures["image_bytes"](image_bytes=tf.constant(encoded))
    colorizer = build.make_colorizer(method)
    for given, png, (suffix, integers) in zip(
        encoded, results["png_bytes"].numpy(), files, strict=True
    ):
        source, target = tmp_path / f"in{suffix}", tmp_path / "out.png"
        source.write_bytes(given)
        target.write_bytes(png)
        result = image_files.read_image(target)
        image = image_files.read_nir(source)
        expected = colorizer.integers(image, *ranges.parse("auto").of(image))
        assert result.dtype == integers.dtype
        # 1e-4 of 65535 levels.
        allowed = 7 if result.dtype == np.uint16 else 1
        difference = result.astype(int) - expected.astype(int)
        assert np.abs(difference).max() <= allowed


def test_files_through_another_path(signatures):
    files = tf.constant([encode(".png", np.full((5, 6), 100, np.uint8))])
    png = signatures["image_bytes_n2g"](image_bytes=files)["png_bytes"]
    assert tf.io.decode_png(png[0]).shape == (5, 6, 1)


def test_files_that_lie_on_their_side(method, signatures, tmp_path):
    flat = (255 * smooth(40, 27)[..., 0]).astype(np.uint8)
    colorizer = build.make_colorizer(method)
    for kind, turn in (("PNG", 6), ("JPEG", 6), ("PNG", 8), ("PNG", 2)):
        tags = Image.Exif()
        tags[0x112] = turn
        file = io.BytesIO()
        Image.fromarray(flat).save(file, kind, exif=tags)
        upright = ImageOps.exif_transpose(Image.open(file))
        files = tf.constant([file.getvalue()])
        png = signatures["image_bytes"](image_bytes=files)["png_bytes"][0]
        result = Image.open(io.BytesIO(png.numpy()))
        assert not result.getexif()
        expected = colorizer(np.float32(upright)[..., None] / 255)
        np.testing.assert_allclose(result, 255 * expected, atol=1)


GRAY = encode(".png", np.full((50, 60), 100, np.uint8))
COLOR = np.random.default_rng(0).integers(0, 256, (5, 6, 3), np.uint8)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (b"", "expected a PNG or JPEG file, got 0 bytes"),
        (GRAY[:-30], "PNG file of .* bytes that is cut off or damaged"),
        (encode(".tif", COLOR), "expected a PNG or JPEG file, got .* neither"),
        (encode(".png", COLOR), "an RGB image where NIR or gray is expected"),
    ],
)
def test_bytes_that_are_no_image_fail_by_themselves(signatures, bad, message):
    run = signatures["image_bytes"]
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        run(image_bytes=tf.constant([GRAY, bad]))
    assert len(run(image_bytes=tf.constant([GRAY]))["png_bytes"]) == 1


def test_no_files_give_no_files(signatures):
    none = tf.constant([], tf.string)
    assert len(signatures["image_bytes"](image_bytes=none)["png_bytes"]) == 0
