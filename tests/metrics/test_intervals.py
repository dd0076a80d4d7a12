"""Bootstrap intervals against SciPy, known variances and hand-worked cases."""

import numpy as np
import pytest
from scipy import stats

from nircolor_tf.metrics import intervals


@pytest.fixture
def values():
    return np.random.default_rng(1).normal(17, 2, 40)


def _own_scenes(values):
    return [str(index) for index in range(len(values))]


def test_images_of_their_own_scenes_get_scipys_interval(values):
    expected = stats.bootstrap(
        (values,),
        np.mean,
        n_resamples=10_000,
        method="percentile",
        rng=np.random.default_rng(5),
    ).confidence_interval
    found = intervals.mean_interval(values, _own_scenes(values))
    # Both draw 10,000 times: the ends differ by the luck of the draw.
    np.testing.assert_allclose(found, expected, atol=0.03)


def test_copies_of_an_image_do_not_narrow_the_interval(values):
    scenes = _own_scenes(values)
    once = intervals.mean_interval(values, scenes)
    tripled = intervals.mean_interval([*values] * 3, scenes * 3)
    assert tripled == pytest.approx(once)
    as_if_new = intervals.mean_interval([*values] * 3, _own_scenes(range(120)))
    assert as_if_new[1] - as_if_new[0] < 0.7 * (once[1] - once[0])


def test_scenes_of_unequal_size_weigh_by_their_images():
    # Half of the resamples hold both scenes, a quarter each of them twice:
    # the 2.5% and 97.5% ends are the scenes' own means.
    found = intervals.mean_interval([0.0, 3.0, 3.0], ["a", "b", "b"])
    assert found == pytest.approx((0, 3))
    draws = intervals._draws(2)
    means = (draws @ [0, 6]) / (draws @ [1, 2])
    assert set(means.round(6)) == {0, 2, 3}
    assert np.mean(means == 2) == pytest.approx(0.5, abs=0.02)


def test_the_interval_covers_the_true_mean_as_often_as_it_says():
    generator = np.random.default_rng(2)
    scenes = _own_scenes(range(60))
    hits = 0
    for _ in range(200):
        low, high = intervals.mean_interval(generator.normal(0, 1, 60), scenes)
        hits += low <= 0 <= high
    # 95% of 200, give or take three standard deviations (and the percentile
    # interval is a little narrow for 60 values).
    assert 178 <= hits <= 199


def test_repeats_exactly(values):
    scenes = _own_scenes(values)
    first = intervals.mean_interval(values, scenes)
    intervals._draws.cache_clear()
    assert intervals.mean_interval(values, scenes) == first


@pytest.mark.parametrize(
    ("values", "scenes"),
    [([1.0, 2.0], ["a", "a"]), ([1.0, float("inf")], ["a", "b"])],
)
def test_no_interval_where_there_is_none(values, scenes):
    assert intervals.mean_interval(values, scenes) is None
