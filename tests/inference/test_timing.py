"""The cores of a process, and the time that a model takes."""

import os

import numpy as np
import pytest

from nircolor_tf.errors import InputError
from nircolor_tf.inference import litert, timing


def test_the_cores_are_those_that_the_process_may_use(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {3, 5})
    assert timing.cores() == 2
    monkeypatch.delattr(os, "sched_getaffinity")
    assert timing.cores() == 64


def test_a_model_gets_no_more_threads_than_cores(monkeypatch, tmp_path):
    interpreter = pytest.importorskip("ai_edge_litert.interpreter")
    asked = []

    def refuse(model_content, num_threads):
        assert model_content == b"a model"
        asked.append(num_threads)
        raise ValueError("enough")

    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {3, 5})
    monkeypatch.setattr(interpreter, "Interpreter", refuse)
    file = tmp_path / "model.tflite"
    file.write_bytes(b"a model")
    for threads in (None, 7):
        with pytest.raises(InputError, match="enough"):
            litert.LitertModel(file, threads)
    assert asked == [2, 7]


def test_no_other_module_counts_the_cores(repository):
    counting = [
        path.name
        for path in (repository / "nircolor_tf").rglob("*.py")
        if "cpu_count" in (text := path.read_text(encoding="utf-8"))
        or "sched_getaffinity" in text
    ]
    assert counting == ["timing.py"]


def test_median_seconds_per_size_without_the_call_after_a_change(monkeypatch):
    now = 0.0
    shapes = [None]
    noise = iter([0, 0, 5, 0, 0, 0])  # one slow moment in the timed calls

    def colorize(nir):
        nonlocal now
        assert 0 <= nir.min() < nir.max() < 1
        if nir.shape != shapes[-1]:
            now += 100
        else:
            now += nir.shape[0] + next(noise)
        shapes.append(nir.shape)

    monkeypatch.setattr(timing.time, "perf_counter", lambda: now)
    seconds = timing.time_colorizer(colorize, [(4, 8), (16, 16)], repeats=3)
    assert seconds == {(4, 8): 4, (16, 16): 16}
    assert shapes[1::2] == [(4, 8, 1), (16, 16, 1)] * 3
    assert np.array_equal(shapes[1::2], shapes[2::2])
