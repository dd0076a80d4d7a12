"""The trainer's promises: rates, averages, phases, stops and resumes."""

import json
import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops
from toy_method import Toy, rows

from nircolor_tf.data import manifest, training_data
from nircolor_tf.errors import InputError, NonFiniteLossError
from nircolor_tf.losses import pixelwise
from nircolor_tf.training import (
    build,
    config_files,
    evaluator,
    loop,
    restore,
    trainer,
)
from nircolor_tf.training.averages import MovingAverages
from nircolor_tf.training.checkpoints import Checkpoints
from nircolor_tf.training.evaluator import Evaluator
from nircolor_tf.training.writer import Writer


def weights(method, *names):
    return [v.numpy() for n in names for v in method.networks[n].variables]


def same(first, second):
    return all(map(np.array_equal, first, second))


def test_moving_average_by_hand(toy_config, one_replica):
    with one_replica.scope():
        method = Toy(toy_config)
        averages = MovingAverages(method, 0.28, one_replica)
    kernel = method.colorizer.stack[1].bias
    mean = method.translator.stack[0].moving_mean
    expected = 0.0
    for step, value in ((1, 10.0), (2, 20.0), (3, 40.0), (4, 80.0)):
        for variable in (kernel, mean):
            variable.assign(value * np.ones(variable.shape))
        averages.update()
        # 2/11, 3/12, then 4/13 and 5/14 are above the decay asked for.
        decay = {1: 2 / 11, 2: 3 / 12}.get(step, 0.28)
        expected = decay * expected + (1 - decay) * value
    with averages.applied():
        # BatchNorm's statistics are averaged too.
        np.testing.assert_allclose(kernel, [expected] * 3, rtol=1e-5)
        np.testing.assert_allclose(mean, [expected], rtol=1e-5)
    np.testing.assert_array_equal(kernel, [80.0] * 3)
    averages.apply()
    np.testing.assert_allclose(kernel, [expected] * 3, rtol=1e-5)


def test_the_average_is_evaluated_and_kept(
    config, tmp_path, one_replica, monkeypatch
):
    config.train.evaluate_every = 4
    raw = trainer.train(config, tmp_path, one_replica)
    best, record = restore.load_method(tmp_path, "best")
    latest, _ = restore.load_method(tmp_path, "latest")
    assert record["step"] == 4
    assert same(weights(best, "colorizer"), weights(latest, "colorizer"))
    assert not same(weights(best, "colorizer"), weights(raw, "colorizer"))
    examples = manifest.select(
        manifest.read_manifest(config.data.manifest), "val"
    )
    metrics, grids = Evaluator(best, examples, config.evaluate).evaluate()
    assert record["metrics"] == pytest.approx(metrics, rel=1e-6)
    # A method without `visuals` of its own gives no grid of them.
    assert list(grids) == ["NIR, colorized, truth"]
    assert grids["NIR, colorized, truth"].dtype == np.uint8
    monkeypatch.setattr(evaluator, "_GRID_SIDE", 16)
    _, smaller = Evaluator(best, examples, config.evaluate).evaluate()
    heights = [
        grid["NIR, colorized, truth"].shape[0] for grid in (grids, smaller)
    ]
    count = min(len(examples), config.evaluate.grid_images)
    assert heights[0] - heights[1] == count * (examples[0].height - 16) > 0
    config.evaluate.grid_images = 0
    again, grids = Evaluator(best, examples, config.evaluate).evaluate()
    assert (again, grids) == (metrics, {})
    logged = {r["scalar"]: float(r["value"]) for r in rows(tmp_path, "eval")}
    assert logged == pytest.approx(metrics, rel=1e-4)


def nan_at_step_3(where):
    """An L1 whose value, or only whose gradient, is NaN at the third call."""
    calls = tf.Variable(0)

    def l1(prediction, truth):
        value = ops.mean(ops.abs(prediction - truth))
        third = calls.assign_add(1) == 3
        if where == "loss":
            return tf.where(third, np.nan, value)
        # The square root has an infinite slope at 0, and inf * 0 is NaN.
        zero = ops.sqrt(0.0 * value) * tf.cast(third, tf.float32)
        return value + tf.cond(third, lambda: zero, lambda: 0.0)

    return l1


@pytest.mark.parametrize(
    ("where", "log_every", "term"),
    [
        ("loss", 1, "colorizer/l1"),
        ("loss", 100, "colorizer/l1"),
        ("gradient", 100, "colorizer_optimizer/gradient_norm"),
    ],
)
def test_nan_stops_before_anything_is_kept(
    where, log_every, term, config, tmp_path, one_replica, monkeypatch
):
    config.train.update({"log_every": log_every, "evaluate_every": 3})
    with monkeypatch.context() as patch:
        patch.setattr(pixelwise, "l1", nan_at_step_3(where))
        with pytest.raises(
            NonFiniteLossError, match=f"step 3, phase 'train': {term} is nan"
        ):
            trainer.train(config, tmp_path, one_replica)
    checkpoint = tf.train.latest_checkpoint(tmp_path / "checkpoints")
    assert checkpoint.endswith("-2")
    assert not (tmp_path / "checkpoints" / "best.json").exists()
    method = trainer.train(config, tmp_path, one_replica)
    assert all(np.isfinite(w).all() for w in weights(method, "colorizer"))


def test_a_workdir_of_another_config_is_refused(config, tmp_path, one_replica):
    trainer.train(config, tmp_path, one_replica, stop_at=1)
    before = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*")}
    config.rate.peak = 0.5
    with pytest.raises(
        InputError, match=r"config\.json: .*rate\.peak: 0\.001 there, 0\.5 now"
    ):
        trainer.train(config, tmp_path, one_replica)
    assert before == {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*")}


def test_a_workdir_knows_its_config(config, tmp_path):
    config_files.write_config(tmp_path / "new", config)
    again = config_files.read_config(tmp_path / "new")
    assert again == config
    assert again.data.zoom == (1.28, 1.28)
    assert again.is_locked
    with pytest.raises(InputError, match=r"config\.json: no such file"):
        config_files.read_config(tmp_path)
    text = (file := tmp_path / "new" / "config.json").read_text()
    file.write_text(text.replace('"recompute"', '"old_name"'))
    assert config_files.read_config(tmp_path / "new").train.recompute is False
    file.write_text(text[:-9])
    with pytest.raises(InputError, match=r"config\.json: not a JSON file"):
        config_files.read_config(tmp_path / "new")


def test_writer_drops_what_came_after_the_checkpoint(tmp_path):
    writer = Writer(tmp_path, 0, 9)
    for step in (1, 2, 3, 4):
        writer.scalars("train", step, "a", {"x/l1": step / 8, "x/l2": 0.0})
    writer.close()
    path = tmp_path / "train" / "scalars.csv"
    # As a kill in the middle of a row leaves it.
    path.write_text(path.read_text() + "1")
    Writer(tmp_path, 3, 9).close()
    kept = rows(tmp_path, "train")
    assert [row["step"] for row in kept] == ["1", "1", "2", "2", "3", "3"]
    assert kept[-2] == {
        "step": "3",
        "phase": "a",
        "scalar": "x/l1",
        "value": "0.375",
    }
    assert rows(tmp_path, "eval") == []


def test_the_best_is_kept_and_the_one_before(
    config, tmp_path, one_replica, monkeypatch
):
    scores = iter([1.0, 3.0, 2.0, 3.0])
    monkeypatch.setattr(
        Evaluator, "evaluate", lambda *_: ({"std/psnr": next(scores)}, {})
    )
    config.train.evaluate_every = 1
    trainer.train(config, tmp_path, one_replica)
    assert next(scores, None) is None
    folder = tmp_path / "checkpoints"
    # The first of two equal ones.
    names = sorted(path.name for path in folder.glob("best-*.index"))
    assert names == ["best-1.index", "best-2.index"]
    record = json.loads((folder / "best.json").read_text())
    assert record.pop("previous")["step"] == 1
    assert (record["step"], record["metrics"]) == (2, {"std/psnr": 3.0})
    assert restore.load_method(tmp_path, "best")[1] == record


def test_alternating_phases_share_steps_and_freeze_the_rest(
    toy_config, tmp_path, one_replica, monkeypatch
):
    compiled = []
    compile_step = loop.compile_step

    def counting(training, phase, jit_compile):
        compiled.append(phase.name)
        return compile_step(training, phase, jit_compile)

    monkeypatch.setattr(loop, "compile_step", counting)
    toy_config.train.evaluate_every = 100
    # Stop after each phase, to look at the weights, and go on.
    states = [build.make_method(toy_config)]
    for end in (2, 4, 6, 8):
        states.append(
            trainer.train(toy_config, tmp_path / "a", one_replica, stop_at=end)
        )
        # The photos are not read. A resume makes the record of an old workdir.
        record = training_data.read_if_there(tmp_path / "a")
        roles = [image.role for image in record.images]
        assert roles == 7 * ["pair"] + 3 * ["validation"]
        # Already there: nothing is trained.
        trainer.train(toy_config, tmp_path / "a", one_replica, stop_at=1)
        assert rows(tmp_path / "a", "train")[-1]["step"] == str(end)
        (tmp_path / "a" / training_data.FILE).unlink()
    for index, network in enumerate(("translator", "colorizer") * 2):
        for name in ("translator", "colorizer"):
            pair = [weights(states[i], name) for i in (index, index + 1)]
            assert same(*pair) == (name != network)
    steps = [(r["step"], r["phase"]) for r in rows(tmp_path / "a", "train")]
    assert steps[::4] == [
        (str(step), ("translator", "colorizer")[(step - 1) // 2 % 2])
        for step in range(1, 9)
    ]
    compiled.clear()
    whole = trainer.train(toy_config, tmp_path / "b", one_replica)
    assert compiled == ["translator", "colorizer"]
    names = ("translator", "colorizer")
    assert same(weights(whole, *names), weights(states[-1], *names))
    # The rate is a function of the progress within each phase.
    rates = [
        float(row["value"])
        for row in rows(tmp_path / "b", "train")
        if row["scalar"].endswith("/rate")
    ]
    assert rates == pytest.approx([0.1, 0.05] * 4)


def test_the_step_is_plain_gradient_descent(toy_config, one_replica):
    """One step of the translator against the gradient worked out by hand."""
    with one_replica.scope():
        method = Toy(toy_config)
        training = build.prepare_training(method, one_replica)
    bias = method.translator.stack[1].bias
    phase = method.phases()[0]
    training.optimizers["translator_optimizer"].learning_rate.assign(0.25)
    step = loop.compile_step(training, phase, jit_compile=False)
    # A constant image is 0 after BatchNorm: the prediction is the bias, 0,
    # and the gradient of |bias - 1| is -1.
    batch = {
        "nir": tf.fill((2, 4, 4, 1), 0.5),
        "rgb": tf.ones((2, 4, 4, 3)),
    }
    scalars = step(batch)
    np.testing.assert_allclose(bias, [0.25], rtol=1e-6)
    np.testing.assert_allclose(scalars["translator/l1"], 1.0, rtol=1e-6)
    np.testing.assert_allclose(
        scalars["translator_optimizer/loss"], 1.0, rtol=1e-6
    )
    # The kernel multiplies 0, so its gradient is 0; BatchNorm's offset gets
    # the bias' gradient times the kernel.
    kernel = float(method.translator.stack[1].kernel.numpy().item())
    np.testing.assert_allclose(
        scalars["translator_optimizer/gradient_norm"],
        math.hypot(1, kernel),
        rtol=1e-5,
    )


def test_mixed_precision_differs_little_and_keeps_float32(config):
    totals = []
    rng = np.random.default_rng(0)
    batch = {
        "nir": rng.random((2, 32, 32, 1), np.float32),
        "rgb": rng.random((2, 32, 32, 3), np.float32),
    }
    for precision in ("float32", "bfloat16", "float16"):
        method = build.make_method(config, precision)
        kinds = {v.dtype for v in method.colorizer.variables}
        assert kinds == {"float32"}
        assert method.colorizer.downs[0].compute_dtype == precision
        total = method.train_losses(batch)[0]["colorizer_optimizer"]
        assert total.dtype == tf.float32
        totals.append(float(total))
    assert len(set(totals)) == 3
    assert totals[1] == pytest.approx(totals[0], rel=0.01)
    assert totals[2] == pytest.approx(totals[0], rel=0.001)
    assert keras.config.dtype_policy().name == "float32"


def test_a_checkpoint_of_another_network_is_refused(
    config, tmp_path, one_replica
):
    trainer.train(config, tmp_path, one_replica, stop_at=1)
    with one_replica.scope():
        config.network.filters = 4
        method = build.make_method(config)
        training = build.prepare_training(method, one_replica)
        step = tf.Variable(0, dtype=tf.int64)
        checkpoints = Checkpoints(tmp_path, training, step)
    with pytest.raises(InputError, match=r"ckpt-1: .*not a checkpoint of this"):
        checkpoints.restore_latest()


def test_no_checkpoint_yet(config, tmp_path):
    config_files.write_config(tmp_path, config)
    with pytest.raises(InputError, match="no best checkpoint"):
        restore.load_method(tmp_path, "best")
    with pytest.raises(InputError, match="no checkpoint yet"):
        restore.load_method(tmp_path, "latest")
