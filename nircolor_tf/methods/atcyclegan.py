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
    total -> eq. 5 -> adversarial.cycle_losses

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
    - From the submission: no InstanceNorm but spectral norm in the
      discriminators, their loss times 0.5, a history of 50 fakes.
    - [ours] The spectral norms are estimated once a step, with the
      discriminators' own loss; the history is per replica.
    - [ours] The first alternating epoch is unpaired, and the decay phase goes
      on alternating: the paper does not say.
    - [ours] An unpaired epoch is as long as a paired one. The paper's times
      (32 s and 93 s) suggest one draw per photo, 1,020: then
      config.schedule.unpaired_epoch_images.
    - [ours] All losses are means over pixels, patches and batch.
    - [ours] Contrast and crop are drawn apart, each with its probability, and
      the contrast about the mean of the crop: the paper (II-E) names the
      contrast first, and does not say about what.
"""

from ml_collections import ConfigDict

from nircolor_tf import losses
from nircolor_tf.methods import adversarial
from nircolor_tf.methods.base import Batch, Losses, Method, Phase, Scalars
from nircolor_tf.methods.schedules import Schedule, constant, linear, part
from nircolor_tf.networks import make_network
from nircolor_tf.training.optimizers import make_adam


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
        self.add_network("colorizer", colorizer, channels=1, inference=True)
        self.add_network(
            "rgb_to_nir",
            make_network(to_nir, "network"),
            channels=3,
            inference=False,
        )
        for name, channels in (
            ("rgb_discriminator", 3),
            ("nir_discriminator", 1),
        ):
            network = make_network(config.discriminator, "discriminator")
            self.add_network(name, network, channels, inference=False)
        self.add_pool("fake_rgb", channels=3)
        self.add_pool("fake_nir", channels=1)
        self.add_optimizer(
            "generator_optimizer",
            make_adam(config.optimizer),
            ("colorizer", "rgb_to_nir"),
        )
        self.add_optimizer(
            "discriminator_optimizer",
            make_adam(config.optimizer),
            ("rgb_discriminator", "nir_discriminator"),
        )
        self.gan = losses.gan_loss(config.gan.form)

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
        images = (
            schedule.epoch_images if paired else schedule.unpaired_epoch_images
        )
        optimizers = ("generator_optimizer", "discriminator_optimizer")
        return Phase(
            name=name if paired else f"{name}, unpaired",
            steps=epochs * -(-images // self.config.data.batch_size),
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
        return adversarial.cycle_losses(
            self, nir, rgb, fake_nir, fake_rgb, pair
        )

    def unpaired_losses(self, batch: Batch) -> tuple[Losses, Scalars]:
        """A NIR image and a photo that has no NIR (Figure 1b, eq. 4)."""
        nir, own_rgb = batch["paired"]["nir"], batch["paired"]["rgb"]
        photo = batch["unpaired"]["rgb"]
        fake_rgb = self.colorizer(nir, training=True)
        fake_nir = self.rgb_to_nir(photo, training=True)
        pair = {"colorizer/pair": losses.l1(fake_rgb, own_rgb)}
        return adversarial.cycle_losses(
            self, nir, photo, fake_nir, fake_rgb, pair
        )

    def visuals(self, nir, rgb) -> dict:
        """Both directions, there and back."""
        return adversarial.cycle_visuals(
            self.colorizer, self.rgb_to_nir, nir, rgb
        )
