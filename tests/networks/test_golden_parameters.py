"""Golden parameter counts.

The counts are exact literals, and `derive_*` works each out from the papers'
tables without Keras. They include BatchNorm's statistics unless said.
"""

import itertools

import keras
import numpy as np
import pytest
import smoke

from nircolor_tf.networks import make_network
from nircolor_tf.networks.acd import ACD
from nircolor_tf.networks.linknet import LinkNet
from nircolor_tf.networks.resnet import ResNetEncoder, ResNetGenerator
from nircolor_tf.networks.unet import UNet256

RGB = {"output_channels": 3, "activation": "sigmoid"}
ALIGNED = {"aligned": True, **RGB}
UNET = {"norm": "instance", **RGB}


def build(network):
    network(keras.Input((None, None, 1)))
    return network


def trainable(network):
    return sum(int(np.prod(v.shape)) for v in network.trainable_variables)


def biased(kernel, inputs, outputs):
    return kernel**2 * inputs * outputs + outputs


def normed(kernel, inputs, outputs):
    """Convolution without bias, then scale, offset and two statistics."""
    return kernel**2 * inputs * outputs + 4 * outputs


def derive_unet256():
    downs = [1, 64, 128, 256, 512, 512, 512, 512, 512]
    # All but the innermost take the skip as well as the level below.
    ups = [(512, 512), (1024, 512), (1024, 512), (1024, 512)]
    ups += [(1024, 256), (512, 128), (256, 64), (128, 3)]
    return sum(biased(4, *pair) for pair in itertools.pairwise(downs)) + sum(
        biased(4, *pair) for pair in ups
    )


def derive_encoder(blocks):
    total = normed(7, 1, 64)
    for stage, count in enumerate(blocks):
        width = 64 * 2**stage
        total += 2 * count * normed(3, width, width)
        if stage:
            half = width // 2
            # The first block's first convolution has half the inputs.
            total += normed(3, half, width) - normed(3, width, width)
            total += normed(1, half, width)
    return total


def derive_linknet(blocks):
    decoders = sum(
        normed(1, inputs, inputs // 4)
        + normed(3, inputs // 4, inputs // 4)
        + normed(1, inputs // 4, outputs)
        for inputs, outputs in ((512, 256), (256, 128), (128, 64), (64, 64))
    )
    head = normed(3, 64, 32) + normed(3, 32, 32) + biased(2, 32, 3)
    return derive_encoder(blocks) + decoders + head


def derive_resnet_generator():
    downs = biased(7, 1, 64) + biased(3, 64, 128) + biased(3, 128, 256)
    blocks = 9 * 2 * biased(3, 256, 256)
    ups = biased(3, 256, 128) + biased(3, 128, 64) + biased(7, 64, 3)
    return downs + blocks + ups


def derive_acd(glffnet):
    decoder = 2 * normed(3, 512, 512)
    for below, skip, outputs in (
        (512, 256, 256),
        (256, 128, 128),
        (128, 64, 64),
        (64, 64, 64),
    ):
        decoder += normed(3, below + skip, outputs)
        decoder += normed(3, outputs, outputs)
    fusion = 2 * normed(3, 512, 256) + normed(3, 512, 512)
    return (
        derive_encoder((3, 4, 6, 3))
        + decoder
        + biased(1, 64, 3)
        + (fusion if glffnet else 0)
    )


def block(inputs, outputs):
    """Two 3x3 convolutions with BatchNorm."""
    return normed(3, inputs, outputs) + normed(3, outputs, outputs)


def derive_ronneberger_unet():
    widths = [64, 128, 256, 512, 1024]
    downs = sum(block(*pair) for pair in itertools.pairwise([1, *widths]))
    # An up-convolution of 2x2, then the skip beside it.
    ups = sum(
        biased(2, below, width) + block(2 * width, width)
        for width, below in itertools.pairwise(widths)
    )
    return downs + ups + biased(1, 64, 3)


def derive_snet():
    widths = [64, 128, 256, 512, 512]
    colorizer = sum(block(*pair) for pair in itertools.pairwise([1, *widths]))
    # Up from below, next to the skip.
    colorizer += sum(
        block(below + width, width)
        for width, below in itertools.pairwise(widths)
    )
    assistant = block(3 + 1, 64) + block(64, 128) + block(128 + 64, 64)
    return colorizer + assistant + 2 * biased(1, 64, 3)


GOLDEN = {
    "unet256": (
        lambda: UNet256(filters=64, max_filters=512, levels=8, **UNET),
        54_407_555,
        derive_unet256,
    ),
    "linknet18": (
        lambda: LinkNet(depth=18, filters=64, **ALIGNED),
        11_539_011,
        lambda: derive_linknet((2, 2, 2, 2)),
    ),
    "linknet34": (
        lambda: LinkNet(depth=34, filters=64, **ALIGNED),
        21_654_595,
        lambda: derive_linknet((3, 4, 6, 3)),
    ),
    "resnet": (
        # CycleGAN's 11,378,179 are with rgb input: 2 * 49 * 64 weights more.
        lambda: ResNetGenerator(filters=64, blocks=9, **ALIGNED),
        11_371_907,
        derive_resnet_generator,
    ),
    "ronneberger_unet": (
        lambda: make_network(
            smoke.load_config("colornet", "scd").network, "network"
        ),
        31_048_387,
        derive_ronneberger_unet,
    ),
    "snet": (
        lambda: make_network(
            smoke.load_config("supervised", "snet").network, "network"
        ),
        20_005_062,
        derive_snet,
    ),
    "acd": (
        lambda: ACD(depth=34, filters=64, glffnet=False, **ALIGNED),
        29_229_571,
        lambda: derive_acd(glffnet=False),
    ),
    "acd-glffnet": (
        lambda: ACD(depth=34, filters=64, glffnet=True, **ALIGNED),
        33_952_259,
        lambda: derive_acd(glffnet=True),
    ),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_parameter_counts(name):
    make, golden, derive = GOLDEN[name]
    assert derive() == golden
    assert build(make()).count_params() == golden


@pytest.mark.parametrize(
    ("depth", "published", "blocks"),
    [(18, 11_689_512, (2, 2, 2, 2)), (34, 21_797_672, (3, 4, 6, 3))],
)
def test_the_encoder_is_resnet_without_its_classifier(depth, published, blocks):
    encoder = build(ResNetEncoder(depth=depth, filters=64, stem_strides=2))
    classifier, two_channels = 512 * 1000 + 1000, 2 * 49 * 64
    assert trainable(encoder) == published - classifier - two_channels
    # One mean and one variance to each BatchNorm scale and offset.
    norms = (64 + 2 * 64 * blocks[0]) + sum(
        128 * 2**i * (2 * count + 1) for i, count in enumerate(blocks[1:])
    )
    assert encoder.count_params() == trainable(encoder) + 2 * norms
    assert encoder.count_params() == derive_encoder(blocks)
