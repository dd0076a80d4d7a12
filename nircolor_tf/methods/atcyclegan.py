"""ATCycleGAN: a CycleGAN trained alternately on pairs and on plain photos.

Yang & Chen, Learning from Paired and Unpaired Data: Alternately Trained
CycleGAN for Near Infrared Image Colorization, VCIP 2020, pages 467-470.

The idea: registered pairs are few, photos are many. A CycleGAN can use both:
from pairs it learns which color belongs to which pixel, from NIR images and
photos that do not belong together what colors the world has. Trained by turns,
epoch by epoch, the pairs keep the photos from leading it astray. Its generators
are U-Nets whose last decoders also see the coarse ones (cross-scale).

Figure box -> attribute -> class
    G_A, NIR -> RGB (Figures 1, 2) -> colorizer
        -> networks.cross_scale_unet.CrossScaleUNet
    G_B, RGB -> NIR (Figures 1, 2) -> rgb_to_nir -> the same
    D_B, on RGB (Figure 1) -> rgb_discriminator
        -> networks.discriminators.PatchGAN
    D_A, on NIR (Figure 1) -> nir_discriminator -> the same

Loss term -> equation -> config key
    GAN, generators -> eq. 1 -> config.loss.gan
    GAN, discriminators -> eq. 1 -> config.loss.discriminator
        (the form of both: config.gan.form)
    cycle -> eq. 2 -> config.loss.cycle
    pair, of a paired step -> eq. 3 -> config.loss.pair
    pair, of an unpaired step -> eq. 4 -> config.loss.pair
    total -> eq. 5 -> `cycle_losses`

Phases (section II-D; their lengths in epochs from config.schedule): 'paired';
'alternating', an unpaired epoch and a paired one by turns; 'decay', the same
while the rate falls linearly to 0. One epoch of the last two is one `Phase`.
An unpaired step draws a NIR image, whose own RGB is known, and a photo that
has no NIR: cycle and GAN terms use both, the pair term the former (eq. 4).

Departures and choices
    - GAN form: least squares, as the authors' challenge submission has it; eq.
      1 writes the log form (config.gan.form 'log' or 'non_saturating').
    - Loss weights: the paper's 100 (cycle) and 60 (pair); the submission's 10
      and 60 are configs/atcyclegan.py:submission.
    - From the submission, as the paper is silent: no InstanceNorm but spectral
      norm in the discriminators, their loss times 0.5, a history of 50 fakes;
      Adam with 0.5 and 0.999 at 2e-4, batches of one, sigmoid.
    - [ours] The spectral norms are estimated once a step, with the
      discriminators' own loss (once a part with config.train.accumulate); the
      history is per replica. Photos are augmented as the pairs are.
    - [ours] The first alternating epoch is unpaired, and the decay phase goes
      on alternating: the paper does not say.
    - [ours] An unpaired epoch is as long as a paired one. The paper's times
      (32 s and 93 s) suggest one draw per photo, 1,020: then
      config.schedule.unpaired_epoch_images, configs/atcyclegan.py:photo_epochs.
    - [ours] All losses are means over pixels, patches and batch.
    - [ours] The best model on validation is kept.
    - [ours] Contrast and crop are drawn apart, each with a probability of 0.8,
      and the contrast about the mean of the crop: the paper (II-E) names the
      contrast first, and does not say about what.
"""

import keras
from ml_collections import ConfigDict

from nircolor_tf import losses
from nircolor_tf.methods import adversarial
from nircolor_tf.methods.base import Batch, Losses, Method, Phase, Scalars
from nircolor_tf.methods.schedules import (
    Schedule,
    constant,
    epoch_steps,
    linear,
    part,
)
from nircolor_tf.networks import make_network


class ATCycleGAN(Method):
    """Two generators, two discriminators, pairs and photos by turns."""

    config_keys = (
        "network",
        "discriminator",
        "gan",
        "loss",
        "rate",
        "schedule",
    )

    def __init__(self, config: ConfigDict):
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
        """(B, H, W, 1) -> (B, H, W, 3), both in (0, 1)."""
        return self.colorizer(nir, training=training)

    def phases(self) -> tuple[Phase, ...]:
        """The three of section II-D; the last two an epoch at a time."""
        schedule, peak = self.config.schedule, self.config.rate.peak
        alternating, decay = schedule.alternating_epochs, schedule.decay_epochs
        epochs = schedule.paired_epochs
        paired = self._phase("paired", True, epochs, constant(peak))
        return (
            paired,
            *(
                self._phase("alternating", index % 2 == 1, 1, constant(peak))
                for index in range(alternating)
            ),
            *(
                self._phase(
                    "decay",
                    (alternating + index) % 2 == 1,
                    1,
                    part(linear(peak), index, decay),
                )
                for index in range(decay)
            ),
        )

    def _phase(
        self, name: str, paired: bool, epochs: int, rate: Schedule
    ) -> Phase:
        """Epochs on pairs, or on NIR images and photos."""
        schedule = self.config.schedule
        images = schedule.epoch_images
        if not paired:
            images = schedule.unpaired_epoch_images or images
        optimizers = ("generator_optimizer", "discriminator_optimizer")
        return Phase(
            name=name if paired else f"{name}, unpaired",
            steps=epochs * epoch_steps(images, self.config.data.batch_size),
            losses=self.paired_losses if paired else self.unpaired_losses,
            optimizers=optimizers,
            data=("paired",) if paired else ("paired", "unpaired"),
            rates=dict.fromkeys(optimizers, rate),
        )

    def paired_losses(self, batch: Batch) -> tuple[Losses, Scalars]:
        """A NIR image and its own RGB (Figure 1a, eq. 3)."""
        nir, rgb = batch["nir"], batch["rgb"]
        fake_rgb = self.colorizer(nir, training=True)
        fake_nir = self.rgb_to_nir(rgb, training=True)
        pair = {
            "colorizer/pair": losses.l1(fake_rgb, rgb),
            "rgb_to_nir/pair": losses.l1(fake_nir, nir),
        }
        return self.cycle_losses(nir, rgb, fake_nir, fake_rgb, pair)

    def unpaired_losses(self, batch: Batch) -> tuple[Losses, Scalars]:
        """A NIR image and a photo that has no NIR (Figure 1b, eq. 4)."""
        nir, own_rgb = batch["paired"]["nir"], batch["paired"]["rgb"]
        photo = batch["unpaired"]["rgb"]
        fake_rgb = self.colorizer(nir, training=True)
        fake_nir = self.rgb_to_nir(photo, training=True)
        pair = {"colorizer/pair": losses.l1(fake_rgb, own_rgb)}
        return self.cycle_losses(nir, photo, fake_nir, fake_rgb, pair)

    def cycle_losses(
        self, nir, rgb, fake_nir, fake_rgb, pair: Scalars
    ) -> tuple[Losses, Scalars]:
        """The total of eq. 5: eq. 1, eq. 2 and the pair terms.

        Args:
            nir: (B, H, W, 1).
            rgb: (B, H, W, 3), of the same scenes or not.
            fake_nir: rgb_to_nir(rgb).
            fake_rgb: colorizer(nir).
            pair: The pair terms of the step, '<network>/pair' -> scalar.
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
