"""The loss that tolerates displaced pairs: by hand, and in a small training."""

import json
import types

import keras
import numpy as np
import pytest
import smoke
import tensorflow as tf

from nircolor_tf import losses
from nircolor_tf.data import synthetic
from nircolor_tf.errors import InputError
from nircolor_tf.methods import METHODS
from nircolor_tf.training import build, config_files

SIDE, REACH = 96, 3
# (down, right): how far the content of each truth lies from that of its NIR.
DISPLACED = ((0, 0), (2, -3), (-3, 1), (3, 3))


def cut(images, down, right, side):
    """The middle of each image, its content moved down and to the right."""
    top, left = REACH - down, REACH - right
    return images[top : top + side, left : left + side]


def make_pairs(displacements, side=SIDE):
    """NIR, its aligned truth and a displaced one, (B, side, side, C)."""
    nirs, aligned, displaced = [], [], []
    for seed, move in enumerate(displacements):
        pair = synthetic.make_pair(seed, side + 2 * REACH, side + 2 * REACH)
        nir, rgb = (image.astype(np.float32) / 255 for image in pair)
        nirs.append(cut(nir, 0, 0, side))
        aligned.append(cut(rgb, 0, 0, side))
        displaced.append(cut(rgb, *move, side))
    return np.stack(nirs), np.stack(aligned), np.stack(displaced)


@pytest.fixture(scope="module")
def pairs():
    return make_pairs(DISPLACED)


def known(down, right):
    """Of which pixels the displaced truth shows what is there."""
    mask = np.ones((SIDE, SIDE), bool)
    rows, columns = np.mgrid[:SIDE, :SIDE]
    mask &= (rows + down >= 0) & (rows + down < SIDE)
    return mask & (columns + right >= 0) & (columns + right < SIDE)


TERMS = {
    "l1": losses.l1,
    "l2": losses.l2,
    "chroma": losses.chroma_l1,
    "mix": lambda fake, real: losses.pyramid_mix(fake, real, (0.0, 1.0), 0.84),
}


@pytest.mark.parametrize("term", TERMS)
def test_the_true_colors_of_displaced_pairs_lose_nothing(term, pairs):
    nir, aligned, displaced = pairs
    assert float(TERMS[term](aligned, displaced)) > 1e-3
    moved = losses.align(aligned, displaced, nir, REACH)
    np.testing.assert_array_equal(moved, aligned)
    assert float(TERMS[term](aligned, moved)) < 1e-6


def test_an_error_counts_wherever_the_truth_is_known(pairs):
    nir, aligned, displaced = pairs
    prediction = tf.constant(aligned + 0.125)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(prediction)
        moved = losses.align(prediction, displaced, nir, REACH)
        loss = losses.l1(prediction, moved)
    # All of the first, 94 x 93 pixels of the second, and so on.
    shares = [1.0, 94 * 93 / 96**2, 93 * 95 / 96**2, 93 * 93 / 96**2]
    np.testing.assert_allclose(loss, 0.125 * np.mean(shares), rtol=1e-5)
    assert tape.gradient(moved, prediction) is None
    gradient = tape.gradient(loss, prediction).numpy()
    for image, move in zip(gradient, DISPLACED, strict=True):
        expected = known(*move)[..., None] / gradient.size
        np.testing.assert_allclose(image, expected + 0 * image, rtol=1e-5)


def test_a_prediction_that_is_displaced_is_not_forgiven(pairs):
    nir, aligned, _ = pairs
    prediction = np.roll(aligned, 2, axis=2)
    moved = losses.align(prediction, aligned, nir, REACH)
    np.testing.assert_array_equal(moved, aligned)


def test_tones_do_not_matter_and_what_is_flat_stays(pairs):
    nir, aligned, displaced = pairs
    moved = losses.align(2 * aligned - 1, 2 * displaced - 1, 1 - nir, REACH)
    np.testing.assert_array_equal(moved, 2 * aligned - 1)
    moved = losses.align(aligned, displaced, 0 * nir + 0.5, REACH)
    np.testing.assert_array_equal(moved, displaced)


def test_strong_edges_at_the_border_attract_nothing(pairs):
    """Only displaced cuts of the truth see them."""
    nir, aligned, _ = pairs
    framed = np.random.default_rng(0).integers(0, 2, aligned.shape)
    inner = np.s_[:, REACH:-REACH, REACH:-REACH]
    framed = framed.astype(np.float32)
    framed[inner] = 0.1 * aligned[inner]
    moved = losses.align(aligned, framed, nir, REACH)
    np.testing.assert_array_equal(moved, framed)


@pytest.mark.parametrize(("side", "largest"), [(30, 5), (19, 3), (6, 0)])
def test_a_shift_too_large_for_the_images(side, largest):
    losses.check_shift(largest, side)
    rgb = tf.zeros((1, side + 9, side, 3))
    for shift in (-1, largest + 1, 2 * side):
        message = rf"loss\.shift is {shift}; expected 0 to {largest} .* {side}"
        with pytest.raises(InputError, match=message):
            losses.align(rgb, rgb, rgb[..., :1], shift)


@pytest.mark.parametrize("name", ["landscapes", "colornet"])
def test_a_method_says_so_before_it_trains(name):
    config = smoke.smoke_config(name, "smoke")
    config.loss.shift = 7
    with pytest.raises(InputError, match=r"shift is 7; .* 0 to 6 .* of 32 px"):
        build.make_method(config)


@pytest.mark.parametrize("name", ["landscapes", "colornet"])
def test_methods_align_only_where_asked(name, pairs):
    nir, aligned, displaced = pairs
    config = smoke.load_config(name, "")
    method = types.SimpleNamespace(
        config=config, colorizer=lambda nir, training: tf.constant(aligned)
    )
    totals = []
    for shift in (0, REACH):
        config.loss.shift = shift
        total, _ = METHODS[config.method].train_losses(
            method, {"nir": nir, "rgb": displaced}
        )
        totals.append(float(total["colorizer_optimizer"]))
    assert totals[0] > 1e-2
    assert totals[1] < 1e-6


def test_an_older_workdir_lacks_the_key_if_its_method_reads_it(tmp_path):
    for name in ("landscapes", "dcgan"):
        config = smoke.load_config(name, "smoke")
        config_files.write_config(tmp_path / name, config)
    assert "shift" not in config_files.read_config(tmp_path / "dcgan").loss
    file = tmp_path / "landscapes" / "config.json"
    written = json.loads(file.read_text())
    del written["loss"]["shift"]
    file.write_text(json.dumps(written))
    assert config_files.read_config(tmp_path / "landscapes").loss.shift == 0


def train(nir, truth, shift):
    """A network that sees far enough to learn the shift, too, under L1."""
    keras.utils.set_random_seed(0)
    network = keras.Sequential(
        [
            keras.Input((None, None, 1)),
            keras.layers.Conv2D(16, 3, padding="same", activation="relu"),
            keras.layers.Conv2D(16, 3, padding="same", activation="relu"),
            keras.layers.Conv2D(3, 3, padding="same"),
        ]
    )
    optimizer = keras.optimizers.Adam(1e-2)
    optimizer.build(network.trainable_variables)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            prediction = network(nir, training=True)
            real = losses.align(prediction, truth, nir, shift)
            loss = losses.l1(prediction, real)
        variables = network.trainable_variables
        optimizer.apply(tape.gradient(loss, variables), variables)

    for _ in range(80):
        step()
    return network


def test_displaced_pairs_teach_the_aligned_truth():
    """Color is a function of NIR here: all that is hard is the place."""
    nir, _, _ = make_pairs([(0, 0)] * 8, side=64 + 2 * REACH)
    rgb = np.concatenate([nir, 1 - nir, nir**2], axis=-1)
    displaced = np.stack([cut(image, 2, -3, 64) for image in rgb])
    inner = np.s_[:, REACH:-REACH, REACH:-REACH]
    nir, aligned = nir[inner], rgb[inner]
    decibels = []
    for shift in (0, REACH):
        prediction = train(nir, displaced, shift)(nir)
        decibels.append(-10 * np.log10(losses.l2(prediction, aligned)))
    assert decibels[1] > decibels[0] + 4
