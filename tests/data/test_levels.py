"""Which stored values are black and white: decided once, for a data set."""

import shutil

import numpy as np
import pytest
import tifffile

from nircolor_tf.data import example_images, manifest, prepare, synthetic
from nircolor_tf.data.checking import Reading
from nircolor_tf.errors import InputError
from nircolor_tf.images import image_files


@pytest.fixture
def source(tmp_path):
    synthetic.write_dataset(tmp_path / "source", 3, 40, 48, seed=1)
    return tmp_path / "source"


def rewrite(folder, change):
    """Writes every image of a folder anew, as `change` makes it."""
    for path in image_files.list_images(folder):
        image_files.write_image(path, change(image_files.read_image(path)))


def prepared(source, tmp_path, **reading):
    summary = prepare.prepare(
        source,
        "folder",
        tmp_path / "data",
        reading=Reading(**reading),
        split="test",
    )
    return manifest.read_manifest(tmp_path / "data" / "manifest.csv"), summary


def levels(examples, side):
    low, high = f"{side}_low", f"{side}_high"
    return [(getattr(one, low), getattr(one, high)) for one in examples]


def scaled_to(high):
    return lambda image: np.rint(image / 255 * high).astype(np.uint16)


def test_the_smallest_camera_that_holds_all_files(source, tmp_path):
    # One file alone needs 12 bit, the darkest would pass for 10.
    rewrite(source / "nir", scaled_to(800))
    path = image_files.list_images(source / "nir")[1]
    image_files.write_image(path, image_files.read_nir(path) + np.uint16(1000))
    examples, summary = prepared(source, tmp_path)
    assert levels(examples, "nir") == 3 * [(0, 4095)]
    assert levels(examples, "rgb") == 3 * [(0, 255)]
    assert "NIR: values 0..4095 (12 bit) -> 0..1 (3)" in summary
    assert "color: values 0..255 (8 bit) -> 0..1 (3)" in summary


def test_files_of_8_bit_beside_deeper_ones(source, tmp_path):
    path = image_files.list_images(source / "nir")[0]
    image_files.write_image(path, scaled_to(16383)(image_files.read_nir(path)))
    examples, summary = prepared(source, tmp_path)
    assert levels(examples, "nir") == [(0, 16383), (0, 255), (0, 255)]
    assert (
        "(8 bit) -> 0..1 (2), values 0..16383 (14 bit) -> 0..1 (1)" in summary
    )


def test_a_truth_of_12_bit_and_photos_of_another_camera(source, tmp_path):
    shutil.copytree(source / "rgb", source / "unpaired")
    rewrite(source / "rgb", scaled_to(4095))
    rewrite(source / "unpaired", scaled_to(65535))
    examples, _ = prepared(source, tmp_path)
    assert levels(examples, "rgb") == 3 * [(0, 4095)] + 3 * [(0, 65535)]
    assert levels(examples[3:], "nir") == 3 * [(None, None)]
    for pair, photo in zip(examples[:3], examples[3:], strict=True):
        np.testing.assert_allclose(
            example_images.read_rgb(pair).unit,
            example_images.read_rgb(photo).unit,
            atol=0.6 / 4095,
        )


def test_levels_of_each_image_and_given_ones(source, tmp_path):
    rewrite(source / "nir", scaled_to(3000))
    examples, summary = prepared(
        source, tmp_path, nir_range="max", rgb_range="10,245"
    )
    largest = [int(image_files.read_nir(one.nir).max()) for one in examples]
    assert len(set(largest)) > 1
    assert levels(examples, "nir") == [(0, high) for high in largest]
    assert levels(examples, "rgb") == 3 * [(10, 245)]
    assert "color: values 10..245 -> 0..1 (3)" in summary
    stored = image_files.read_rgb(examples[0].rgb).astype(float)
    np.testing.assert_allclose(
        example_images.read_rgb(examples[0]).unit,
        ((stored - 10) / 235).clip(0, 1),
        atol=1e-6,
    )


def test_percentiles_leave_out_the_ends(source, tmp_path):
    ramp = np.arange(40 * 48, dtype=np.uint16).reshape(40, 48)
    rewrite(source / "nir", lambda image: ramp)
    examples, _ = prepared(source, tmp_path, nir_range="percentile")
    # 0.5 % of 1920 values are 9.6.
    assert levels(examples, "nir") == 3 * [(9, 1910)]


@pytest.mark.parametrize(
    ("reading", "message"),
    [
        ({"nir_range": "bright"}, "--range=bright: expected auto"),
        ({"rgb_range": "max"}, "--rgb_range=max: expected auto or LOW,HIGH"),
        ({"rgb_range": "5,5"}, "--rgb_range=5,5: expected auto or LOW,HIGH"),
        ({"channel": "pink"}, "--channel=pink: expected gray, red"),
        ({"rgb_bands": "1,2"}, "--rgb_bands=1,2: expected the numbers"),
        ({"rgb_bands": "1,2,0"}, "--rgb_bands=1,2,0: expected the numbers"),
        ({"rgb_bands": "1,2,4"}, "0.png: has 3 channels .*--rgb_bands=1,2,4"),
        ({"channel": "2"}, "0.png: has 1 channel; --channel=2"),
        ({"nir_range": "0,4095"}, "0.png: --range=0,4095: .*stored in 8 bit"),
        ({"rgb_range": "0,999"}, "0.png: --rgb_range=0,999: .*in 8 bit"),
    ],
)
def test_wrong_flags_write_nothing(source, tmp_path, reading, message):
    with pytest.raises(InputError, match=message):
        prepared(source, tmp_path, **reading)
    assert not (tmp_path / "data").exists()


def test_one_channel_of_a_pink_image_is_nir(source, tmp_path):
    def pink(image):
        other = image // 2
        return np.stack([other, image, other], axis=-1)

    plain = [image_files.read_nir(p) for p in sorted(source.glob("nir/*"))]
    rewrite(source / "nir", pink)
    with pytest.raises(InputError, match="--channel=red, green, blue, luma"):
        prepared(source, tmp_path)
    examples, _ = prepared(source, tmp_path, channel="green")
    assert {example.nir_channel for example in examples} == {"green"}
    for example, expected in zip(examples, plain, strict=True):
        nir = example_images.read_nir(example).values
        np.testing.assert_array_equal(nir, expected)


def test_nir_and_color_in_one_file(source, tmp_path):
    bands = [image_files.read_rgb(p) for p in sorted(source.glob("rgb/*"))]
    reading = Reading(channel="2", rgb_bands="3,2,1")
    summary = prepare.prepare(
        source / "rgb",
        "multispectral",
        tmp_path / "data",
        reading=reading,
        split="test",
    )
    assert "test             3       3" in summary
    examples = manifest.read_manifest(tmp_path / "data" / "manifest.csv")
    for example, image in zip(examples, bands, strict=True):
        assert example.nir == example.rgb
        nir = example_images.read_nir(example).values
        np.testing.assert_array_equal(nir, image[..., 1:2])
        rgb = example_images.read_rgb(example).values
        np.testing.assert_array_equal(rgb, image[..., ::-1])
    with pytest.raises(InputError, match=r"channels differ .*--channel=red"):
        prepare.prepare(source / "rgb", "multispectral", tmp_path / "other")


def test_nir_behind_the_color_of_a_tiff(source, tmp_path):
    folder = tmp_path / "four"
    folder.mkdir()
    for nir, rgb in zip(
        sorted(source.glob("nir/*")), sorted(source.glob("rgb/*")), strict=True
    ):
        bands = image_files.read_rgb(rgb), image_files.read_nir(nir)
        tifffile.imwrite(
            folder / f"{nir.stem}.tif",
            np.concatenate(bands, axis=-1),
            photometric="rgb",
            extrasamples=["unspecified"],
        )
    prepare.prepare(
        folder,
        "multispectral",
        tmp_path / "data",
        reading=Reading(channel="4"),
        split="test",
    )
    for example in manifest.read_manifest(tmp_path / "data" / "manifest.csv"):
        for side in ("nir", "rgb"):
            plain = source / side / f"{example.name}.png"
            reader = getattr(example_images, f"read_{side}")
            expected = getattr(image_files, f"read_{side}")(plain)
            np.testing.assert_array_equal(reader(example).values, expected)


def test_crops_hold_the_values_of_their_photo(tmp_path):
    folder = tmp_path / "source" / "urban"
    folder.mkdir(parents=True)
    nir = (np.arange(480 * 960) % 4000).astype(np.uint16).reshape(480, 960)
    rgb = np.stack([nir // 4] * 3, axis=-1)
    image_files.write_image(folder / "1_nir.tiff", np.stack([nir] * 3, -1))
    image_files.write_image(folder / "1_rgb.tiff", rgb)
    reading = Reading(channel="red")
    prepare.prepare(
        tmp_path / "source", "epfl", tmp_path / "data", reading=reading
    )
    left, right = manifest.read_manifest(tmp_path / "data" / "manifest.csv")
    assert (left.nir_channel, right.nir_channel) == ("gray", "gray")
    assert levels([left, right], "nir") == 2 * [(0, 4095)]
    assert levels([left, right], "rgb") == 2 * [(0, 1023)]
    for crop, columns in ((left, np.s_[:480]), (right, np.s_[480:])):
        read = example_images.read_nir(crop).values[..., 0]
        np.testing.assert_array_equal(read, nir[:, columns])
