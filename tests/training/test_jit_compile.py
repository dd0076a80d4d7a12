"""config.train.jit_compile: a step that XLA compiles, on one device."""

import contract
import keras
import numpy as np
import pytest
import smoke

from nircolor_tf.training import optimizers, trainer


@pytest.mark.slow
def test_a_compiled_step_is_the_same_step(
    pairs_manifest, one_replica, tmp_path, monkeypatch
):
    # Adam makes rounding large.
    monkeypatch.setattr(
        optimizers, "make_adam", lambda settings: keras.optimizers.SGD(0.0)
    )
    config = smoke.tiny_config(pairs_manifest)
    config.train.steps = 2
    config.network.dropout = 0.0  # XLA draws other numbers
    for compiled in (False, True):
        config.train.jit_compile = compiled
        trainer.train(config, tmp_path / str(compiled), one_replica)
    plain, compiled = (
        contract.everything(tmp_path / name) for name in ("False", "True")
    )
    assert plain.keys() == compiled.keys()
    moved = 0
    for key, value in plain.items():
        np.testing.assert_allclose(compiled[key], value, rtol=1e-3, atol=1e-5)
        moved += not np.array_equal(compiled[key], value)
    # Sums are rounded otherwise, or XLA had nothing to do with it.
    assert moved
