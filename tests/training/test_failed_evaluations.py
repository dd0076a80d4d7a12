"""Evaluations and steps that fail: what is kept, and what is said."""

import pytest
import tensorflow as tf
from toy_method import rows

from nircolor_tf.data import manifest
from nircolor_tf.errors import InputError
from nircolor_tf.inference.colorizer import Colorizer
from nircolor_tf.training import build, loop, trainer
from nircolor_tf.training.evaluator import Evaluator
from nircolor_tf.training.writer import Writer


def exhaust(*arguments):
    raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating")


def test_an_evaluation_that_fails_costs_no_step(
    toy_config, tmp_path, one_replica, monkeypatch
):
    toy_config.train.update(checkpoint_every=4, evaluate_every=3)
    with monkeypatch.context() as patch:
        patch.setattr(Colorizer, "__call__", exhaust)
        with pytest.raises(InputError, match="fit into the memory"):
            trainer.train(toy_config, tmp_path, one_replica)
    assert (tmp_path / "checkpoints" / "ckpt-3.index").exists()
    # It is made again, with the weights that it would have had.
    trainer.train(toy_config, tmp_path, one_replica)
    steps = [row["step"] for row in rows(tmp_path, "train")]
    assert sorted(set(steps)) == list("12345678")
    assert {row["step"] for row in rows(tmp_path, "eval")} == set("368")


def test_a_kill_within_the_records_of_an_evaluation_costs_none_of_them(
    toy_config, tmp_path, one_replica, monkeypatch
):
    toy_config.train.update(checkpoint_every=3, evaluate_every=3)
    toy_config.evaluate.grid_images = 1

    def killed(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Writer, "image", killed)
        with pytest.raises(KeyboardInterrupt):
            trainer.train(toy_config, tmp_path, one_replica)
    trainer.train(toy_config, tmp_path, one_replica)
    evaluated = sorted({int(row["step"]) for row in rows(tmp_path, "eval")})
    grids = sorted((tmp_path / "eval").glob("*.png"))
    assert evaluated == [3, 6, 8]
    assert [int(path.name.partition("_")[0]) for path in grids] == evaluated


def test_the_image_is_named(config):
    method = build.make_method(config)
    examples = manifest.select(
        manifest.read_manifest(config.data.manifest), "val"
    )
    evaluator = Evaluator(method, examples, config.evaluate)
    first = examples[0]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Colorizer, "__call__", exhaust)
        with pytest.raises(InputError) as failure:
            evaluator.evaluate()
    assert str(failure.value).startswith(
        f"{first.nir}: {first.width}x{first.height} pixels do not fit into"
    )
    assert "working_size" in str(failure.value)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Colorizer, "__call__", lambda *_: first.height)
        patch.setattr(
            "nircolor_tf.metrics.protocols.measure",
            lambda *_: (_ for _ in ()).throw(InputError("expected 11x11")),
        )
        with pytest.raises(InputError, match=f"^{first.nir}: expected 11x11"):
            evaluator.evaluate()


def test_a_step_that_does_not_fit(
    toy_config, tmp_path, one_replica, monkeypatch
):
    monkeypatch.setattr(loop, "compile_step", lambda *_: exhaust)
    with pytest.raises(InputError, match=r"batch_size=2, .*estimate_memory"):
        trainer.train(toy_config, tmp_path, one_replica)


@pytest.mark.parametrize("name", ["l1[0.5]", "a\\b"])
def test_a_workdir_that_tensorflow_takes_for_a_pattern(
    name, toy_config, tmp_path, one_replica
):
    with pytest.raises(InputError, match="expected a path without brackets"):
        trainer.train(toy_config, tmp_path / name / "run", one_replica)
    assert list(tmp_path.iterdir()) == []
    trainer.train(toy_config, tmp_path / "l1]0.5[ ü", one_replica)
