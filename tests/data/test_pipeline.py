"""Batches from files, on images whose pixels say where they were."""

import dataclasses

import numpy as np
import pytest
import smoke
import tensorflow as tf

from nircolor_tf import files
from nircolor_tf.data import augment, manifest
from nircolor_tf.data.image_sources import PairSource
from nircolor_tf.errors import InputError
from nircolor_tf.images import image_files


def data_config(**changes):
    """config.data without any augmentation but the crop."""
    config = smoke.load_config("supervised", "unet256,smoke").data
    config.update(
        {
            "zoom_probability": 0.0,
            "mirror_probability": 0.0,
            "contrast_probability": 0.0,
            "gamma": (1.0, 1.0),
            "exposure": (1.0, 1.0),
            "noise": 0.0,
            **changes,
        }
    )
    return config


def make_example(folder, name, nir, rgb, **changes):
    paths = {}
    for kind, image in (("nir", nir), ("rgb", rgb)):
        paths[kind] = str(folder / f"{name}_{kind}.png")
        image_files.write_image(paths[kind], image)
    values = {
        "name": name,
        "height": rgb.shape[0],
        "width": rgb.shape[1],
        "bits": 8 * rgb.dtype.itemsize,
        "split": "train",
        "protocol": "folder",
        "scene": name,
        "shift_x": 0,
        "shift_y": 0,
        **{f"{kind}_sha256": files.sha256(paths[kind]) for kind in paths},
        "nir_channel": "gray",
        "nir_low": 0,
        "nir_high": np.iinfo(nir.dtype).max,
        "rgb_bands": "",
        "rgb_low": 0,
        "rgb_high": np.iinfo(rgb.dtype).max,
        **paths,
        **changes,
    }
    return manifest.Example(**values)


def positions(height, width):
    """NIR = red = the pixel's number in 16 bit; green and blue are not."""
    number = np.arange(height * width, dtype=np.uint16)
    nir = number.reshape(height, width, 1) * 4
    return nir, np.concatenate([nir, nir // 2, nir // 3], axis=-1)


def take(cache, config, count, seed=0, start_step=0):
    batches = cache.batches(config, seed, start_step).take(count)
    return list(batches.as_numpy_iterator())


@pytest.fixture
def numbered(tmp_path):
    """Seven pairs of 40x40; image i is i everywhere in NIR and RGB."""
    return PairSource(
        [
            make_example(
                tmp_path,
                str(i),
                np.full((40, 40, 1), i, np.uint8),
                np.full((40, 40, 3), i, np.uint8),
            )
            for i in range(7)
        ]
    )


def order(cache, count, **arguments):
    """The numbers of the first `count` images, through batches of 2."""
    batches = take(cache, data_config(crop=8), count // 2, **arguments)
    numbers = np.concatenate([b["nir"][:, 0, 0, 0] * 255 for b in batches])
    return np.rint(numbers).astype(int).tolist()


def test_every_example_once_per_epoch_and_each_epoch_anew(numbered):
    first = order(numbered, 28)
    epochs = [first[i : i + 7] for i in range(0, 28, 7)]
    assert all(sorted(epoch) == list(range(7)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) > 2
    assert order(numbered, 28) == first
    assert order(numbered, 28, seed=1) != first


def test_a_resumed_run_sees_the_batches_it_would_have_seen(pairs_manifest):
    examples = manifest.read_manifest(pairs_manifest)
    cache = PairSource(manifest.select(examples, "train"))
    config = smoke.load_config("landscapes", "smoke").data
    uninterrupted = take(cache, config, 9)
    resumed = take(cache, config, 4, start_step=5)
    for expected, actual in zip(uninterrupted[5:], resumed, strict=True):
        for kind in ("nir", "rgb"):
            np.testing.assert_array_equal(actual[kind], expected[kind])
    # Every batch is augmented anew, and by another seed otherwise.
    other = take(cache, config, 9, seed=1)
    all_batches = [b["nir"].tobytes() for b in (*uninterrupted, *other)]
    assert len(set(all_batches)) == 18


def test_nir_and_rgb_get_the_same_box_and_mirror(tmp_path):
    cache = PairSource([make_example(tmp_path, "a", *positions(60, 90))])
    config = data_config(crop=32, batch_size=8, mirror_probability=0.5)
    corners, mirrored = set(), []
    for batch in take(cache, config, 8):
        numbers = np.rint(batch["nir"][..., 0] * 65535 / 4).astype(int)
        red = np.rint(batch["rgb"][..., 0] * 65535 / 4).astype(int)
        np.testing.assert_array_equal(numbers, red)
        for box in numbers:
            mirrored.append(box[0, 0] > box[0, 1])
            box = box[:, ::-1] if mirrored[-1] else box  # noqa: PLW2901
            rows, columns = np.arange(32)[:, None] * 90, np.arange(32)
            np.testing.assert_array_equal(box, box[0, 0] + rows + columns)
            top, left = divmod(box[0, 0], 90)
            assert 0 <= top <= 60 - 32
            assert 0 <= left <= 90 - 32
            corners.add((top, left))
    (other,) = take(cache, config, 1, seed=1)
    assert not np.array_equal(other["nir"], take(cache, config, 1)[0]["nir"])
    assert 16 < sum(mirrored) < 48
    assert len(corners) > 55
    # The boxes reach over the whole image, their ends included or nearly so.
    tops, lefts = zip(*corners, strict=True)
    assert min(tops) <= 2
    assert max(tops) >= 26
    assert min(lefts) <= 5
    assert max(lefts) >= 53


def ramp(height, width):
    """Channel 0 grows by 1/1000 per column, channel 1 per row."""
    rows, columns = np.mgrid[:height, :width] / 1000.0
    return tf.constant(np.stack([columns, rows], axis=-1), tf.float32)


@pytest.mark.parametrize(
    ("crop", "zoom", "side"),
    [(256, 1.28, 200), (32, 0.5, 64), (64, 2.0, 32), (256, 0.5, 300)],
    ids=["ATCycleGAN", "half resolution", "double", "the image is smaller"],
)
def test_zoom_resizes_a_box(crop, zoom, side):
    for seed in range(4):
        box = augment.random_resized_crop(
            ramp(300, 400), (seed, 0), crop, (zoom, zoom), 1.0
        ).numpy()
        assert box.shape == (crop, crop, 2)
        # A line stays a line, but near the edges, where it has no neighbours.
        places = ((np.arange(crop) + 0.5) * side / crop - 0.5)[8:-8]
        inner = box[8:-8, 8:-8] * 1000
        for offsets, size in (
            (inner[..., 0] - places, 400),
            (inner[..., 1] - places[:, None], 300),
        ):
            corner = np.rint(offsets.mean())
            assert 0 <= corner <= size - side
            np.testing.assert_allclose(offsets, corner, atol=0.03)


@pytest.mark.parametrize("side", [7, 25, 31, 32, 33, 64])
def test_a_box_is_resized_as_with_antialiasing(side):
    image = np.random.default_rng(0).random((side, side, 4), np.float32)
    zoom = 32 / side
    box = augment.random_resized_crop(image, (0, 0), 32, (zoom, zoom), 1.0)
    expected = tf.image.resize(image, (32, 32), "bicubic", antialias=True)
    np.testing.assert_allclose(box, np.clip(expected, 0, 1), atol=1e-6)


def test_zoom_happens_with_its_probability_and_within_its_range():
    steps = []
    for seed in range(60):
        box = augment.random_resized_crop(
            ramp(80, 80), (seed, 0), 32, (0.75, 1.4), 0.5
        ).numpy()
        steps.append(float(box[16, 20, 0] - box[16, 10, 0]) * 100)
    steps = np.array(steps)
    plain = np.isclose(steps, 1.0, atol=1e-4)
    assert 18 < plain.sum() < 42
    assert steps.min() >= 1 / 1.4 - 0.02
    assert steps.max() <= 1 / 0.75 + 0.02
    assert steps.min() < 0.85
    assert steps.max() > 1.15


@pytest.fixture
def gray_pair():
    """NIR in [0.4, 0.6], so that contrast up to 2 does not clip, and RGB."""
    rng = np.random.default_rng(0)
    nir = rng.uniform(0.4, 0.6, (24, 24, 1)).astype(np.float32)
    return nir, rng.random((24, 24, 3), np.float32)


def augment_pair(nir, rgb, seed, config):
    pair = np.concatenate([nir, rgb], axis=-1)
    return augment.augment(pair, seed, config)


def test_contrast_keeps_the_mean_and_leaves_rgb_alone(gray_pair):
    nir, rgb = gray_pair
    config = data_config(crop=24, contrast=(1.5, 1.5), contrast_probability=1.0)
    changed, same = augment_pair(nir, rgb, (0, 0), config)
    mean = nir.mean()
    np.testing.assert_allclose(changed, mean + 1.5 * (nir - mean), atol=1e-6)
    np.testing.assert_array_equal(same, rgb)
    clipped, _ = augment_pair(
        nir,
        rgb,
        (0, 0),
        data_config(crop=24, contrast=(9.0, 9.0), contrast_probability=1.0),
    )
    assert (clipped.numpy().min(), clipped.numpy().max()) == (0, 1)


def test_gamma_raises_the_nir_to_a_power_in_its_range(gray_pair):
    nir, rgb = gray_pair
    nir[0, 0] = 0.0
    changed, same = augment_pair(
        nir, rgb, (0, 0), data_config(crop=24, gamma=(2.0, 2.0))
    )
    np.testing.assert_allclose(changed, nir**2, atol=1e-6)
    np.testing.assert_array_equal(same, rgb)
    exponents = np.array(
        [
            np.log(augment.random_gamma(np.float32(0.5), (i, 0), (0.25, 4.0)))
            / np.log(0.5)
            for i in range(60)
        ]
    )
    assert exponents.min() >= 0.25 - 1e-5
    assert exponents.max() <= 4.0 + 1e-5
    # Log-uniform: as often below 1 as above.
    assert 18 < (exponents < 1).sum() < 42


def test_exposure_scales_the_nir_up_to_white(gray_pair):
    nir, rgb = gray_pair
    changed, same = augment_pair(
        nir, rgb, (0, 0), data_config(crop=24, exposure=(1.5, 1.5))
    )
    np.testing.assert_allclose(changed, np.minimum(1.5 * nir, 1), atol=1e-6)
    np.testing.assert_array_equal(same, rgb)


def test_noise_has_deviations_up_to_the_largest():
    gray = np.full((64, 64, 1), 0.5, np.float32)
    noisy = [augment.random_noise(gray, (i, 0), 0.1).numpy() for i in range(60)]
    deviations = np.std(noisy, axis=(1, 2, 3))
    # U(0, 0.1); the deviation of a sample of 4096 is off by 1 %.
    assert deviations.max() < 0.105
    assert 0.04 < deviations.mean() < 0.06
    np.testing.assert_allclose(np.mean(noisy, axis=(1, 2, 3)), 0.5, atol=0.01)
    white = augment.random_noise(np.ones_like(gray), (0, 0), 0.1).numpy()
    assert white.max() == 1
    assert (white < 1).mean() == pytest.approx(0.5, abs=0.05)


def test_no_augmentation_is_the_image_itself(tmp_path):
    nir, rgb = positions(32, 32)
    cache = PairSource([make_example(tmp_path, "a", nir, rgb)])
    for low, high in ((0.0, 1.0), (-1.0, 1.0)):
        config = data_config(crop=32, batch_size=1, value_range=(low, high))
        (batch,) = take(cache, config, 1)
        for kind, image in (("nir", nir), ("rgb", rgb)):
            assert batch[kind].dtype == np.float32
            expected = image.astype(np.float64) / 65535 * (high - low) + low
            np.testing.assert_allclose(batch[kind][0], expected, atol=2e-7)


def test_8_and_16_bit_in_one_set(tmp_path):
    shape = (16, 16)
    cache = PairSource(
        [
            make_example(
                tmp_path,
                "eight",
                np.full((*shape, 1), 51, np.uint8),
                np.full((*shape, 3), 102, np.uint8),
            ),
            make_example(
                tmp_path,
                "sixteen",
                np.full((*shape, 1), 1001, np.uint16),
                np.full((*shape, 3), 2001, np.uint16),
            ),
        ]
    )
    expected = (
        np.float32([51, 102, 102, 102]) / 255,
        np.float32([1001, 2001, 2001, 2001]) / 65535,
    )
    for index, values in enumerate(expected):
        np.testing.assert_array_equal(cache.image(index)[0, 0], values)


def test_different_sizes_and_images_smaller_than_the_crop(tmp_path):
    cache = PairSource(
        [
            make_example(tmp_path, f"{h}x{w}", *positions(h, w))
            for h, w in ((20, 50), (64, 40), (33, 90))
        ]
    )
    for batch in take(cache, data_config(crop=32, batch_size=3), 2):
        assert batch["nir"].shape == (3, 32, 32, 1)
        np.testing.assert_allclose(
            batch["nir"][..., 0], batch["rgb"][..., 0], atol=1e-6
        )
        assert batch["nir"].max() <= 1


def test_an_image_of_another_size_than_the_manifests_is_named(tmp_path):
    nir, rgb = positions(20, 30)
    example = make_example(tmp_path, "a", nir, rgb, height=21)
    with pytest.raises(InputError, match=r"a_nir\.png: 20x30 px.*21x30"):
        PairSource([example])
    example = make_example(tmp_path, "b", nir, rgb)
    narrower = make_example(tmp_path, "b", nir, rgb[:, :-1])
    example = dataclasses.replace(example, rgb_sha256=narrower.rgb_sha256)
    with pytest.raises(InputError, match=r"b_rgb\.png: 20x29 px.*20x30"):
        PairSource([example])
