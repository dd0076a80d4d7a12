"""ImageNet weights for the ResNet encoder, through keras-hub (optional)."""

import keras
import numpy as np
from keras import layers

from nircolor_tf.errors import InputError
from nircolor_tf.networks.resnet import ResNetEncoder

# What the published weights expect: (rgb - mean) / std.
IMAGENET_STD = (0.229, 0.224, 0.225)


def load(encoder: ResNetEncoder, depth: int, preset: str) -> None:
    """Initialises a built encoder with a published ResNet's weights.

    Args:
        encoder: Built for one channel, in (-1, 1), with 64 filters.
        depth: 18 or 34, for the messages.
        preset: What keras_hub.models.ResNetBackbone.from_preset takes:
            'resnet_18_imagenet', 'hf://timm/resnet34.a1_in1k' (both download
            at first use) or a local preset folder.

    Raises:
        InputError: keras-hub is not installed, the weights cannot be had, or
            they are of another architecture.
    """
    try:
        import keras_hub  # noqa: PLC0415 (an optional extra)
    except ImportError as error:
        raise InputError(
            f"config.encoder_weights={preset!r} needs keras-hub: pip install "
            "'nircolor-tf[imagenet]', or leave it empty to start from random "
            "weights"
        ) from error
    try:
        backbone = keras_hub.models.ResNetBackbone.from_preset(preset)
    except Exception as error:
        raise InputError(
            f"config.encoder_weights={preset!r}: the weights cannot be loaded "
            "(the first use downloads them; offline, give a local preset "
            f"folder, or leave it empty). keras-hub says: {error}"
        ) from error
    try:
        copy(backbone, encoder)
    except ValueError as error:
        raise InputError(
            f"config.encoder_weights={preset!r} does not fit a plain ResNet-"
            f"{depth}: {error}"
        ) from error


def copy(backbone: keras.Model, encoder: ResNetEncoder) -> None:
    """Copies a keras-hub ResNet's weights into an encoder.

    The first convolution sees one channel instead of three: its kernel is
    summed over rgb, each channel divided by its standard deviation and by 2,
    since the encoder's input spans (-1, 1) where the weights expect
    (rgb - mean) / std. The mean is taken as 0.5, the encoder's 0.

    Raises:
        ValueError: The two have different convolutions or filters.
    """
    target = _convolutions_and_norms(encoder)
    source = {
        layer.name.removesuffix("_conv")
        for layer in backbone.layers
        if isinstance(layer, layers.Conv2D)
    }
    if source != target.keys():
        raise ValueError(
            f"it lacks {sorted(target.keys() - source) or 'nothing'} and has "
            f"{sorted(source - target.keys()) or 'nothing'} besides"
        )
    for name, (convolution, norm) in target.items():
        kernel = backbone.get_layer(f"{name}_conv").kernel.numpy()
        if name == "conv1":
            scale = 2 * np.reshape(IMAGENET_STD, (1, 1, 3, 1))
            kernel = (kernel / scale).sum(axis=2, keepdims=True)
        convolution.kernel.assign(kernel)
        norm.set_weights(backbone.get_layer(f"{name}_bn").get_weights())


def _convolutions_and_norms(
    encoder: ResNetEncoder,
) -> dict[str, tuple[layers.Layer, layers.Layer]]:
    """Returns keras-hub's name -> (convolution, norm)."""

    def conv_bn(sequence):
        padded, norm = sequence.layers[:2]
        return padded.convolution, norm

    result = {"conv1": conv_bn(encoder.stem)}
    for stage, blocks in enumerate(encoder.stages):
        for index, block in enumerate(blocks):
            name = f"stack{stage}_block{index}"
            result[f"{name}_1"] = conv_bn(block.first)
            result[f"{name}_2"] = block.second.convolution, block.norm
            if block.shortcut is not None:
                shortcut = block.shortcut
                result[f"{name}_0"] = shortcut.convolution, shortcut.norm
    return result
