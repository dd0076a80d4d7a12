"""Steps of several configs, timed in turn."""

import pytest
import smoke

from nircolor_tf.errors import InputError
from nircolor_tf.training import config_files, step_times


def test_every_kind_of_phase_is_timed_in_turn(monkeypatch):
    configs = {
        "unet": smoke.load_config("landscapes", "smoke"),
        "translators": smoke.load_config("cocolor", "smoke"),
    }
    now, order = 0.0, []

    def compile_step(training, phase, jit_compile):
        length = {"train": 1.0}.get(phase.name, 4.0)

        def step(batch):
            nonlocal now
            order.append(phase.name)
            # The first two calls of a kind take longer, and are not counted.
            now += length * (100 if order.count(phase.name) < 2 else 1)
            return {}

        return step

    monkeypatch.setattr(step_times, "compile_step", compile_step)
    monkeypatch.setattr(step_times.time, "perf_counter", lambda: now)
    times = step_times.time_steps(configs, repeats=3)
    kinds = ["train", "translate", "colorize", "cooperate"]
    assert order == kinds + [kind for kind in kinds for _ in range(2)] * 3
    (unet,) = times["unet"]
    assert (unet.phase, unet.steps, unet.seconds) == ("train", 4, 1.0)
    assert [kind.seconds for kind in times["translators"]] == [4.0] * 3


def test_devices_share_a_batch(monkeypatch, two_replicas):
    config = smoke.load_config("landscapes", "smoke")
    sizes = []

    def compile_step(training, phase, jit_compile):
        return lambda batch: sizes.append(len(batch["nir"])) or {}

    monkeypatch.setattr(
        step_times.cluster, "make_strategy", lambda: two_replicas
    )
    monkeypatch.setattr(step_times, "compile_step", compile_step)
    step_times.time_steps({"a": config, "b": config}, repeats=1)
    assert set(sizes) == {config.data.batch_size // 2} == {1}


def test_a_real_step_takes_time():
    config = smoke.load_config("landscapes", "smoke")
    (kind,) = step_times.time_steps({"a": config}, repeats=2)["a"]
    assert 0 < kind.seconds < 60


def test_the_mean_step_counts_each_phase_by_its_steps():
    times = [
        step_times.StepTime("a", 3, 1.0),
        step_times.StepTime("b", 1, 5.0),
    ]
    assert step_times.mean_seconds(times) == 2.0


def test_a_config_file_that_is_not_there_is_named():
    with pytest.raises(InputError, match=r"config 'no\.py'"):
        config_files.read("no.py")
    with pytest.raises(InputError, match="expected nothing or one of color"):
        config_files.read("configs/landscapes.py:none")
