"""Flicker: its number, and what reduces it."""

import subprocess
import sys

import cv2
import numpy as np
import pytest

from nircolor_tf.data import synthetic
from nircolor_tf.images import conversions
from nircolor_tf.inference.flicker import Smoother, flicker


def psnr(frames, truth):
    return -10 * np.log10(np.mean((np.stack(frames) - np.stack(truth)) ** 2))


def smooth(frames, nirs, smoothing):
    smoother = Smoother(smoothing)
    return [
        smoother(frame, nir) for frame, nir in zip(frames, nirs, strict=True)
    ]


def panned(seed, step, count=16, side=64):
    """A camera that moves over a landscape: NIR and RGB frames."""
    nir, rgb = synthetic.make_pair(seed, side, side + count * step)
    windows = [
        slice(step * index, step * index + side) for index in range(count)
    ]
    return (
        [conversions.to_float(nir[:, window]) for window in windows],
        [conversions.to_float(rgb[:, window]) for window in windows],
    )


def flickering(frames, seed=0):
    """Adds another tint to each frame, coarse, of 0.06 standard deviation."""
    generator = np.random.default_rng(seed)
    result = []
    for frame in frames:
        tint = generator.normal(0, 0.06, (3, 3, 3)).astype(np.float32)
        tint = cv2.resize(
            tint, frame.shape[1::-1], interpolation=cv2.INTER_CUBIC
        )
        result.append((frame + tint).clip(0, 1))
    return result


@pytest.mark.parametrize(("height", "width"), [(40, 300), (1, 1), (5, 13)])
def test_a_scene_at_rest_gets_a_moving_average(height, width):
    nir = np.random.default_rng(0).random((height, width, 1), np.float32)
    levels = [0.5, 0.3, 0.7]
    frames = [
        np.full((height, width, 3), level, np.float32) for level in levels
    ]
    result = smooth(frames, [nir] * 3, 0.75)
    # 0.5, then 0.75 * 0.5 + 0.25 * 0.3 and 0.75 * 0.45 + 0.25 * 0.7.
    for frame, level in zip(result, [0.5, 0.45, 0.5125], strict=True):
        np.testing.assert_allclose(frame, level, atol=1e-6)


def test_what_is_fine_stays():
    nir = np.ones((256, 256, 1), np.float32)
    board = np.indices((256, 256, 1)).sum(axis=0) % 2
    frames = [np.ones_like(nir), board.astype(np.float32)]
    _, result = smooth(frames, [nir, nir], 0.5)
    # 0.5 on average, 0.25 brighter by the frame before; white stays white.
    np.testing.assert_allclose(result, np.where(board, 1, 0.25), atol=1e-6)


def test_no_smoothing_changes_nothing():
    nir, frame = one_frame(seed=1)
    smoother = Smoother(0.0)
    assert all(smoother(frame, nir) is frame for _ in range(2))


def one_frame(seed):
    nirs, frames = panned(seed, step=0, count=1)
    return nirs[0], frames[0]


def test_a_cut_carries_nothing_over():
    nirs, frames = zip(*(one_frame(seed) for seed in (1, 7)), strict=True)
    first, second = smooth(frames, nirs, 0.9)
    np.testing.assert_array_equal(first, frames[0])
    np.testing.assert_allclose(second, frames[1], atol=1e-6)


@pytest.mark.parametrize("step", [0, 3])
def test_a_clip_flickers_less_and_comes_closer_to_the_truth(step):
    nirs, truth = panned(seed=3, step=step)
    generator = np.random.default_rng(1)
    noisy = [
        nir * (1 + 0.05 * np.sin(index))
        + generator.normal(0, 0.01, nir.shape).astype(np.float32)
        for index, nir in enumerate(nirs)
    ]
    frames = flickering(truth)
    result = smooth(frames, noisy, 0.8)
    assert flicker(result, noisy) < 0.45 * flicker(frames, noisy)
    assert psnr(result, truth) > psnr(frames, truth) + 4
    # Without flicker there is nothing to gain: what is lost is the ghosts.
    assert psnr(smooth(truth, noisy, 0.8), truth) > 42


def test_flicker_is_the_mean_change_where_nir_stays():
    nir = np.full((64, 80, 1), 0.4, np.float32)
    moved = nir.copy()
    nir[:, 40:50], moved[:, 50:60] = 0.8, 0.8  # something moves
    frame = np.zeros((64, 80, 3), np.float32)
    changed = frame.copy()
    changed[..., 0] = 0.3
    changed[:, 40:60] = 1
    # A change of exposure alone is none of the scene.
    assert flicker([frame, changed], [nir, 1.2 * moved]) == pytest.approx(0.1)
    assert flicker([frame, frame], [nir, moved]) == 0


def test_flicker_needs_frames_of_one_scene():
    frame = np.zeros((4, 4, 3), np.float32)
    nir = np.float32([[1, 0]]).repeat(2, 0)[..., None]
    with pytest.raises(ValueError, match="at least two frames"):
        flicker([frame], [nir])
    with pytest.raises(ValueError, match="every pixel changes"):
        flicker([frame, frame], [nir, 1 - nir])


@pytest.mark.parametrize("size", [(24, 96), (12, 128), (31, 93)])
def test_low_and_wide_frames_do_not_end_the_process(size):
    """OpenCV's flow reads beyond them; so they are taken for still."""
    program = (
        "import numpy as np\n"
        "from nircolor_tf.inference.flicker import Smoother\n"
        "smooth, draw = Smoother(0.8), np.random.default_rng(0).random\n"
        "for _ in range(4):\n"
        f"    frame = draw((*{size}, 3), np.float32)\n"
        f"    result = smooth(frame, draw((*{size}, 1), np.float32))\n"
        f"    assert result.shape == (*{size}, 3)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
