"""The counter of multiply-accumulates: by hand and against TensorFlow's."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from counting import count_macs
from keras import layers

from nircolor_tf.networks.cross_scale_unet import CrossScaleUNet
from nircolor_tf.networks.layers import PaddedConv2DTranspose
from nircolor_tf.networks.linknet import LinkNet
from nircolor_tf.networks.unet import UNet256

RGB = {"output_channels": 3, "activation": "sigmoid"}


def profile_macs(network, image_shape):
    """TensorFlow's count of a graph: two operations a multiply-accumulate."""
    network(np.zeros((1, *image_shape), np.float32))
    function = tf.function(network).get_concrete_function(
        tf.TensorSpec((1, *image_shape))
    )
    profiler = tf.compat.v1.profiler
    options = profiler.ProfileOptionBuilder.float_operation()
    options |= {
        "output": "none",
        # A transposed convolution is the gradient of one by its input.
        "show_name_regexes": ["Conv2D", "Conv2DBackpropInput"],
    }
    profile = profiler.profile(function.graph, cmd="op", options=options)
    return profile.total_float_ops / 2


def derive_unet(last_ups):
    """Eight levels from 256x256 to 1x1, kernels of 4x4.

    The last two decoders: channels that come in and that go out.
    """
    widths = [1, 64, 128, 256, 512, 512, 512, 512, 512]
    downs = sum(
        (128 // 2**level) ** 2 * 16 * widths[level] * widths[level + 1]
        for level in range(8)
    )
    # From 1x1 up, with the skip.
    channels = [(512, 512), (1024, 512), (1024, 512), (1024, 512)]
    channels += [(1024, 256), (512, 128), *last_ups]
    ups = sum(
        (2**step) ** 2 * 16 * inputs * outputs
        for step, (inputs, outputs) in enumerate(channels)
    )
    return downs + ups


@pytest.mark.parametrize(
    ("layer", "channels", "expected"),
    [
        # 4x5 pixels out, each of 3x3x6 products for each of 7 channels.
        (layers.Conv2D(7, 3, strides=2, padding="same"), 6, 20 * 54 * 7),
        # Half as many in two groups.
        (layers.Conv2D(8, 3, strides=2, padding="same", groups=2), 6, 20 * 216),
        # 8x10 pixels in, each spread over 4x4 for each pair of channels.
        (layers.Conv2DTranspose(7, 4, strides=2), 6, 80 * 16 * 6 * 7),
        # What it cuts off is a row and a column of the result alone.
        (PaddedConv2DTranspose(7), 6, 80 * 9 * 6 * 7),
    ],
)
def test_single_layers_by_hand(layer, channels, expected):
    nested = keras.Sequential([keras.Sequential([layer]), layers.ReLU()])
    assert count_macs(nested, (8, 10, channels)) == expected


@pytest.mark.parametrize(
    ("network_class", "arguments", "last_ups", "published"),
    [
        (
            UNet256,
            {"max_filters": 512, "norm": "instance"},
            [(256, 64), (128, 3)],
            None,
        ),
        (
            CrossScaleUNet,
            {},
            # With y4 of 512 channels, then y4 and y3 of 256 as well.
            [(256 + 512, 64), (128 + 512 + 256, 3)],
            "8.77",
        ),
    ],
)
def test_unets_at_256(network_class, arguments, last_ups, published):
    network = network_class(filters=64, levels=8, **arguments, **RGB)
    image_shape = (256, 256, 1)
    macs = count_macs(network, image_shape)
    print(f"{network.name}: {macs / 1e9:.4f} GMAC at 256x256")
    assert macs == derive_unet(last_ups) == profile_macs(network, image_shape)
    assert published in (None, f"{macs / 1e9:.2f}")


def test_other_paddings_and_nestings_as_tensorflow_counts():
    # TensorFlow counts what the aligned one cuts off, too.
    network = LinkNet(depth=18, filters=8, aligned=False, **RGB)
    image_shape = (64, 96, 1)
    macs = count_macs(network, image_shape)
    assert macs == profile_macs(network, image_shape) > 0
