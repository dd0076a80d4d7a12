"""Damaged files and values, drawn by hypothesis, and what is done to them."""

import copy
import signal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

# A few in every run, thousands in `make test-all`.
COUNTS = pytest.mark.parametrize(
    "count", [8, pytest.param(2000, marks=pytest.mark.slow)]
)
_SECONDS = 120
_REMOVED = object()

_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**40), 2**40),
    st.sampled_from([-1, 0, 1, 2, 0.5]),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["", "..", "../x", "/etc/passwd", "a/b", "\0"]),
)
VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.text(max_size=4), inner, max_size=3),
    ),
    max_leaves=4,
)


def fuzz(count, strategy, check):
    """Calls check(value) for so many values; it may not hang."""

    def stop(number, frame):
        raise TimeoutError(f"more than {_SECONDS} s")

    @settings(
        max_examples=count,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def run(value):
        signal.alarm(_SECONDS)
        check(value)
        signal.alarm(0)

    before = signal.signal(signal.SIGALRM, stop)
    try:
        run()
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def damaged(content):
    """A file with bytes changed, cut off, left out or put in."""
    places = st.integers(0, len(content) - 1)
    # Headers, which stand at either end, more often than what is between.
    places |= st.integers(0, min(len(content), 200) - 1)
    places |= st.integers(max(0, len(content) - 200), len(content) - 1)
    changes = st.lists(
        st.tuples(places, st.integers(0, 255)), min_size=1, max_size=8
    )
    return st.one_of(
        changes.map(lambda changes: _with_bytes(content, changes)),
        places.map(lambda end: content[:end]),
        st.tuples(places, st.integers(1, 50)).map(
            lambda cut: content[: cut[0]] + content[sum(cut) :]
        ),
        st.tuples(places, st.binary(min_size=1, max_size=50)).map(
            lambda more: content[: more[0]] + more[1] + content[more[0] :]
        ),
    ).filter(lambda changed: changed != content)


def changed(tree, values=VALUES):
    """A JSON tree with one to three values replaced or removed."""
    changes = st.lists(
        st.tuples(st.sampled_from(list(_paths(tree))), values | _removed()),
        min_size=1,
        max_size=3,
    )
    return changes.map(lambda changes: _with_values(tree, changes))


def _removed():
    return st.just(_REMOVED)


def _with_bytes(content, changes):
    data = bytearray(content)
    for place, value in changes:
        data[place] = value
    return bytes(data)


def _paths(tree, before=()):
    if isinstance(tree, dict):
        keys = tree
    elif isinstance(tree, list):
        keys = range(len(tree))
    else:
        return
    for key in keys:
        yield (*before, key)
        yield from _paths(tree[key], (*before, key))


def _with_values(tree, changes):
    tree = copy.deepcopy(tree)
    for path, value in changes:
        owner = tree
        try:
            for key in path[:-1]:
                owner = owner[key]
            if value is _REMOVED:
                del owner[path[-1]]
            else:
                owner[path[-1]] = value
        except (TypeError, KeyError, IndexError):
            pass  # an earlier change took it away
    return tree
