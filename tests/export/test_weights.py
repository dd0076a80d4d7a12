"""The weights of an export, by the names of their networks."""

import keras
import numpy as np
import pytest
import server_model

from nircolor_tf.errors import ExportError, InputError
from nircolor_tf.export import weights

NAMES = ("colorizer", "translator")


def method_of(seed):
    """A method of two networks, with random weights and biases."""
    method = server_model.Blocks(0, None)
    generator = np.random.default_rng(seed)
    for name in NAMES:
        network = method.networks[name]
        network.set_weights(
            [
                generator.random(weight.shape, np.float32)
                for weight in network.get_weights()
            ]
        )
    return method


def equal(network, other):
    pairs = zip(network.get_weights(), other.get_weights(), strict=True)
    return all(np.array_equal(*pair) for pair in pairs)


def test_they_come_back_under_their_names(tmp_path):
    method, other = method_of(1), method_of(2)
    weights.write(method, NAMES, tmp_path)
    assert equal(method.colorizer, method_of(1).colorizer)
    files = {path.name for path in (tmp_path / "weights").iterdir()}
    assert files == {"colorizer.weights.h5", "translator.weights.h5"}
    weights.read(other, ("translator",), tmp_path)
    assert equal(other.translator, method.translator)
    assert equal(other.colorizer, method_of(2).colorizer)


def test_a_file_without_the_weights_is_no_export(tmp_path, monkeypatch):
    method, other = method_of(1), method_of(2)
    short = keras.Sequential([other.colorizer.layers[0]])
    short(keras.Input((None, None, 1)))
    save_weights = keras.Model.save_weights
    for number, model in enumerate((other.colorizer, short)):
        folder = tmp_path / str(number)
        folder.mkdir()
        with monkeypatch.context() as patch:
            patch.setattr(
                keras.Model,
                "save_weights",
                lambda _, file, model=model: save_weights(model, file),
            )
            with pytest.raises(ExportError, match=r"weights\.h5 does not"):
                weights.write(method, ("colorizer",), folder)
        assert equal(method.colorizer, method_of(1).colorizer)


def test_what_cannot_be_read_is_named(tmp_path):
    weights.write(method_of(1), ("colorizer",), tmp_path)
    file = tmp_path / "weights" / "colorizer.weights.h5"
    missing = tmp_path / "weights" / "translator.weights.h5"
    with pytest.raises(InputError, match=f"{missing}: missing"):
        weights.read(method_of(2), NAMES, tmp_path)
    # That of another network.
    missing.write_bytes(file.read_bytes())
    with pytest.raises(InputError, match=f"{missing}: not the weights of"):
        weights.read(method_of(2), ("translator",), tmp_path)
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(InputError, match=f"{file}: not the weights of"):
        weights.read(method_of(2), ("colorizer",), tmp_path)
