"""NIR of color photos, by what pairs tell of their camera."""

import numpy as np
import pytest

from nircolor_tf.data import augment, imitations


def make_pairs(count, *forms):
    """Pairs of random colors whose NIR is a function of (r, g, b)."""
    generator = np.random.default_rng(0)
    pairs = []
    for number in range(count):
        rgb = generator.random((80, 100, 3), np.float32)
        nir = forms[number % len(forms)](*np.moveaxis(rgb, -1, 0))
        pairs.append(np.concatenate([nir[..., None], rgb], axis=-1))
    return pairs


def camera(red, green, blue):
    return 0.1 + 0.3 * green + 0.4 * red * blue + 0.1 * blue**2


def test_the_mix_of_a_camera_is_found():
    pairs = make_pairs(2, camera)
    for pair, mix in zip(pairs, imitations.fit_mixes(pairs), strict=True):
        np.testing.assert_array_equal(mix, mix.T)
        actual = imitations.imitate_nir(pair[..., 1:], mix)
        assert (actual.shape, actual.dtype) == ((80, 100, 1), np.float32)
        # Pixels are averaged before they are compared.
        np.testing.assert_allclose(actual, pair[..., :1], atol=0.03)


def test_a_pair_has_its_own_mix_held_to_that_of_all():
    """A tenth of the weight is that of all pairs."""
    pairs = make_pairs(20, lambda r, g, b: g, lambda r, g, b: b)
    mixes = imitations.fit_mixes(pairs)
    linear = 2 * mixes[:, 0, 1:]
    expected = {0: [0, 1.05 / 1.1, 0.05 / 1.1], 1: [0, 0.05 / 1.1, 1.05 / 1.1]}
    for kind, coefficients in expected.items():
        means = linear[kind::2].mean(axis=0)
        np.testing.assert_allclose(means, coefficients, atol=0.06)


def test_a_pair_of_one_color_is_imitated_on_this_color():
    flat = np.full((30, 40, 4), 0.25, np.float32)
    flat[..., 0] = 0.75
    (mix,) = imitations.fit_mixes([flat])
    nir = imitations.imitate_nir(flat[..., 1:], mix)
    np.testing.assert_allclose(nir, 0.75, atol=0.01)


def test_what_is_darker_than_black_is_black():
    mix = np.diag(np.float32([-1, 0, 0, 0]))
    rgb = np.full((1, 1, 3), 0.5, np.float32)
    assert imitations.imitate_nir(rgb, mix) == 0
    assert imitations.imitate_nir(rgb, -2 * mix) == 1


def test_an_augmented_photo_has_the_nir_of_one_of_the_mixes():
    rgb = np.random.default_rng(0).random((5, 6, 3), np.float32)
    mixes = imitations.fit_mixes(make_pairs(3, camera, lambda r, g, b: 1 - b))
    drawn = set()
    for seed in range(30):
        nir = augment.random_imitation(rgb, (seed, 1), mixes).numpy()
        errors = [
            abs(nir - imitations.imitate_nir(rgb, mix)).max() for mix in mixes
        ]
        assert min(errors) < 1e-5
        drawn.add(int(np.argmin(errors)))
    assert drawn == {0, 1, 2}


@pytest.mark.parametrize(("count", "expected"), [(3, 3), (501, 500)])
def test_of_many_pairs_some_are_compared(count, expected):
    chosen = imitations.choose_some(range(count))
    assert len(set(chosen)) == expected
    assert (chosen[0], chosen[-1]) == (0, count - 1)
