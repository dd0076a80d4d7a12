"""Colors for people: a colorizer against a discriminator of its colors.

Not a paper of its own. The adversary is that of pix2pix (Isola et al.,
Image-to-Image Translation with Conditional Adversarial Networks, CVPR 2017,
https://arxiv.org/abs/1611.07004), beside the pixel losses of
nircolor_tf.methods.supervised.

The idea: where one NIR image fits many color images, pixel losses are least
for a dull color between them. A discriminator that sees NIR image and colors
together tells dull colors from those of photos, so the colorizer has to commit
itself. How bright a pixel is stays with the pixel losses.

Figure box -> attribute -> class
    G (Figure 2) -> colorizer           -> any of nircolor_tf.networks.NETWORKS
    D (Figure 2) -> color_discriminator -> networks.discriminators.PatchGAN

Loss term -> equation -> config key (weight 0 removes a term)
    all of losses.pixel, in place of eq. 3:
    L1                 -> mean |F(nir) - rgb|      -> config.loss.l1
    L2                 -> mean (F(nir) - rgb)^2    -> config.loss.l2
    chroma L1          -> L1 less the luminance    -> config.loss.chroma
    MS-SSIM + L1       -> losses.mix               -> config.loss.mix
        (alpha, form: config.loss.mix_alpha, config.loss.mix_form; on a truth
        that was moved by up to config.loss.shift pixels)
    GAN, colorizer     -> eq. 1                    -> config.loss.gan
    GAN, discriminator -> eq. 1                    -> config.loss.discriminator
        (the form of both: config.gan.form)

Phases: one, 'train', of config.train.steps steps that update both networks.

Departures and choices, all [ours]
    - The discriminator sees colors less their luminance, so that the game
      changes no luminance, and those times config.gan.chroma_gain, since they
      are a few hundredths in a photo.
    - No noise: the paper's is dropout, which the network may have.
    - The colorizer is a trained one (bin/train.py --start_from), the
      discriminator new.
"""

from keras import ops
from ml_collections import ConfigDict

from nircolor_tf import losses
from nircolor_tf.methods import adversarial
from nircolor_tf.methods.base import Batch, Losses, Phase, Scalars
from nircolor_tf.methods.schedules import make_schedule
from nircolor_tf.methods.supervised import Supervised
from nircolor_tf.networks import make_network

# The NIR image and the three channels of color less luminance.
_DISCRIMINATOR_CHANNELS = 4


class Vivid(Supervised):
    """Its network and pixel losses, against a discriminator of its colors."""

    config_keys = (
        *Supervised.config_keys,
        "discriminator",
        "gan",
        "discriminator_rate",
    )
    starts_from = ("supervised",)

    def __init__(self, config: ConfigDict):
        super().__init__(config)
        self.color_discriminator = self.add_network(
            "color_discriminator",
            make_network(config.discriminator, "discriminator"),
            channels=_DISCRIMINATOR_CHANNELS,
            inference=False,
        )
        self.add_optimizer(
            "color_discriminator_optimizer",
            ("color_discriminator",),
            config.optimizer,
        )
        self.gan = losses.gan_loss(config.gan.form)

    def phases(self) -> tuple[Phase, ...]:
        """One phase on pairs, in which both networks update."""
        rates = {
            "colorizer_optimizer": "rate",
            "color_discriminator_optimizer": "discriminator_rate",
        }
        return (
            Phase(
                name="train",
                steps=self.config.train.steps,
                losses=self.train_losses,
                optimizers=tuple(rates),
                data=("paired",),
                rates={
                    optimizer: make_schedule(self.config[key], key)
                    for optimizer, key in rates.items()
                },
            ),
        )

    def train_losses(self, batch: Batch) -> tuple[Losses, Scalars]:
        """The docstring's terms, of both players."""
        weights, nir = self.config.loss, batch["nir"]
        fake_rgb = self.colorizer(nir, training=True)
        pixel, terms = losses.pixel(
            fake_rgb, batch, weights, self.config.data.value_range
        )
        fake = self._discriminator_input(nir, fake_rgb)
        gan = self.gan.generator(self.color_discriminator(fake, training=False))
        discriminator, judgement = adversarial.judge(
            "color_discriminator",
            self.color_discriminator,
            self.gan,
            self._discriminator_input(nir, batch["rgb"]),
            fake,
        )
        return {
            "colorizer_optimizer": pixel + weights.gan * gan,
            "color_discriminator_optimizer": weights.discriminator
            * discriminator,
        }, {
            **{f"colorizer/{term}": value for term, value in terms.items()},
            "colorizer/gan": gan,
            **judgement,
        }

    def _discriminator_input(self, nir, rgb):
        """What the discriminator sees of an image, (B, H, W, 4)."""
        chroma = rgb - losses.luminance(rgb)
        return ops.concatenate(
            [nir, self.config.gan.chroma_gain * chroma], axis=-1
        )
