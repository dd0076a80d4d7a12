"""The same networks and training steps, written plainly in PyTorch.

Plainly: modules of torch.nn, images as (B, C, H, W), one optimizer as
torch.optim has it, and no trick that PyTorch's own examples do not use.
`make_twin` gives a network the weights of ours; the tests say that both make
the same of an image.
"""

import keras
from ml_collections import ConfigDict
from torch import nn

from nircolor_tf.benchmarks.twins.cross_scale_unet import CrossScaleUNet
from nircolor_tf.benchmarks.twins.lite_unet import LiteUNet
from nircolor_tf.benchmarks.twins.mpfnet import MPFNet
from nircolor_tf.benchmarks.twins.patch_gan import PatchGAN
from nircolor_tf.benchmarks.twins.weights import copy_weights

# By the name that a config file gives a network.
TWINS = {
    "cross_scale_unet": CrossScaleUNet,
    "lite_unet": LiteUNet,
    "mpfnet": MPFNet,
    "patch_gan": PatchGAN,
}

# Of our networks, what is of no use to one that is not trained from ImageNet.
_OURS_ALONE = ("name", "pretrained", "encoder_rate")


def make_twin(
    config: ConfigDict, network: keras.Model, channels: int
) -> nn.Module:
    """Builds the twin of a network, with the same weights.

    Args:
        config: `name` and the arguments of our network.
        network: Ours, built.
        channels: Of its input.

    Raises:
        KeyError: There is no twin of it.
    """
    arguments = {
        key: value for key, value in config.items() if key not in _OURS_ALONE
    }
    twin = TWINS[config.name](channels=channels, **arguments)
    copy_weights(network, twin)
    return twin
