"""ImageNet weights, on a stand-in that is named and wired as keras-hub's."""

import sys
import types

import keras
import numpy as np
import pytest
import smoke
from keras import layers

from nircolor_tf.errors import InputError
from nircolor_tf.networks import imagenet
from nircolor_tf.networks.resnet import ResNetEncoder
from nircolor_tf.training import restore, trainer


def conv_bn(features, name, filters, kernel, strides):
    if kernel > 1:
        features = layers.ZeroPadding2D(kernel // 2)(features)
    convolution = layers.Conv2D(
        filters, kernel, strides, use_bias=False, name=f"{name}_conv"
    )
    norm = layers.BatchNormalization(epsilon=1e-5, name=f"{name}_bn")
    return norm(convolution(features))


def make_backbone(blocks=(2, 2, 2, 2), filters=64):
    """A ResNet of basic blocks with random weights; outputs every scale."""
    image = keras.Input((None, None, 3))
    features = layers.ReLU()(conv_bn(image, "conv1", filters, 7, 2))
    scales = [features]
    features = layers.ZeroPadding2D(1)(features)
    features = layers.MaxPooling2D(3, 2)(features)
    for stage, count in enumerate(blocks):
        width = filters * 2**stage
        for block in range(count):
            name = f"stack{stage}_block{block}"
            strides = 2 if stage and not block else 1
            shortcut = features
            residual = layers.ReLU()(
                conv_bn(features, f"{name}_1", width, 3, strides)
            )
            if stage and not block:
                shortcut = conv_bn(features, f"{name}_0", width, 1, strides)
            residual = conv_bn(residual, f"{name}_2", width, 3, 1)
            features = layers.ReLU()(shortcut + residual)
        scales.append(features)
    backbone = keras.Model(image, scales)
    rng = np.random.default_rng(0)
    for layer in backbone.layers:
        if isinstance(layer, layers.BatchNormalization):
            # Statistics that tell the layers apart.
            layer.set_weights(
                [rng.uniform(0.5, 1.5, w.shape) for w in layer.get_weights()]
            )
    return backbone


def make_encoder(depth=18, filters=64):
    encoder = ResNetEncoder(depth=depth, filters=filters, stem_strides=2)
    encoder(keras.Input((None, None, 1)))
    return encoder


@pytest.fixture
def hub(monkeypatch):
    """A keras_hub whose presets are the stand-ins of this dictionary."""
    presets = {}
    backbone = types.SimpleNamespace(from_preset=presets.__getitem__)
    monkeypatch.setitem(
        sys.modules,
        "keras_hub",
        types.SimpleNamespace(
            models=types.SimpleNamespace(ResNetBackbone=backbone)
        ),
    )
    return presets


def test_the_encoder_sees_in_gray_what_the_backbone_sees_in_rgb(hub):
    hub["resnet18"] = make_backbone()
    encoder = make_encoder()
    imagenet.load(encoder, 18, "resnet18")
    gray = np.random.default_rng(1).uniform(-1, 1, (1, 64, 96, 1))
    # As rgb in [0, 1], less the mean 0.5 and by ImageNet's deviations: the
    # encoder's 0 is the backbone's 0, so that zero padding agrees as well.
    rgb = np.repeat((gray + 1) / 2, 3, axis=-1)
    rgb = (rgb - 0.5) / (0.229, 0.224, 0.225)
    expected = hub["resnet18"](rgb.astype(np.float32))
    actual = encoder(gray.astype(np.float32))
    assert len(actual) == len(expected) == 5
    for scale, reference in zip(actual, expected, strict=True):
        span = float(np.ptp(reference))
        assert span > 0.1
        np.testing.assert_allclose(scale, reference, atol=1e-4 * span)


@pytest.mark.parametrize(
    ("depth", "filters", "message"),
    [
        (34, 64, r"does not fit a plain ResNet-34: it lacks .*block2_1"),
        (18, 32, r"does not fit a plain ResNet-18"),
    ],
)
def test_another_architecture_is_refused(hub, depth, filters, message):
    hub["resnet18"] = make_backbone()
    with pytest.raises(InputError, match=message):
        imagenet.load(make_encoder(depth, filters), depth, "resnet18")


def test_a_deeper_backbone_is_refused(hub):
    hub["resnet34"] = make_backbone((3, 4, 6, 3), filters=8)
    with pytest.raises(InputError, match=r"ResNet-18: .*has .*stack3_block2"):
        imagenet.load(make_encoder(18, 8), 18, "resnet34")


def test_without_keras_hub_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "keras_hub", None)
    with pytest.raises(InputError, match=r"'x' needs .*pip install 'nircolor"):
        imagenet.load(None, 18, "x")


def test_weights_that_cannot_be_had(hub):
    with pytest.raises(InputError, match=r"'gone': .*cannot be loaded.*'gone'"):
        imagenet.load(None, 18, "gone")


@pytest.mark.slow
def test_a_training_takes_them_once(
    hub, monkeypatch, pairs_manifest, tmp_path, one_replica
):
    config = smoke.smoke_config("colornet", "smoke", pairs_manifest)
    config.encoder_weights = "resnet18"
    hub["resnet18"] = make_backbone(filters=config.network.filters)
    begun = trainer.train(config, tmp_path, one_replica, stop_at=0)
    expected = make_encoder(18, config.network.filters)
    imagenet.load(expected, 18, "resnet18")
    for actual, weight in zip(
        begun.colorizer.encoder.get_weights(),
        expected.get_weights(),
        strict=True,
    ):
        np.testing.assert_array_equal(actual, weight)
    trainer.train(config, tmp_path, one_replica, stop_at=2)
    # From here on the checkpoint is all that it takes.
    monkeypatch.setitem(sys.modules, "keras_hub", None)
    trainer.train(config, tmp_path, one_replica)
    _, record = restore.load_method(tmp_path, "latest")
    assert record["step"] == config.train.steps
    with pytest.raises(InputError, match="needs keras-hub"):
        trainer.train(config, tmp_path / "another", one_replica)
    assert not (tmp_path / "another").exists()
