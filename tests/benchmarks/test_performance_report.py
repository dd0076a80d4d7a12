"""Turns, fits, and the page: from numbers that are known to the text."""

import dataclasses
import json

import numpy as np
import pytest

from nircolor_tf.benchmarks import growth, page, suite, turns
from nircolor_tf.benchmarks.rows import Curve, Limits, Plan, Quartiles, Row
from nircolor_tf.errors import InputError


@pytest.fixture
def clock(monkeypatch):
    """Programs that take known times, by a clock of their own."""
    now, order = 0.0, []

    def make(name, seconds):
        def run():
            nonlocal now
            order.append(name)
            now += seconds

        return run

    monkeypatch.setattr(turns.time, "perf_counter", lambda: now)
    return make, order


def test_programs_take_turns(clock):
    make, order = clock
    programs = {"slow": make("slow", 2.0), "quick": make("quick", 0.25)}
    times = turns.take_turns(programs, seconds=0)
    # One call compiles, one says how long it takes; a short one is made twice.
    start = ["slow", "quick"] * 2
    assert order == start + ["slow", "quick", "quick"] * 5
    assert times == {"slow": [2.0] * 5, "quick": [0.25] * 5}


def test_rounds_end_with_the_time(clock):
    make, _ = clock
    times = turns.take_turns({"one": make("one", 1.0)}, seconds=7)
    assert len(times["one"]) == 8


def test_ratios_are_of_the_same_round():
    times = {"ours": [1.0, 4.0, 3.0], "theirs": [2.0, 4.0, 12.0]}
    ratios = turns.ratios(times, "theirs")
    assert ratios["ours"] == Quartiles(0.375, 0.5, 0.75)
    assert ratios["theirs"].median == 1


def test_the_fitted_power_is_that_of_the_curve():
    sizes = np.array([256, 512, 4096])
    np.testing.assert_allclose(growth.fit(sizes, 3e-7 * sizes**1.5), 1.5)


@pytest.fixture(scope="module")
def report():
    rows = [
        Row(
            work="generator",
            program="PyTorch, eager",
            seconds=Quartiles(0.2, 0.21, 0.25),
            ratio=Quartiles(1, 1, 1),
            reference=True,
            operations=10**9,
            traffic=10**8,
            limit=0.05,
        ),
        Row(
            work="generator",
            program="SavedModel",
            seconds=Quartiles(0.1, 0.1052, 0.12),
            ratio=Quartiles(0.48, 0.5, 0.53),
            goal="0.50",
            operations=10**9,
            traffic=10**8,
            limit=0.05,
        ),
    ]
    pairs = Row(
        work="pipeline",
        program="TensorFlow",
        seconds=Quartiles(0.1, 0.2, 0.4),
        items=100,
        unit="pairs/s",
    )
    memory = Row(work="step", program="ours", unit="GB", memory=5_400_000_000)
    return suite.Report(
        command="bin/benchmark.py --output=reports/performance",
        machine="2 cores",
        versions={"torch": "2"},
        plan=Plan(),
        limits=Limits(100e9, None, 400e9, 20e9),
        rows={"forward": rows, "surroundings": [pairs], "memory": [memory]},
        curves=[Curve("one image", "side, px", (2, 4), (0.5, 2.0), 2.0)],
        left_out={"exporting": "the 9 minutes were over"},
        failed=(),
        minutes=8.5,
    )


def test_the_page_says_what_was_measured(report, tmp_path):
    text = page.write(report, tmp_path)
    for line in (
        "| generator | PyTorch, eager | 210 ms | 200 to 250 | 1 |  | "
        "50.0 ms |  |",
        "|  | SavedModel | 105 ms | 100 to 120 | **0.50** | 0.48 to 0.53 | "
        "50.0 ms | 0.50 |",
        "| pipeline | TensorFlow | 500 pairs/s | 250 to 1,000 |  |  |  |  |",
        "| step | ours | 5.40 GB |  |  |  |  |  |",
        "| one image | side, px | 2 | 4 | 0.500 to 2.000 | 2.00 |",
        "- exporting: the 9 minutes were over",
        "bin/benchmark.py --output=reports/performance",
    ):
        assert line in text.splitlines()
    assert "100 GFLOP/s" in text
    assert "memory 20.0 GB/s" in text.replace("\n", " ")
    assert (tmp_path / "performance.md").read_text(encoding="utf-8") == text
    content = json.loads((tmp_path / "performance.json").read_text())
    assert content["rows"]["forward"][1]["ratio"]["median"] == 0.5
    assert {path.name for path in tmp_path.iterdir()} == {
        "performance.json",
        "performance.md",
        "roofline.png",
        "growth.png",
    }


def test_a_page_elsewhere_shows_the_same_pictures(report):
    text = page.format_page(report, "measured/performance/")
    assert "](measured/performance/roofline.png)" in text
    without = dataclasses.replace(report, curves=[])
    assert "growth.png" not in page.format_page(without, "")


def test_an_unknown_section_is_refused(tmp_path):
    with pytest.raises(InputError, match="'forwards'; expected some of for"):
        suite.run(Plan(), ["forwards"], 9, "", tmp_path / "log", print)


def test_a_section_that_fails_is_named_and_the_others_go_on(
    monkeypatch, tmp_path
):
    row = Row(work="work", program="ours", seconds=Quartiles(1, 1, 1))

    def apart(function, *arguments):
        if "memory" in arguments:
            raise ValueError("no such\nfile")
        return [row]

    monkeypatch.setattr(suite, "_apart", apart)
    sections = ["memory", "growth"]
    lines = []
    report = suite.run(Plan(), sections, 9, "", tmp_path / "log", lines.append)
    assert report.left_out == {"memory": "ValueError: no such file"}
    assert report.failed == ("memory",)
    assert report.rows == {"growth": [row]}
    late = suite.run(Plan(), sections, -1, "", tmp_path / "log", print)
    assert set(late.left_out) == set(sections)
    assert "minutes were over" in late.left_out["growth"]
    assert late.failed == ()
