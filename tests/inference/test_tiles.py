"""Large images: tiles, what blends them, and colorizing with them."""

import itertools
import subprocess
import sys
import tracemalloc

import cv2
import numpy as np
import pytest

from nircolor_tf.inference import resizing, tiles
from nircolor_tf.inference.colorizer import Colorizer
from nircolor_tf.inference.fusion import COLORNET
from nircolor_tf.inference.steps import Steps

GAINS = np.float32([1, 0.5, 0.25])  # what `linear` does to nir


def random_image(height, width, channels=1, seed=0):
    generator = np.random.default_rng(seed)
    return generator.random((height, width, channels), np.float32)


def test_an_image_is_shrunk_to_a_longer_side():
    image = np.full((600, 300, 3), 7, np.uint8)
    for channels in (3, 1):
        shrunk = resizing.shrink_longer_side(image[..., :channels], 256)
        assert shrunk.shape == (256, 128, channels)
    assert resizing.shrink_longer_side(image, 600) is image


def as_is(part):
    return part


def area_matrix(large, small):
    """(small, large): what part of each output pixel every input pixel is."""
    edges = np.arange(small + 1) * large / small
    pixels = np.arange(large)
    covered = np.minimum(edges[1:, None], pixels + 1) - np.maximum(
        edges[:-1, None], pixels
    )
    return covered.clip(0) * small / large


# spans


def test_two_tiles_fade_in_the_middle_of_what_they_share():
    # 0 to 6 and 4 to 10: the fade is 2 pixels wide and has its middle at 5.
    first, second = tiles.spans(10, 6, 2)
    rise = (2 - np.sqrt(2)) / 4  # (1 - cos 45 degrees) / 2
    assert (first.window, second.window) == (slice(0, 6), slice(4, 10))
    np.testing.assert_allclose(
        first.weights, [1, 1, 1, 1, 1 - rise, rise], atol=1e-7
    )
    np.testing.assert_allclose(
        second.weights, [rise, 1 - rise, 1, 1, 1, 1], atol=1e-7
    )


@pytest.mark.parametrize(
    ("size", "tile", "overlap", "step"),
    [
        (1, 16, 8, 1),
        (16, 16, 8, 1),
        (17, 16, 8, 1),
        (100, 16, 8, 4),
        (1001, 64, 0, 1),
        (1001, 64, 21, 16),
        (999, 64, 32, 15),
    ],
)
def test_tiles_cover_every_pixel_with_a_weight_of_one(
    size, tile, overlap, step
):
    spans = tiles.spans(size, tile, overlap, step)
    total = np.zeros(size)
    for span in spans:
        assert span.weights.min() >= 0
        assert span.window.start % step == 0
        total[span.window] += span.weights
    np.testing.assert_allclose(total, 1, atol=1e-6)
    windows = [span.window for span in spans]
    assert (windows[0].start, windows[-1].stop) == (0, size)
    lengths = {window.stop - window.start for window in windows}
    # All the same but for the last, which ends with the image.
    assert len({*lengths} - {windows[-1].stop - windows[-1].start}) <= 1
    assert max(lengths) <= tile
    for before, after in itertools.pairwise(windows):
        assert before.stop - after.start >= overlap


# blend


def test_blending_tiles_of_one_image_gives_that_image_row_by_row():
    image = random_image(70, 45, 3)
    done, bands = 0, []
    for rows, band in tiles.blend(
        lambda rows, columns: image[rows, columns],
        3,
        tiles.spans(70, 16, 7),
        tiles.spans(45, 16, 5),
    ):
        assert rows.start == done
        assert len(band) == rows.stop - rows.start <= 16
        done = rows.stop
        bands.append(band)
    np.testing.assert_allclose(np.concatenate(bands), image, atol=1e-6)


@pytest.mark.parametrize("size", [1, 15, 16, 17, 70])
def test_strips_share_nothing_and_are_passed_on_as_they_are(size):
    image = random_image(size, 45, 3)
    down = tiles.strips(size, 16)
    assert len(down) == -(-size // 16)
    painted = []

    def paint(rows, columns):
        painted.append(image[rows, columns])
        return painted[-1]

    parts = list(tiles.blend(paint, 3, down, tiles.strips(45, 45)))
    assert all(
        np.shares_memory(part, own)
        for (_, part), own in zip(parts, painted, strict=True)
    )
    assert max(len(part) for part in painted) <= 16
    np.testing.assert_array_equal(np.concatenate(painted), image)


# pad, shrink, match_means


def test_an_image_grows_by_reflection_at_the_bottom_and_at_the_right():
    image = np.array([[1, 2, 3], [4, 5, 6]])[..., None]
    expected = [[1, 2, 3, 2, 1, 2], [4, 5, 6, 5, 4, 5], [1, 2, 3, 2, 1, 2]]
    np.testing.assert_array_equal(resizing.pad(image, 3, 6)[..., 0], expected)


@pytest.mark.parametrize("size", [(150, 90), (75, 31), (1, 1), (149, 7)])
def test_shrinking_takes_the_mean_of_the_area_of_a_pixel(size):
    image = random_image(150, 90, 2)
    expected = np.einsum(
        "ij,jkc,lk->ilc",
        area_matrix(150, size[0]),
        image.astype(np.float64),
        area_matrix(90, size[1]),
        optimize=True,
    )
    small = resizing.shrink(image, size, as_is)
    np.testing.assert_allclose(small, expected, atol=1e-6)


def test_shrinking_grows_the_image_to_whole_steps_and_decodes_it():
    levels = np.array([[0, 20, 40], [40, 60, 80], [100, 120, 140]], np.uint8)
    small = resizing.shrink(
        levels[..., None], (2, 2), lambda part: part / np.float32(10), step=2
    )
    # Columns 0 1 2 1 and rows 0 1 2 1 of the image.
    np.testing.assert_allclose(small[..., 0], [[3, 5], [8, 10]], atol=1e-6)


def test_a_matched_tile_has_the_tint_of_the_reference_and_its_own_detail():
    tile = random_image(24, 32, 3)
    means = tile.reshape(3, 8, 4, 8, 3).mean((1, 3))
    np.testing.assert_allclose(
        resizing.match_means(tile, means), tile, atol=1e-6
    )
    tint = np.float32([0.2, -0.1, 0.3])
    np.testing.assert_allclose(
        resizing.match_means(tile + tint, means + 0.5), tile + 0.5, atol=1e-6
    )


# Colorizer


def linear(nir):
    """A model that treats every pixel alike: tiles change nothing."""
    return nir * GAINS


def normalized(nir):
    """A model with instance normalization: its result has one contrast."""
    centered = nir - nir.mean()
    return 0.5 + 0.15 * centered / (centered.std() + 1e-5) * GAINS


def uneven_nir(height, width):
    """Fine texture on a ramp: dark at one corner, bright at the other."""
    ramp = np.add.outer(np.linspace(0, 0.5, height), np.linspace(0, 0.4, width))
    return (ramp[..., None] + 0.05 * random_image(height, width)).astype(
        np.float32
    )


@pytest.mark.parametrize(
    "size", [(70, 131), (65, 64), (1, 150), (129, 5), (1, 5000)]
)
def test_a_model_that_treats_pixels_alike_gives_the_same_in_tiles(size):
    nir = random_image(*size)
    rgb = Colorizer(linear, Steps(8), tile=64, overlap=10)(nir)
    np.testing.assert_allclose(rgb, nir * GAINS, atol=1e-6)


def test_in_tiles_the_model_never_sees_more_than_one():
    shapes = []

    def model(nir):
        shapes.append(nir.shape[1:3])
        return linear(nir)

    colorize = Colorizer(model, Steps(8), tile=64, overlap=10)
    colorize(random_image(50, 64))
    assert shapes == [(56, 64)]
    shapes.clear()
    colorize(random_image(300, 130))
    # The whole image shrunk by 5, and tiles of 12 x 5 pixels, 7 by 3 of them.
    assert shapes == [(64, 32)] + 18 * [(64, 64)]


def steps(rgb, columns):
    """Steps in color to the left of columns, as means of 16 pixels of each."""
    differences = np.diff(rgb, axis=1)[: len(rgb) // 16 * 16, columns - 1]
    pieces = differences.reshape(-1, 16, len(columns), 3)
    return np.abs(pieces.mean(axis=1)).max()


@pytest.mark.parametrize("overlap", [0, 16])
def test_tiles_of_a_model_with_instance_normalization_have_no_seams(overlap):
    nir = uneven_nir(256, 256)
    windows = [span.window for span in tiles.spans(256, 64, overlap, step=4)]
    # Every column where a tile fades into the next.
    fades = np.concatenate(
        [
            np.arange(after.start, before.stop + 1)
            for before, after in itertools.pairwise(windows)
        ]
    )
    others = np.setdiff1d(np.arange(1, 256), fades)
    rgb = Colorizer(normalized, tile=64, overlap=overlap)(nir)
    for image in (rgb, rgb.transpose(1, 0, 2)):
        assert steps(image, fades) <= steps(image, others)
    # Tiles of their own contrast and brightness would show.
    plain = np.concatenate(
        [
            np.concatenate(
                [normalized(tile) for tile in np.split(rows, 4, 1)], 1
            )
            for rows in np.split(nir, 4)
        ]
    )
    assert steps(plain, 64 * np.arange(1, 4)) > 3 * steps(rgb, others)


def test_tiles_have_the_color_of_the_whole_image():
    nir = uneven_nir(200, 200)
    rgb = Colorizer(normalized, tile=64, overlap=16)(nir)
    means = rgb.reshape(10, 20, 10, 20, 3).mean((1, 3))
    whole = normalized(nir).reshape(10, 20, 10, 20, 3).mean((1, 3))
    # The shrunk image has less texture, so a little more contrast.
    np.testing.assert_allclose(means, whole, atol=0.02)


def test_a_long_image_that_is_not_shrunk_is_colored_whole():
    nir = random_image(12, 300)
    steps = Steps(working_size=32)
    whole = Colorizer(normalized, steps)(nir)
    tiled = Colorizer(normalized, steps, tile=64, overlap=8)
    np.testing.assert_array_equal(tiled(nir), whole)
    # Of more pixels than a tile, padding included, it would take more memory.
    for padded, size in ((steps, (12, 400)), (Steps(32, 32), (12, 200))):
        longer = random_image(*size)
        whole = Colorizer(normalized, padded)(longer)
        tiled = Colorizer(normalized, padded, tile=64, overlap=8)(longer)
        assert np.abs(tiled - whole).max() > 0.01


def test_enlarging_by_rows_is_enlarging_the_whole():
    nir = random_image(201, 333)
    small = cv2.resize(nir, (53, 32), interpolation=cv2.INTER_AREA)[..., None]
    change = cv2.resize(
        normalized(small).clip(0, 1) - small,
        (333, 201),
        interpolation=cv2.INTER_CUBIC,
    )
    rgb = Colorizer(normalized, Steps(working_size=32))(nir)
    np.testing.assert_allclose(rgb, (nir + change).clip(0, 1), atol=1e-6)


def test_the_fusion_in_tiles_is_near_that_of_the_whole():
    nir = cv2.GaussianBlur(random_image(150, 170), None, 3)[..., None]
    nir = (nir - nir.min()) / (nir.max() - nir.min())
    steps = Steps(working_size=32, fusion=COLORNET)
    whole = Colorizer(linear, steps)(nir)
    parts = Colorizer(linear, steps, tile=64, overlap=32)(nir)
    assert np.abs(parts - whole).max() < 0.002


@pytest.mark.parametrize(
    "settings",
    [{"steps": Steps(working_size=256)}, {"tile": 256, "overlap": 32}],
)
def test_only_parts_of_an_image_are_floats(settings):
    image = np.broadcast_to(np.uint16(1000), (2048, 2048, 1))
    colorizer = Colorizer(linear, **settings)
    tracemalloc.start()
    result = colorizer.integers(image, 0, 65535)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # All of it as float32 would be 50 MB.
    assert peak - result.nbytes < 30e6


MEMORY = """
import sys
import numpy as np
from nircolor_tf.inference.colorizer import Colorizer
from nircolor_tf.inference.steps import Steps

def normalized(nir):
    centered = nir - nir.mean()
    return (0.5 + centered / centered.std()).repeat(3, axis=-1)

working_size, tiling = (
    (256, {}) if sys.argv[1] == "working size"
    else (None, {"tile": 512, "overlap": 64})
)
image = np.random.default_rng(0).integers(0, 65536, (8192, 8192, 1), np.uint16)
steps = Steps(32, working_size=working_size)
result = Colorizer(normalized, steps, **tiling).integers(image, 0, 65535)
assert result.shape == (8192, 8192, 3)
assert result.dtype == np.uint16
lines = open("/proc/self/status").read().splitlines()
print(next(line.split()[1] for line in lines if line.startswith("VmHWM")))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("way", ["working size", "tiles"])
def test_8192_x_8192_pixels_take_less_than_2_gb(way):
    run = subprocess.run(
        [sys.executable, "-c", MEMORY, way],
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(run.stdout) * 1024 < 2e9
