"""Expected against real errors, by hand."""

import numpy as np
import pytest

from nircolor_tf.metrics import reliability


def test_twenty_pixels_by_hand():
    # Two pixels to a tenth; the model says half of what there is.
    expected = np.repeat(np.arange(1, 11), 2) / 100
    measured = reliability.measure(expected, 2 * expected)
    assert measured.factor == pytest.approx(2)
    assert measured.expected == pytest.approx(np.arange(1, 11) / 50)
    assert measured.real == pytest.approx(measured.expected)
    # 2 x 0.20 of 2 x (0.02 + ... + 0.20) = 2 x 1.10.
    assert measured.last_share == pytest.approx(0.2 / 1.1)
    assert measured.most_share == pytest.approx(0.2 / 1.1)


def test_a_model_that_errs_where_it_is_sure():
    expected = np.arange(1, 11) / 10
    measured = reliability.measure(expected, expected[::-1])
    assert measured.factor == pytest.approx(1)
    assert measured.last_share == pytest.approx(0.1 / 5.5)
    assert measured.most_share == pytest.approx(1 / 5.5)
    assert measured.real == pytest.approx(measured.expected[::-1])


@pytest.mark.parametrize("shapes", [((9,), (9,)), ((10,), (11,))])
def test_too_few_pixels_or_other_shapes(shapes):
    expected, real = map(np.ones, shapes)
    with pytest.raises(ValueError, match="expected one shape, of 10"):
        reliability.measure(expected, real)
