"""Learning rates by hand."""

import math

import pytest
from ml_collections import ConfigDict

from nircolor_tf.methods.schedules import make_schedule


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("constant", [0, 4, 8, 8, 8]),
        ("linear", [0, 3.6, 6.4, 4, 0]),
        ("cosine", [0, 4 * 0.5 * (1 + math.cos(0.1 * math.pi)), None, 4, 0]),
    ],
)
def test_schedules(name, expected):
    rate = make_schedule(
        ConfigDict({"schedule": name, "peak": 8.0, "warmup": 0.2}), "rate"
    )
    for progress, value in zip((0, 0.1, 0.2, 0.5, 1), expected, strict=True):
        if value is not None:
            assert rate(progress) == pytest.approx(value, abs=1e-12)
    plain = make_schedule(
        ConfigDict({"schedule": name, "peak": 8.0, "warmup": 0.0}), "rate"
    )
    assert plain(0.0) == 8.0
