"""The order of a benchmark, and what becomes of a section that fails."""

import pytest

from nircolor_tf.benchmarks import suite
from nircolor_tf.benchmarks.rows import Plan
from nircolor_tf.errors import InputError


def test_the_others_go_on_after_a_section_that_fails(monkeypatch, tmp_path):
    def measure(function, *arguments):
        if arguments[0] == "memory":
            raise OSError("no\nmemory")
        return []

    monkeypatch.setattr(suite, "_apart", measure)
    lines = []
    sections = ("forward", "memory", "growth")
    report = suite.run(
        Plan(), sections, 1, "bin/benchmark.py", tmp_path / "log", lines.append
    )
    assert report.failed == ("memory",)
    assert report.left_out == {"memory": "OSError: no memory"}
    assert list(report.rows) == ["forward", "growth"]
    assert lines == [f"{name}: 0 s" for name in sections]


def test_what_time_does_not_allow_is_left_out_and_has_not_failed(
    monkeypatch, tmp_path
):
    monkeypatch.setattr(suite, "_apart", lambda *_: [])
    report = suite.run(Plan(), ("forward",), -1, "", tmp_path / "log", print)
    assert report.failed == ()
    assert report.left_out == {"forward": "the -1 minutes were over"}


def test_an_unknown_section_is_refused_before_anything_is_measured(tmp_path):
    with pytest.raises(InputError, match=r"--sections: 'speed'; .* growth"):
        suite.run(Plan(), ("speed",), 1, "", tmp_path / "log", print)
