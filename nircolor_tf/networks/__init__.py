"""Networks by the name a config file gives them."""

import keras
from ml_collections import ConfigDict

from nircolor_tf.errors import InputError
from nircolor_tf.networks.acd import ACD
from nircolor_tf.networks.cross_scale_unet import CrossScaleUNet
from nircolor_tf.networks.dcgan import DCGANDiscriminator, DCGANGenerator
from nircolor_tf.networks.discriminators import PatchGAN
from nircolor_tf.networks.linknet import LinkNet
from nircolor_tf.networks.lite_unet import LiteUNet
from nircolor_tf.networks.mpfnet import MPFNet
from nircolor_tf.networks.resnet import ResNetGenerator
from nircolor_tf.networks.ronneberger_unet import RonnebergerUNet
from nircolor_tf.networks.snet import SNet
from nircolor_tf.networks.unet import DetailUNet, UNet256

NETWORKS = {
    "acd": ACD,
    "cross_scale_unet": CrossScaleUNet,
    "dcgan_discriminator": DCGANDiscriminator,
    "dcgan_generator": DCGANGenerator,
    "detail_unet": DetailUNet,
    "linknet": LinkNet,
    "lite_unet": LiteUNet,
    "mpfnet": MPFNet,
    "patch_gan": PatchGAN,
    "resnet": ResNetGenerator,
    "ronneberger_unet": RonnebergerUNet,
    "snet": SNet,
    "unet256": UNet256,
}


def make_network(config: ConfigDict, key: str) -> keras.Model:
    """Builds the network that `config.name` names.

    Args:
        config: `name` and every keyword argument of that network.
        key: Where it stands in the whole config, for errors.

    Raises:
        InputError: The name is unknown, or a key is missing or superfluous.
    """
    arguments = config.to_dict()
    name = arguments.pop("name")
    if name not in NETWORKS:
        raise InputError(
            f"config.{key}.name is {name!r}; expected one of "
            f"{', '.join(sorted(NETWORKS))}"
        )
    try:
        return NETWORKS[name](**arguments)
    except InputError:
        raise
    except (TypeError, KeyError, ValueError) as error:
        raise InputError(f"config.{key}, {name!r}: {error}") from error
