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
    (rgb - mean) / std.

    Raises:
        ValueError: The two have different convolutions or filters.
    """
    source = [layer for layer in backbone.layers if layer.weights]
    convolutions = _sorted(source, layers.Conv2D)
    norms = _sorted(source, layers.BatchNormalization)
    target = list(_convolutions_and_norms(encoder))
    if not len(convolutions) == len(norms) == len(target):
        raise ValueError(
            f"it has {len(convolutions)} convolutions and {len(norms)} norms, "
            f"expected {len(target)} of each"
        )
    for index, (convolution, norm) in enumerate(target):
        kernel = convolutions[index].kernel.numpy()
        if index == 0:
            scale = 2 * np.reshape(IMAGENET_STD, (1, 1, 3, 1))
            kernel = (kernel / scale).sum(axis=2, keepdims=True)
        convolution.kernel.assign(kernel)
        norm.set_weights(norms[index].get_weights())


def _sorted(source, kind) -> list[layers.Layer]:
    """Layers by stage, block and place: 'stack1_block0_2_conv'.

    keras-hub counts a block's shortcut as place 0; the stem sorts first.
    """
    return sorted(
        (layer for layer in source if isinstance(layer, kind)),
        key=lambda layer: (
            [
                int(digits)
                for digits in "".join(
                    c if c.isdigit() else " " for c in layer.name
                ).split()
            ]
            if layer.name.startswith("stack")
            else [-1]
        ),
    )


def _convolutions_and_norms(encoder: ResNetEncoder):
    """Yields (convolution, norm) in the same order: shortcuts come first."""

    def conv_bn(sequence):
        padded, norm = sequence.layers[:2]
        return padded.convolution, norm

    yield conv_bn(encoder.stem)
    for stage in encoder.stages:
        for block in stage:
            if block.shortcut is not None:
                yield block.shortcut.convolution, block.shortcut.norm
            yield conv_bn(block.first)
            yield block.second.convolution, block.norm
