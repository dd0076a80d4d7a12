"""Several processes that share a training, by TF_CONFIG, on this machine."""

import json
import signal
import time

import contract
import keras
import numpy as np
import pytest
import smoke
import workers

from nircolor_tf.errors import InputError
from nircolor_tf.methods import METHODS
from nircolor_tf.training import build, cluster, optimizers, trainer

# One experiment of every method.
EXPERIMENTS = {
    smoke.load_config(name, variant).method: f"{name}:{variant}"
    for name, variant in reversed(smoke.SMOKE)
}


# float16 has ten binary digits.
TOLERANCES = {"toy:4": 1e-6, "half:4": 1e-3}


@pytest.fixture
def sgd(monkeypatch):
    monkeypatch.setitem(METHODS, "toy", workers.Toy)
    monkeypatch.setattr(
        optimizers, "make_adam", lambda settings: keras.optimizers.SGD(0.0)
    )


def read_weights(file):
    """What a process wrote: the weights of its networks, by their names."""
    networks = {}
    with np.load(file) as arrays:
        for key, value in arrays.items():
            networks.setdefault(key.split()[0], []).append(value)
    return networks


def assert_equal_weights(first, second):
    assert first.keys() == second.keys()
    for name, values in first.items():
        for one, other in zip(values, second[name], strict=True):
            np.testing.assert_array_equal(one, other, name)


def assert_finished(processes):
    for status, output in workers.finish(processes):
        assert status == 0, output


def assert_same_checkpoints(first, second, tolerance):
    first, second = contract.everything(first), contract.everything(second)
    assert first.keys() == second.keys()
    for key, value in first.items():
        np.testing.assert_allclose(
            value, second[key], rtol=0, atol=tolerance, err_msg=key
        )


def test_two_processes_train_as_two_devices_of_one(
    tmp_path, pairs_manifest, sgd, two_replicas
):
    experiments = ("toy:4", "half:4")
    processes = workers.start(
        2, pairs_manifest, 4, tmp_path, "NUMBER", *experiments
    )
    alone = {name: tmp_path / f"alone-{name}" for name in experiments}
    for name, folder in alone.items():
        config = workers.config_of(name, pairs_manifest, 4)
        trainer.train(config, folder, two_replicas)
    results = workers.finish(processes)
    assert [status for status, _ in results] == [0, 0], results
    for name, folder in alone.items():
        weights = [read_weights(tmp_path / f"{name}-{n}.npz") for n in (0, 1)]
        assert len(weights[0]["colorizer"]) == 6
        assert_equal_weights(*weights)
        # The pools, which are of either process, too.
        assert_same_checkpoints(tmp_path / name, folder, TOLERANCES[name])
        check_one_writer(tmp_path / name, folder)
    assert "begins after step 0" in results[0][1]
    assert "begins after step 0" not in results[1][1]


def check_one_writer(shared, alone):
    """A second one's files, or rows, would stand beside those of the chief."""
    counts = [
        sum(path.is_file() for path in folder.rglob("*"))
        for folder in (shared, alone)
    ]
    assert counts[0] == counts[1] > 10
    rows = [
        (folder / "eval" / "scalars.csv").read_text().count("\n")
        for folder in (shared, alone)
    ]
    assert rows[0] == rows[1]


def wait_for(processes, path):
    while not path.exists():
        assert all(process.poll() is None for process in processes)
        time.sleep(0.1)


@pytest.mark.slow
def test_what_ends_one_process_ends_all_and_is_resumed(
    tmp_path, pairs_manifest
):
    steps, every = 400, 40
    flags = (pairs_manifest, 4, tmp_path, "NUMBER", f"toy:{steps}")
    shared = tmp_path / f"toy:{steps}"
    checkpoints = shared / "checkpoints"
    processes = workers.start(2, *flags)
    wait_for(processes, checkpoints / f"ckpt-{every}.index")
    processes[1].send_signal(signal.SIGTERM)
    results = workers.finish(processes, 120)
    assert [status for status, _ in results] == [143, 143], results
    ends = {output.split("after step")[-1].split()[0] for _, output in results}
    (step,) = ends
    assert every <= int(step) < steps
    assert (checkpoints / f"ckpt-{step}.index").exists()

    processes = workers.start(2, *flags)
    following = int(step) // every * every + every
    wait_for(processes, checkpoints / f"ckpt-{following}.index")
    processes[1].kill()
    # The first one does not wait for it for ever.
    results = workers.finish(processes, 300)
    assert results[0][0] not in (0, None)

    assert_finished(workers.start(2, *flags))
    shared.rename(tmp_path / "interrupted")
    assert_finished(workers.start(2, *flags))
    assert_same_checkpoints(shared, tmp_path / "interrupted", 0)


@pytest.mark.slow
@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("method", METHODS)
def test_every_method_has_the_weights_of_one_process(
    method, count, tmp_path, pairs_manifest, sgd, one_replica
):
    experiment = EXPERIMENTS[method]
    config = workers.config_of(experiment, pairs_manifest, count)
    base = contract.base_config(config)
    if base is not None:
        trainer.train(base, tmp_path / "base", one_replica)
    assert_finished(
        workers.start(
            count, pairs_manifest, count, tmp_path, "NUMBER", experiment
        )
    )
    weights = [
        read_weights(tmp_path / f"{experiment}-{n}.npz") for n in range(count)
    ]
    with one_replica.scope():
        start = build.make_method(config)
        before = contract.weights_of(start.networks)
    workdir = tmp_path / "one"
    trained = trainer.train(
        config,
        workdir,
        one_replica,
        workers.last_step(experiment),
        contract.read_start(config, workdir),
    )
    alone = contract.weights_of(trained.networks)
    for name, values in alone.items():
        update, difference = (
            contract.largest_difference({"": values}, {"": other[name]})
            for other in (before, weights[0])
        )
        # Summed instead of averaged gradients differ by the whole update;
        # several steps round to 6 % (test_replicas.py takes one).
        assert difference <= 0.25 * update, (name, difference, update)
    for other in weights[1:]:
        assert_equal_weights(weights[0], other)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"cluster": {"worker": ["a:1", "b:1"]}}',
        '{"cluster": {"worker": ["a:1"]}, '
        '"task": {"type": "worker", "index": 1}}',
        '{"cluster": {"ps": ["a:1"]}, "task": {"type": "ps", "index": 0}}',
    ],
)
def test_a_bad_cluster_is_refused(text, monkeypatch):
    monkeypatch.setenv(cluster.VARIABLE, text)
    with pytest.raises(InputError, match=r"TF_CONFIG is .*; expected"):
        cluster.make_strategy()


def test_a_cluster_of_one_is_one_process(monkeypatch):
    tree = {
        "cluster": {"worker": ["localhost:1"]},
        "task": {"type": "worker", "index": 0},
    }
    monkeypatch.setenv(cluster.VARIABLE, json.dumps(tree))
    strategy = cluster.make_strategy()
    assert strategy.num_replicas_in_sync == 1
    assert cluster.is_chief(strategy)
    assert not cluster.is_shared(strategy)


def test_processes_that_begin_at_different_steps_are_refused(
    tmp_path, monkeypatch, one_replica
):
    agreement = cluster.Agreement(one_replica)
    agreement.check_same_step(3, tmp_path)
    monkeypatch.setattr(agreement, "gather", lambda step: [step, 0])
    with pytest.raises(InputError, match=r"after the steps \[0, 3\]"):
        agreement.check_same_step(3, tmp_path)


def test_a_signal_is_known_a_step_later_without_waiting(
    monkeypatch, one_replica
):
    agreement = cluster.Agreement(one_replica)
    assert list(agreement.gather_previous(15)) == [15]
    monkeypatch.setattr(agreement, "_shared", True)
    answers = [list(agreement.gather_previous(n)) for n in (0, 15, 0, 0)]
    assert answers == [[0], [0], [15], [0]]
    assert list(agreement.gather(2)) == [2]
