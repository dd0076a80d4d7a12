"""Fixtures that several test files share."""

import dataclasses
import hashlib
import json
import runpy
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from absl import flags
from small_split import measure_split, write_split

from nircolor_tf.data import manifest, synthetic, training_data
from nircolor_tf.evaluation import runs
from nircolor_tf.export import signatures

# Four processors to replicate over; it must be said before TensorFlow starts.
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0],
    [tf.config.LogicalDeviceConfiguration()] * 4,
)


@pytest.fixture(scope="session")
def one_replica():
    return tf.distribute.OneDeviceStrategy("CPU:0")


@pytest.fixture(scope="session")
def two_replicas():
    # Two objects of this kind in one process fail: tests share this one.
    return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])


@pytest.fixture(scope="session")
def four_replicas():
    # It can stand beside another one as it has no collective operations. At
    # each sum TensorFlow looks for variables behind it, through the graphs of
    # all replicas, for minutes, unless it has no gradient. An all-reduce has
    # one of its own.
    reduction = tf.distribute.ReductionToOneDevice(
        accumulation_fn=lambda values: tf.stop_gradient(tf.add_n(values))
    )
    return tf.distribute.MirroredStrategy(
        [f"CPU:{number}" for number in range(4)], cross_device_ops=reduction
    )


def _sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="session")
def pairs_manifest(tmp_path_factory):
    """Synthetic pairs of 48x56: seven to train, three to validate; photos."""
    folder = tmp_path_factory.mktemp("pairs")
    synthetic.write_dataset(folder, 10, 48, 56, bits=8, seed=3)
    examples = [
        manifest.Example(
            name=path.stem,
            nir=str(path),
            rgb=str(folder / "rgb" / path.name),
            height=48,
            width=56,
            bits=8,
            split="val" if index >= 7 else "train",
            protocol="folder",
            scene=path.stem,
            shift_x=0,
            shift_y=0,
            nir_sha256=_sha256(path),
            rgb_sha256=_sha256(folder / "rgb" / path.name),
            nir_channel="gray",
            nir_low=0,
            nir_high=255,
            rgb_bands="",
            rgb_low=0,
            rgb_high=255,
        )
        for index, path in enumerate(sorted((folder / "nir").iterdir()))
    ]
    photos = [
        dataclasses.replace(
            example,
            name=f"photo-{example.name}",
            nir="",
            split="unpaired",
            nir_sha256="",
            nir_channel="",
            nir_low=None,
            nir_high=None,
        )
        for example in examples[7:]
    ]
    manifest.write_manifest(folder / "manifest.csv", examples + photos)
    return folder / "manifest.csv"


@pytest.fixture(scope="session")
def repository():
    return Path(__file__).parents[1]


@pytest.fixture(scope="session")
def tiny_export(tmp_path_factory):
    """An export of size multiple 4 whose results are known.

    n2c is nir * (1, 1/2, 1/4), g2n is gray / 2.
    """
    folder = tmp_path_factory.mktemp("exports") / "tiny"
    network = _tiny_network()
    functions = {}
    for names, source, path in (
        (
            ("serving_default", "tflite"),
            "nir",
            lambda nir: {"rgb": network(nir)},
        ),
        (("g2n", "tflite_g2n"), "gray", lambda gray: {"nir": gray / 2}),
    ):
        for name, batch in zip(names, (None, 1), strict=True):
            spec = tf.TensorSpec((batch, None, None, 1), tf.float32, source)
            functions[name] = signatures.trace(path, spec)
    signatures.write(functions, folder / "saved_model")
    for key, file in (
        ("tflite", "model.tflite"),
        ("tflite_g2n", "model_g2n.tflite"),
    ):
        converter = tf.lite.TFLiteConverter.from_saved_model(
            str(folder / "saved_model"), signature_keys=[key]
        )
        (folder / file).write_bytes(converter.convert())
    card = {
        "format": 1,
        "name": "tiny",
        "method": "supervised",
        "size_multiple": 4,
        "working_size": None,
        "fusion": None,
        "paths": {
            "n2c": _tiny_path("nir", "rgb", "model.tflite"),
            "g2n": _tiny_path("gray", "nir", "model_g2n.tflite"),
        },
    }
    (folder / "card.json").write_text(json.dumps(card))
    return folder


def _tiny_network():
    nir = keras.Input((None, None, 1))
    # Down and up by 4, as real networks: other sizes cannot pass.
    features = keras.layers.Lambda(lambda x: tf.nn.space_to_depth(x, 4))(nir)
    color = keras.layers.Conv2D(48, 1, use_bias=False, name="color")
    rgb = keras.layers.Lambda(lambda x: tf.nn.depth_to_space(x, 4))(
        color(features)
    )
    # Pixel p of a 4x4 block is channel p in and channels 3p to 3p + 2 out.
    color.kernel.assign(np.kron(np.eye(16), [1, 0.5, 0.25])[None, None])
    return keras.Model(nir, rgb)


def _tiny_path(source, target, tflite):
    files = {"saved_model": "saved_model", "tflite": tflite}
    return {"source": source, "target": target, "files": files}


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    """Twelve small pairs and predictions for them, see small_split.py."""
    folder = tmp_path_factory.mktemp("data")
    write_split(folder)
    return folder


@pytest.fixture
def measure(data, tmp_path):
    """Measures runs on `data`; gives the numbers and the report's folder."""

    def measure(*names, **changes):
        folder = tmp_path / "report"
        return measure_split(names, data, folder, **changes), folder

    return measure


@pytest.fixture
def model(monkeypatch):
    """Makes any name a model with the given prediction and training data."""

    def make(predict, training=training_data.NOTHING, target="rgb"):
        monkeypatch.setattr(
            runs,
            "open_run",
            lambda name, checkpoint: (
                runs.Run(
                    name=name.label,
                    kind="export",
                    source="nir",
                    target=target,
                    about={"kind": "export"},
                    card={"method": "fake"},
                    training=training,
                ),
                predict,
            ),
        )

    return make


@pytest.fixture
def load_command(repository):
    """Loads a command by its name, to run it in this process."""
    others = set(flags.FLAGS)

    def load(name):
        path = repository / "nircolor_tf" / "commands" / f"{name}.py"
        main = runpy.run_path(str(path))["main"]

        def run(**values):
            arguments = [f"--{key}={value}" for key, value in values.items()]
            flags.FLAGS([f"{name}.py", *arguments])
            main()

        return run

    yield load
    for name in set(flags.FLAGS) - others:
        delattr(flags.FLAGS, name)
