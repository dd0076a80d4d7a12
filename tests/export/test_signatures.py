import keras
import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from nircolor_tf.export import signatures

NIR = tf.TensorSpec((None, 3), tf.float32, "nir")


def test_what_signatures_share_is_stored_once(tmp_path):
    layer = keras.layers.Dense(2)
    shared = tf.function(layer, input_signature=[NIR])
    functions = {
        "plain": signatures.trace(lambda nir: {"rgb": shared(nir)}, NIR),
        "brighter": signatures.trace(lambda nir: {"rgb": shared(nir) + 1}, NIR),
    }
    signatures.write(functions, tmp_path)

    loaded = tf.saved_model.load(tmp_path).signatures
    nir = np.float32([[0.25, 0.5, 1.0]])
    expected = layer(nir).numpy()
    np.testing.assert_array_equal(loaded["plain"](nir=nir)["rgb"], expected)
    np.testing.assert_array_equal(
        loaded["brighter"](nir=nir)["rgb"], expected + 1
    )
    stored = tf.train.list_variables(str(tmp_path / "variables" / "variables"))
    shapes = [shape for key, shape in stored if "VARIABLE" in key]
    assert sorted(shapes) == [[2], [3, 2]]
    model = saved_model_pb2.SavedModel()
    model.ParseFromString((tmp_path / "saved_model.pb").read_bytes())
    operations = [
        node.op
        for function in model.meta_graphs[0].graph_def.library.function
        for node in function.node_def
    ]
    assert operations.count("MatMul") == 1
