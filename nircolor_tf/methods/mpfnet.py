"""MPFNet: NIR to gray, then gray to RGB, both at three scales.

Yang, Chen & Yang, Multi-scale Progressive Feature Embedding for Accurate
NIR-to-RGB Spectral Domain Translation, VCIP 2022.
https://arxiv.org/abs/2312.16040

The idea: the way from NIR to RGB is ambiguous, the way from gray to RGB far
less, and any color photo is an example of it. So a translator makes a gray
image of the NIR image, and a colorizer that has learned from real gray images
colors it; at last both learn together, so that what is translated is colored
like what is real. Every network predicts from coarse to fine.

Figure box -> attribute -> class
    G_N2G (Figure 1) -> nir_to_gray -> networks.mpfnet.MPFNet (Figure 2)
    G_G2N (section II-B) -> gray_to_nir -> the same
    F_G (Figure 1) -> gray_colorizer -> the same
    D_N^img (section II-B) -> nir_discriminator
        -> networks.discriminators.PatchGAN
    D_G^img (section II-B) -> gray_discriminator -> the same
    D_G^feat (section II-B) -> gray_feature_discriminator -> the same

Loss term -> equation -> config key
    image GAN, of NIR and of gray -> eq. 1 -> config.loss.image_gan
    cycle -> eq. 1, lambda_1 -> config.loss.cycle
    identity -> eq. 1, lambda_2 -> config.loss.identity
    L_mix of F_G(X_G), at every scale -> eq. 2 -> config.loss.gray_mix
        (L_mix's alpha: config.loss.mix_alpha; 'zhao', as Zhao et al. compute
        it, or 'pyramid', as this project did before: config.loss.mix_form)
    L_mix of F_G(X_N2G), at every scale -> eq. 3 -> config.loss.nir_mix
    feature GAN -> eq. 4, lambda_2 of eq. 5 -> config.loss.feature_gan
    GANs, discriminators -> eq. 1, 4 -> config.loss.discriminator
        (the form of all: config.gan.form)
    eq. 1 as a part of eq. 5, lambda_1 -> config.loss.translation
    total -> eq. 5 -> `fine_tune_losses`

Phases (section III-A; their lengths in epochs from config.schedule):
'translate', the translators and the image discriminators, eq. 1; 'colorize',
the colorizer on X_G, eq. 2; 'fine-tune', all together on X_N2G, eq. 5, while
the rate falls linearly to 0.

Inference paths: n2g2c = F_G(G_N2G(x_n)), the method's own; g2c, n2g, g2n.

Departures and choices
    - [ours] X_G is the luma of color images drawn without regard to X_N: of
      photos, of the pairs, or of both (config.data.unpaired_from).
    - [ours] Zoom 1 to 1.6; contrast 0.5 to 1.5 about the mean of the crop, of
      X_N alone; and how often: the paper names scaling and contrast without
      numbers.
    - [ours] The best model on validation is kept, of whichever phase.
    - [ours] The terms of eq. 1 and 4 see the finest prediction only; its
      coarser ones are supervised where there is a truth, in eq. 2 and 3. The
      truth of a scale is the image, shrunk by averages of 2x2 pixels.
    - [ours] Least squares, as in CycleGAN: eq. 4 writes differences without a
      square. The discriminators' loss counts half, as there; no history of
      generated images, which the paper does not mention.
    - [ours] The real images of eq. 4, F_G(x_g), pass the colorizer no
      gradient.
    - [ours] PatchGANs with spectral norm, as in ATCycleGAN.
    - [ours] Adam's betas 0.5 and 0.999, as in CycleGAN; the length of
      'fine-tune', and its falling rate.
    - [ours] An epoch is a pass over the larger of X_N and X_G, as in CycleGAN's
      code: config.schedule.epoch_images 0; another number fixes it.
    - [ours] All losses are means over pixels, patches and batch.
    - The networks' own choices are in networks/mpfnet.py.
"""

from collections.abc import Mapping

import keras
from keras import ops
from ml_collections import ConfigDict

from nircolor_tf import losses
from nircolor_tf.errors import InputError
from nircolor_tf.methods import adversarial
from nircolor_tf.methods.base import (
    Batch,
    InferencePath,
    Losses,
    Method,
    Phase,
    Scalars,
)
from nircolor_tf.methods.schedules import (
    Schedule,
    constant,
    epoch_steps,
    linear,
)
from nircolor_tf.networks import make_network


class MPFNetMethod(Method):
    """Two translators and a colorizer, in three phases."""

    config_keys = (
        "network",
        "discriminator",
        "gan",
        "loss",
        "rate",
        "schedule",
    )

    def __init__(self, config: ConfigDict):
        _check_crop(config)
        gray_colorizer = make_network(config.network, "network")
        super().__init__(config, gray_colorizer.size_multiple)
        translator = ConfigDict({**config.network, "output_channels": 1})
        self.nir_to_gray = self._add_generator(
            "nir_to_gray", make_network(translator, "network")
        )
        self.gray_to_nir = self._add_generator(
            "gray_to_nir", make_network(translator, "network")
        )
        self.gray_colorizer = self._add_generator(
            "gray_colorizer", gray_colorizer
        )
        self.nir_discriminator = self._add_discriminator("nir_discriminator", 1)
        self.gray_discriminator = self._add_discriminator(
            "gray_discriminator", 1
        )
        self.gray_feature_discriminator = self._add_discriminator(
            "gray_feature_discriminator", 3
        )
        for name, networks in (
            ("translator_optimizer", ("nir_to_gray", "gray_to_nir")),
            ("colorizer_optimizer", ("gray_colorizer",)),
            (
                "image_discriminator_optimizer",
                ("nir_discriminator", "gray_discriminator"),
            ),
            (
                "feature_discriminator_optimizer",
                ("gray_feature_discriminator",),
            ),
        ):
            self.add_optimizer(name, networks, config.optimizer)
        self.gan = losses.gan_loss(config.gan.form)

    def _add_generator(self, name: str, network: keras.Model) -> keras.Model:
        self.add_network(name, network, channels=1, inference=True)
        adversarial.check_alone(network, self.config.network)
        return network

    def _add_discriminator(self, name: str, channels: int) -> keras.Model:
        network = make_network(self.config.discriminator, "discriminator")
        return self.add_network(name, network, channels, inference=False)

    def call(self, nir, training=False):
        """(B, H, W, 1) -> (B, H, W, 3), both in (-1, 1)."""
        gray = self.nir_to_gray(nir, training=training)[-1]
        return self.gray_colorizer(gray, training=training)[-1]

    @classmethod
    def epoch_data(cls, config: ConfigDict) -> tuple[str, ...]:
        """Pairs and X_G: the larger is an epoch."""
        del config
        return ("paired", "unpaired")

    def inference_paths(self) -> Mapping[str, InferencePath]:
        """Its own, and each network alone."""

        def alone(name):
            return (name,), lambda image: self.networks[name](image)[-1]

        both = ("nir_to_gray", "gray_colorizer")
        return {
            "n2g2c": InferencePath("nir", "rgb", both, self),
            "g2c": InferencePath("gray", "rgb", *alone("gray_colorizer")),
            "n2g": InferencePath("nir", "gray", *alone("nir_to_gray")),
            "g2n": InferencePath("gray", "nir", *alone("gray_to_nir")),
        }

    def phases(self) -> tuple[Phase, ...]:
        """The three of section III-A."""
        schedule, peak = self.config.schedule, self.config.rate.peak
        translate = ("translator_optimizer", "image_discriminator_optimizer")
        return (
            self._phase(
                "translate",
                schedule.translate_epochs,
                self.translate_losses,
                translate,
                ("paired", "unpaired"),
                constant(peak),
            ),
            self._phase(
                "colorize",
                schedule.colorize_epochs,
                self.colorize_losses,
                ("colorizer_optimizer",),
                ("unpaired",),
                constant(peak),
            ),
            self._phase(
                "fine-tune",
                schedule.fine_tune_epochs,
                self.fine_tune_losses,
                (
                    *translate,
                    "colorizer_optimizer",
                    "feature_discriminator_optimizer",
                ),
                ("paired", "unpaired"),
                linear(peak),
            ),
        )

    def _phase(
        self,
        name: str,
        epochs: int,
        phase_losses,
        optimizers,
        data,
        rate: Schedule,
    ) -> Phase:
        epoch = epoch_steps(
            self.config.schedule.epoch_images, self.config.data.batch_size
        )
        return Phase(
            name=name,
            steps=epochs * epoch,
            losses=phase_losses,
            optimizers=optimizers,
            data=data,
            rates=dict.fromkeys(optimizers, rate),
        )

    def translate_losses(self, batch: Batch) -> tuple[Losses, Scalars]:
        """The first phase: the translators alone."""
        nir, gray = _images(batch)
        return self._translation(nir, gray, self._translate(nir, gray))

    def colorize_losses(self, batch: Batch) -> tuple[Losses, Scalars]:
        """The second phase: the colorizer on real gray images."""
        rgb = batch["rgb"]
        predictions = self.gray_colorizer(losses.luminance(rgb), training=True)
        gray_mix = self._mix(predictions, rgb)  # eq. 2
        return {"colorizer_optimizer": self.config.loss.gray_mix * gray_mix}, {
            "gray_colorizer/gray_mix": gray_mix
        }

    def fine_tune_losses(self, batch: Batch) -> tuple[Losses, Scalars]:
        """The third phase: all together."""
        weights = self.config.loss
        nir, gray = _images(batch)
        translations = self._translate(nir, gray)
        translation, scalars = self._translation(nir, gray, translations)
        predictions = self.gray_colorizer(translations.gray, training=True)
        nir_mix = self._mix(predictions, batch["paired"]["rgb"])  # eq. 3
        fake = predictions[-1]
        real = self.gray_colorizer(gray, training=True)[-1]
        logits = self.gray_feature_discriminator(fake, training=False)
        feature_gan = self.gan.generator(logits)  # eq. 4
        discriminator, judgement = adversarial.judge(
            "gray_feature_discriminator",
            self.gray_feature_discriminator,
            self.gan,
            ops.stop_gradient(real),
            fake,
        )
        total = (  # eq. 5
            weights.nir_mix * nir_mix
            + weights.translation * translation["translator_optimizer"]
            + weights.feature_gan * feature_gan
        )
        generators = ("translator_optimizer", "colorizer_optimizer")
        return {
            **translation,
            **dict.fromkeys(generators, total),
            "feature_discriminator_optimizer": weights.discriminator
            * discriminator,
        }, {
            **scalars,
            **judgement,
            "gray_colorizer/nir_mix": nir_mix,
            "gray_colorizer/gan": feature_gan,
        }

    def _translate(self, nir, gray) -> adversarial.Translations:
        (*_, translated_gray), (*_, same_gray) = adversarial.in_one_call(
            self.nir_to_gray, nir, gray
        )
        (*_, translated_nir), (*_, same_nir) = adversarial.in_one_call(
            self.gray_to_nir, gray, nir
        )
        return adversarial.Translations(
            translated_gray, translated_nir, same_gray, same_nir
        )

    def _translation(
        self, nir, gray, translations: adversarial.Translations
    ) -> tuple[Losses, Scalars]:
        """What the translators and the image discriminators minimise: eq. 1."""
        weights = self.config.loss
        nir_logits = self.nir_discriminator(translations.nir, training=False)
        gray_logits = self.gray_discriminator(translations.gray, training=False)
        image_gan = {
            "gray_to_nir/gan": self.gan.generator(nir_logits),
            "nir_to_gray/gan": self.gan.generator(gray_logits),
        }
        cycled_gray = self.nir_to_gray(translations.nir, training=True)[-1]
        cycled_nir = self.gray_to_nir(translations.gray, training=True)[-1]
        cycle = {  # L_cyc
            "nir_to_gray/cycle": losses.l1(cycled_gray, gray),
            "gray_to_nir/cycle": losses.l1(cycled_nir, nir),
        }
        identity = {  # L_idt
            "nir_to_gray/identity": losses.l1(translations.same_gray, gray),
            "gray_to_nir/identity": losses.l1(translations.same_nir, nir),
        }
        translators = (  # eq. 1
            weights.image_gan * sum(image_gan.values())
            + weights.cycle * sum(cycle.values())
            + weights.identity * sum(identity.values())
        )
        discriminators, judgements = adversarial.judge_all(
            self,
            {
                "nir_discriminator": (nir, translations.nir),
                "gray_discriminator": (gray, translations.gray),
            },
        )
        return {
            "translator_optimizer": translators,
            "image_discriminator_optimizer": weights.discriminator
            * discriminators,
        }, {**image_gan, **cycle, **identity, **judgements}

    def _mix(self, predictions, rgb):
        """The sum of L_mix over the scales, the coarsest first."""
        truths = [rgb]
        for _ in predictions[1:]:
            truths.insert(0, ops.average_pool(truths[0], 2))
        value_range = self.config.data.value_range
        weights = self.config.loss
        return sum(
            losses.mix(
                prediction,
                truth,
                value_range,
                weights.mix_alpha,
                weights.mix_form,
            )
            for prediction, truth in zip(predictions, truths, strict=True)
        )

    def visuals(self, nir, rgb) -> dict:
        """All four paths, of a pair and of its gray."""
        return adversarial.path_visuals(self.inference_paths(), nir, rgb)


def _check_crop(config: ConfigDict) -> None:
    """Refuses crops whose coarsest scale the pyramid's window does not fit.

    Raises:
        InputError: They are too small.
    """
    if config.loss.mix_form != "pyramid":
        return
    scales = config.network.scales if config.network.sccm else 1
    smallest = losses.SSIM_WINDOW * 2 ** (scales - 1)
    if config.data.crop < smallest:
        raise InputError(
            f"config.data.crop is {config.data.crop}; expected at least "
            f"{smallest}, for L_mix at the coarsest of {scales} scales"
        )


def _images(batch: Batch) -> tuple:
    """Returns X_N and X_G."""
    gray = losses.luminance(batch["unpaired"]["rgb"])
    return batch["paired"]["nir"], gray
