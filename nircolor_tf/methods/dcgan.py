"""DCGAN: one adversarial game colorizes small patches.

Suarez, Sappa & Vintimilla, Learning to Colorize Infrared Images, PAAMS 2017.

The idea: a generator takes the NIR patch where other GANs take noise, and a
discriminator that knows the RGB patches of the training set tells it what is
wrong with its colors. Nothing compares a pixel with its truth: only the
discriminator, which never sees the NIR image, ties the colors to it.

Figure box -> attribute -> class
    (G) generator (Figure 1)     -> colorizer         -> networks.dcgan
                                                         .DCGANGenerator
    (D) discriminator (Figure 1) -> rgb_discriminator -> networks.dcgan
                                                         .DCGANDiscriminator

Loss term -> equation -> config key (of weight 0 a term counts nothing)
    log(1 - D(G(nir)))             -> eq. 2           -> config.loss.gan
    -log D(rgb) - log(1 - D(G(nir))) -> eq. 1         -> config.loss
                                                         .discriminator
    weight decay, of both networks -> section 3       -> config.loss
                                                         .weight_decay
    mean |G(nir) - rgb|            -> none            -> config.loss.l1
    config.gan.form: 'log' is the paper; or 'non_saturating', 'least_squares'.

Phases: one, 'train', of config.train.steps steps that update both networks.
Adam 1e-4, beta1 0.4 (generator) and 2e-4, beta1 0.5 (discriminator).

Departures and choices
    - [ours] The layer sizes are in a figure without numbers: 64-128-256-512
      as in Radford et al., ICLR 2016, k4 s2, no skips.
    - [ours] 'Every layer uses batch normalization': not the generator's
      output, the discriminator's first layer and its logit, as in Radford et
      al. On the first layer it would hide from the discriminator how bright
      and colorful a batch is, on the logit whether it is real.
    - [ours] LeakyReLU after every layer of both networks: the paper gives the
      slope 0.2 and not the place.
    - [ours] The discriminator takes real and generated patches in separate
      calls, each normalised by its own statistics (training mode): so it sees
      generated ones, here and in the generator's loss, normalised alike.
    - [ours] Both networks update at once, from the same forward pass.
    - [ours] Eq. 1 and 2 are means over the batch and logits.
    - [ours] 'Weight decay' is the L2 penalty it was in 2017, on every
      trainable variable, not AdamW's.
    - [ours] The second moments' decay, 0.999, the batch, 128, the number of
      steps, rates that stay constant, no augmentation, the best model on
      validation kept; the paper is silent.
    - [ours] Patches that overlap by half, 620 of a photo of 1024x680: 58
      pairs give fewer than the paper's 64,200, of which it says no more.
    - [ours] The L1 term, off unless config.loss.l1 says otherwise.
"""

from keras import ops
from ml_collections import ConfigDict

from nircolor_tf import losses
from nircolor_tf.errors import InputError
from nircolor_tf.methods.base import Batch, Losses, Method, Phase, Scalars
from nircolor_tf.methods.schedules import make_schedule
from nircolor_tf.networks import make_network


class DCGAN(Method):
    """A generator on NIR patches against a discriminator of RGB patches."""

    config_keys = (
        "network",
        "discriminator",
        "gan",
        "loss",
        "rate",
        "discriminator_optimizer",
        "discriminator_rate",
    )

    def __init__(self, config: ConfigDict):
        if tuple(config.data.value_range) != (-1.0, 1.0):
            raise InputError(
                f"config.data.value_range is {config.data.value_range}; "
                "expected (-1.0, 1.0), what the generator makes"
            )
        colorizer = make_network(config.network, "network")
        super().__init__(config, colorizer.size_multiple)
        self.colorizer = self.add_network(
            "colorizer", colorizer, channels=1, inference=True
        )
        self.rgb_discriminator = self.add_network(
            "rgb_discriminator",
            make_network(config.discriminator, "discriminator"),
            channels=3,
            inference=False,
            size=config.data.crop,
        )
        self.add_optimizer(
            "generator_optimizer", ("colorizer",), config.optimizer
        )
        self.add_optimizer(
            "discriminator_optimizer",
            ("rgb_discriminator",),
            config.discriminator_optimizer,
        )
        self.gan = losses.gan_loss(config.gan.form)

    def call(self, nir, training=False):
        """(B, H, W, 1) -> (B, H, W, 3), both in (-1, 1)."""
        return self.colorizer(nir, training=training)

    def phases(self) -> tuple[Phase, ...]:
        """One phase on pairs, in which both networks update."""
        return (
            Phase(
                name="train",
                steps=self.config.train.steps,
                losses=self.train_losses,
                optimizers=("generator_optimizer", "discriminator_optimizer"),
                data=("paired",),
                rates={
                    "generator_optimizer": make_schedule(
                        self.config.rate, "rate"
                    ),
                    "discriminator_optimizer": make_schedule(
                        self.config.discriminator_rate, "discriminator_rate"
                    ),
                },
            ),
        )

    def train_losses(self, batch: Batch) -> tuple[Losses, Scalars]:
        """Eq. 2 for the generator, eq. 1 for the discriminator."""
        weights, rgb = self.config.loss, batch["rgb"]
        fake_rgb = self.colorizer(batch["nir"], training=True)
        judged = self.rgb_discriminator(fake_rgb, training=True)
        real_logits = self.rgb_discriminator(rgb, training=True)
        fake_logits = self.rgb_discriminator(
            ops.stop_gradient(fake_rgb), training=True
        )
        terms = {
            "colorizer/gan": self.gan.generator(judged),
            "colorizer/l1": losses.l1(fake_rgb, rgb),
            "rgb_discriminator/gan": self.gan.discriminator(
                real_logits, fake_logits
            ),
        }
        generator = (
            weights.gan * terms["colorizer/gan"]
            + weights.l1 * terms["colorizer/l1"]
            + weights.weight_decay * self._penalty("generator_optimizer")
        )
        discriminator = weights.discriminator * terms[
            "rgb_discriminator/gan"
        ] + weights.weight_decay * self._penalty("discriminator_optimizer")
        return {
            "generator_optimizer": generator,
            "discriminator_optimizer": discriminator,
        }, {
            **terms,
            "rgb_discriminator/real_logits": ops.mean(real_logits),
            "rgb_discriminator/fake_logits": ops.mean(fake_logits),
        }

    def _penalty(self, optimizer: str):
        return losses.l2_penalty(self.variables_of(optimizer))
