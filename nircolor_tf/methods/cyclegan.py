"""CycleGAN: the baseline of two of the five systems.

Zhu, Park, Isola & Efros, Unpaired Image-to-Image Translation using
Cycle-Consistent Adversarial Networks, ICCV 2017.
https://arxiv.org/abs/1703.10593

With a plain UNet256 as generator and a pair term it is the baseline of
ATCycleGAN's Table I (Yang & Chen, VCIP 2020); with the U-Net or the ResNet-9
generator, those of ColorNet's Table 1 (Ma et al., Applied Sciences 2022).

The idea: without pairs, a translation cannot be compared with its truth. But
it can be judged by whether it looks like an image of the other domain, and by
whether the way back gives the image it came from.

Figure box -> attribute -> class
    G, NIR -> RGB (Figure 3) -> colorizer
        -> networks.unet.UNet256 or networks.resnet.ResNetGenerator
    F, RGB -> NIR (Figure 3) -> rgb_to_nir -> the same
    D_Y, on RGB (Figure 3) -> rgb_discriminator
        -> networks.discriminators.PatchGAN
    D_X, on NIR (Figure 3) -> nir_discriminator -> the same

Loss term -> equation -> config key
    GAN, generators -> eq. 1, section 4 -> config.loss.gan
    GAN, discriminators -> eq. 1, section 4 -> config.loss.discriminator
        (the form of both: config.gan.form)
    cycle -> eq. 2 -> config.loss.cycle
    pair, only on pairs -> ATCycleGAN's eq. 3 -> config.loss.pair
    total -> eq. 3 -> `cycle_losses`

Phases: 'constant', then 'decay', while the rate falls linearly to 0; lengths in
epochs from config.schedule, an epoch a pass over the images. config.pairing
'paired' takes an image and its own RGB; 'unpaired' draws NIR and RGB
independently, the latter from what config.data.unpaired_from names.

Departures and choices
    - The identity term (section 5.2) is left out: it needs domains with
      equally many channels.
    - [ours] ATCycleGAN's Table I says no more than 'CycleGAN: UNet256' and
      'the same total loss': so that paper's loss weights and 800 epochs, on
      pairs, with CycleGAN's own discriminators (InstanceNorm).
    - [ours] Sigmoid and images in (0, 1), for both generators, where the
      CycleGAN paper has tanh; the augmentation of ATCycleGAN, for the ResNet
      too, of which ColorNet says nothing.
    - [ours] ColorNet says neither whether its CycleGANs saw pairs nor how they
      were cut: unpaired, and crops of 256, as in the CycleGAN paper.
    - [ours] The best model on validation is kept.
    - [ours] All losses are means over pixels, patches and batch.
"""

import keras
from ml_collections import ConfigDict

from nircolor_tf import losses
from nircolor_tf.errors import InputError
from nircolor_tf.methods import adversarial
from nircolor_tf.methods.base import Batch, Losses, Method, Phase, Scalars
from nircolor_tf.methods.schedules import (
    Schedule,
    constant,
    epoch_steps,
    linear,
)
from nircolor_tf.networks import make_network


class CycleGAN(Method):
    """Two generators, two discriminators, with pairs or without."""

    config_keys = (
        "pairing",
        "network",
        "discriminator",
        "gan",
        "loss",
        "rate",
        "schedule",
    )

    def __init__(self, config: ConfigDict):
        if config.pairing not in ("paired", "unpaired"):
            raise InputError(
                f"config.pairing is {config.pairing!r}; expected 'paired' or "
                "'unpaired'"
            )
        colorizer = make_network(config.network, "network")
        super().__init__(config, colorizer.size_multiple)
        to_nir = ConfigDict({**config.network, "output_channels": 1})
        self.colorizer = self.add_network(
            "colorizer", colorizer, channels=1, inference=True
        )
        self.rgb_to_nir = self.add_network(
            "rgb_to_nir",
            make_network(to_nir, "network"),
            channels=3,
            inference=False,
        )
        self.rgb_discriminator = self._add_discriminator("rgb_discriminator", 3)
        self.nir_discriminator = self._add_discriminator("nir_discriminator", 1)
        self.add_pool("fake_rgb", channels=3)
        self.add_pool("fake_nir", channels=1)
        self.add_optimizer(
            "generator_optimizer", ("colorizer", "rgb_to_nir"), config.optimizer
        )
        self.add_optimizer(
            "discriminator_optimizer",
            ("rgb_discriminator", "nir_discriminator"),
            config.optimizer,
        )
        self.gan = losses.gan_loss(config.gan.form)

    def _add_discriminator(self, name: str, channels: int) -> keras.Model:
        network = make_network(self.config.discriminator, "discriminator")
        return self.add_network(name, network, channels, inference=False)

    def call(self, nir, training=False):
        """(B, H, W, 1) -> (B, H, W, 3), both in config.data.value_range."""
        return self.colorizer(nir, training=training)

    @classmethod
    def epoch_data(cls, config: ConfigDict) -> tuple[str, ...]:
        """Without pairs the larger of both domains, as in CycleGAN's code."""
        if config.pairing == "paired":
            return ("paired",)
        return ("paired", "unpaired")

    def phases(self) -> tuple[Phase, ...]:
        """A constant rate, then a falling one (appendix 7.1)."""
        schedule, peak = self.config.schedule, self.config.rate.peak
        return (
            self._phase("constant", schedule.constant_epochs, constant(peak)),
            self._phase("decay", schedule.decay_epochs, linear(peak)),
        )

    def _phase(self, name: str, epochs: int, rate: Schedule) -> Phase:
        epoch = epoch_steps(
            self.config.schedule.epoch_images, self.config.data.batch_size
        )
        optimizers = ("generator_optimizer", "discriminator_optimizer")
        paired = self.config.pairing == "paired"
        return Phase(
            name=name,
            steps=epochs * epoch,
            losses=self.paired_losses if paired else self.unpaired_losses,
            optimizers=optimizers,
            data=("paired",) if paired else ("paired", "unpaired"),
            rates=dict.fromkeys(optimizers, rate),
        )

    def paired_losses(self, batch: Batch) -> tuple[Losses, Scalars]:
        """A NIR image and its own RGB, compared pixel by pixel as well."""
        nir, rgb = batch["nir"], batch["rgb"]
        fake_rgb = self.colorizer(nir, training=True)
        fake_nir = self.rgb_to_nir(rgb, training=True)
        pair = {
            "colorizer/pair": losses.l1(fake_rgb, rgb),
            "rgb_to_nir/pair": losses.l1(fake_nir, nir),
        }
        return self.cycle_losses(nir, rgb, fake_nir, fake_rgb, pair)

    def unpaired_losses(self, batch: Batch) -> tuple[Losses, Scalars]:
        """A NIR image and an RGB image that know nothing of each other."""
        nir, rgb = batch["paired"]["nir"], batch["unpaired"]["rgb"]
        fake_rgb = self.colorizer(nir, training=True)
        fake_nir = self.rgb_to_nir(rgb, training=True)
        return self.cycle_losses(nir, rgb, fake_nir, fake_rgb, {})

    def cycle_losses(
        self, nir, rgb, fake_nir, fake_rgb, pair: Scalars
    ) -> tuple[Losses, Scalars]:
        """The total of eq. 3: eq. 1, eq. 2 and, on pairs, the pair terms.

        Args:
            nir: (B, H, W, 1).
            rgb: (B, H, W, 3), of the same scenes or not.
            fake_nir: rgb_to_nir(rgb).
            fake_rgb: colorizer(nir).
            pair: The pair terms, '<network>/pair' -> scalar; {} without pairs.
        """
        weights = self.config.loss
        cycled_nir = self.rgb_to_nir(fake_rgb, training=True)
        cycled_rgb = self.colorizer(fake_nir, training=True)
        cycle = {  # eq. 2
            "rgb_to_nir/cycle": losses.l1(cycled_nir, nir),
            "colorizer/cycle": losses.l1(cycled_rgb, rgb),
        }
        rgb_logits = self.rgb_discriminator(fake_rgb, training=False)
        nir_logits = self.nir_discriminator(fake_nir, training=False)
        gan = {  # eq. 1, as the generators see it
            "colorizer/gan": self.gan.generator(rgb_logits),
            "rgb_to_nir/gan": self.gan.generator(nir_logits),
        }
        generators = (
            weights.gan * sum(gan.values())
            + weights.cycle * sum(cycle.values())
            + weights.pair * sum(pair.values())
        )
        discriminators, judgements = adversarial.judge_all(
            self,  # eq. 1, as they see it: with a history of fakes
            {
                "rgb_discriminator": (rgb, self.pooled("fake_rgb", fake_rgb)),
                "nir_discriminator": (nir, self.pooled("fake_nir", fake_nir)),
            },
        )
        return {
            "generator_optimizer": generators,
            "discriminator_optimizer": weights.discriminator * discriminators,
        }, {**gan, **cycle, **pair, **judgements}

    def visuals(self, nir, rgb) -> dict:
        """Both directions, there and back."""
        return adversarial.cycle_visuals(
            self.colorizer, self.rgb_to_nir, nir, rgb
        )
