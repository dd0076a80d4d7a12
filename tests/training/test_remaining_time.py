"""What a training says of its length."""

import pytest

from nircolor_tf.training import config_files
from nircolor_tf.training.remaining_time import RemainingTime


def said(steps, seconds, compile_seconds=100.0):
    """What is said in a training whose steps take so long."""
    times = [compile_seconds + seconds * step for step in range(steps)]
    # Read at the steps 3 and 12 alone.
    clock = iter([times[2], times[11]]) if steps > 11 else iter(times[2:3])
    remaining = RemainingTime(steps, lambda: next(clock))
    return [text for _ in range(steps) if (text := remaining.advance({}))]


def test_steps_that_were_only_begun_are_waited_for():
    times = {3: 100.0, 12: 1000.0}
    reads = []

    class Loss:
        def __init__(self, step):
            self.step = step

        def __float__(self):
            reads.append(self.step)
            return 0.5

    # The clock stands at the step that was last waited for.
    remaining = RemainingTime(112, lambda: times[reads[-1]])
    texts = [remaining.advance({"loss": Loss(n)}) for n in range(1, 113)]
    assert reads == [3, 12]
    assert "(1e+02 s each)" in "".join(texts)


@pytest.mark.parametrize(
    ("steps", "seconds", "expected"),
    [
        (1212, 1.0, "takes about 20 minutes from here"),
        (3612, 8.0, "takes about 8 hours from here"),
        (100_012, 8.64, "takes about 10 days from here"),
    ],
)
def test_the_time_is_that_of_the_steps_after_the_first(
    steps, seconds, expected
):
    (text,) = said(steps, seconds)
    assert text.startswith(expected)
    assert f"({seconds:.2g} s each)" in text


def test_a_short_training_says_nothing():
    assert said(600, 1.0) == []
    assert said(8, 1000.0) == []


def test_configs_of_papers_name_their_variant_for_processors(
    repository, monkeypatch
):
    monkeypatch.chdir(repository)
    for name, expected in (
        ("cocolor.py", "cocolor.py:cpu"),
        ("supervised.py:unet256", "supervised.py:unet256,cpu"),
        ("mpfnet.py:one_scale", "mpfnet.py:one_scale,cpu"),
        ("cocolor.py:cpu", None),
        ("cocolor.py:smoke", None),
        ("default.py:pairs", None),
    ):
        config = f"configs/{name}"
        variant = config_files.cpu_variant(config)
        assert variant == (expected and f"configs/{expected}")
