"""CoColor: NIR and gray colorization that teach each other.

Yang, Chen & Yang, Cooperative Colorization: Exploring Latent Cross-Domain
Priors for NIR Image Spectrum Translation, ACM Multimedia 2023.
https://doi.org/10.1145/3581783.3612008

The idea: colorizing a gray photo is easier than colorizing a NIR image, and
any color photo is an example of it. So two colorizers, one of each domain,
work side by side, joined by two translators, NIR to gray and gray to NIR. What
the translators make is further training material for the other colorizer, and
an image must get the same color on the direct way and on the detour.

Figure box -> attribute -> class
    F_N (Figure 3) -> nir_colorizer -> networks.cross_scale_unet.CrossScaleUNet
    F_G (Figure 3) -> gray_colorizer -> the same
    G_N2G (Figure 3) -> nir_to_gray -> the same
    G_G2N (Figure 3) -> gray_to_nir -> the same
    D_N^img (section 3.3) -> nir_discriminator
        -> networks.discriminators.PatchGAN
    D_G^img (section 3.3) -> gray_discriminator -> the same
    D_N^feat (section 3.3) -> nir_feature_discriminator -> the same
    D_G^feat (section 3.3) -> gray_feature_discriminator -> the same

Loss term -> equation -> config key
    pair, F_G(X_G) -> eq. 3, lambda_p -> config.loss.gray_pair
    pair, F_G(X_N2G) -> eq. 3, lambda_p lambda_3
        -> config.loss.translated_gray_pair
    pair, F_N(X_N) -> eq. 3, lambda_p -> config.loss.nir_pair
    pair, F_N(X_G2N) -> eq. 3, lambda_p lambda_4
        -> config.loss.translated_nir_pair
    bilateral consistency of NIR -> eq. 4, lambda_c
        -> config.loss.nir_bilateral (L_mix's alpha: config.loss.mix_alpha;
        as Zhao et al. compute it, 'zhao': config.loss.mix_form)
    bilateral consistency of gray -> eq. 4, lambda_c
        -> config.loss.gray_bilateral
    image GAN, of NIR and of gray -> eq. 5, 7 -> config.loss.image_gan
    feature GAN, of F_N and of F_G -> eq. 6, 8 -> config.loss.feature_gan
    cycle -> eq. 9, lambda_1 -> config.loss.cycle
    identity -> eq. 10, lambda_2 -> config.loss.identity
    GANs, discriminators -> eq. 5 to 8 -> config.loss.discriminator
        (the form of all: config.gan.form)
    total -> eq. 11 -> `cooperate_losses`

Phases (Algorithm 1; their lengths in epochs from config.schedule):
'translate', the translators and the image discriminators, eq. 5, 7, 9, 10;
'colorize', the colorizers and the feature discriminators on real and
translated images, eq. 3, 4, 6, 8, translators frozen; 'cooperate', all
together, eq. 11, while the rate falls linearly to 0; from scratch (Table 4)
as late as otherwise [ours], config.schedule.steady_epochs.

Inference paths (Figure 2): n2c = F_N(x_n), the method's own; n2g2c =
F_G(G_N2G(x_n)); g2c = F_G(x_g); g2n2c = F_N(G_G2N(x_g)); n2g; g2n.

Departures and choices
    - Every term has a weight of its own, the product of the paper's lambdas
      before it (10 for lambda_p, 0.25 for lambda_p lambda_3), so that each can
      be left out alone.
    - [ours] Eq. 3 compares F_G(X_N2G) with Y_G and F_N(X_G2N) with Y_N. What
      was made from a NIR image is compared with the RGB of that NIR image,
      what was made from a gray one with the RGB it is the gray of: they are
      different images here.
    - [ours] X_G is the luma of color images drawn without regard to X_N, of
      config.data.unpaired_from; with config.gray_source 'paired' that of X_N's
      own RGB, and an epoch is a pass over the pairs.
    - [ours] Zoom 1 to 1.6; contrast 0.5 to 1.5 about a crop's mean, of X_N
      alone; how often. The best model on validation is kept, of any phase.
    - [ours] The translators share the colorizers' U-Net, with one channel.
    - [ours] Least squares, as in CycleGAN: eq. 5 to 8 write differences
      without a square. The discriminators' loss counts half, as there; no
      history of generated images, which the paper does not mention.
    - [ours] The real images of eq. 6 and 8, F_N(x_n) and F_G(x_g), pass the
      colorizers no gradient: what has a truth is no one's forgery.
    - [ours] PatchGANs with spectral norm, as in ATCycleGAN.
    - [ours] Adam's betas, as in CycleGAN; 'cooperate's length, falling rate.
    - [ours] An epoch is a pass over the larger of X_N and X_G, as in CycleGAN.
    - [ours] All losses are means over pixels, patches and batch.
    - Algorithm 1 cites an eq. 13, which there is not: eq. 11 is meant.
"""

import functools
from collections.abc import Mapping

import keras
from keras import ops
from ml_collections import ConfigDict

from nircolor_tf import losses
from nircolor_tf.methods import adversarial, schedules
from nircolor_tf.methods.base import (
    Batch,
    InferencePath,
    Losses,
    Method,
    Phase,
    Scalars,
)
from nircolor_tf.networks import make_network

TRANSLATORS = ("nir_to_gray", "gray_to_nir")
COLORIZERS = ("nir_colorizer", "gray_colorizer")
IMAGE_DISCRIMINATORS = ("nir_discriminator", "gray_discriminator")
FEATURE_DISCRIMINATORS = (
    "nir_feature_discriminator",
    "gray_feature_discriminator",
)


class CoColor(Method):
    """Four generators and four discriminators in three phases."""

    config_keys = (
        "gray_source",
        "network",
        "discriminator",
        "gan",
        "loss",
        "rate",
        "schedule",
    )

    def __init__(self, config: ConfigDict):
        nir_colorizer = make_network(config.network, "network")
        super().__init__(config, nir_colorizer.size_multiple)
        self.nir_colorizer = self._add_generator("nir_colorizer", nir_colorizer)
        self.gray_colorizer = self._add_generator(
            "gray_colorizer", make_network(config.network, "network")
        )
        translator = ConfigDict({**config.network, "output_channels": 1})
        self.nir_to_gray, self.gray_to_nir = (
            self._add_generator(name, make_network(translator, "network"))
            for name in TRANSLATORS
        )
        (
            self.nir_discriminator,
            self.gray_discriminator,
            self.nir_feature_discriminator,
            self.gray_feature_discriminator,
        ) = map(
            self._add_discriminator,
            (*IMAGE_DISCRIMINATORS, *FEATURE_DISCRIMINATORS),
            (1, 1, 3, 3),
        )
        for name, networks in (
            ("translator_optimizer", TRANSLATORS),
            ("colorizer_optimizer", COLORIZERS),
            ("image_discriminator_optimizer", IMAGE_DISCRIMINATORS),
            ("feature_discriminator_optimizer", FEATURE_DISCRIMINATORS),
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
        """(B, H, W, 1) -> (B, H, W, 3), both in (0, 1)."""
        return self.nir_colorizer(nir, training=training)

    @classmethod
    def epoch_data(cls, config: ConfigDict) -> tuple[str, ...]:
        """Pairs and, unless it is of the same pairs, X_G."""
        aligned = config.gray_source == "paired"
        return ("paired",) if aligned else ("paired", "unpaired")

    def inference_paths(self) -> Mapping[str, InferencePath]:
        """The six ways of Figure 2."""
        domains = {"n": "nir", "g": "gray", "c": "rgb"}
        steps = {
            "n2c": ("nir_colorizer",),
            "n2g2c": ("nir_to_gray", "gray_colorizer"),
            "g2c": ("gray_colorizer",),
            "g2n2c": ("gray_to_nir", "nir_colorizer"),
            "n2g": ("nir_to_gray",),
            "g2n": ("gray_to_nir",),
        }
        return {
            name: InferencePath(
                source=domains[name[0]],
                target=domains[name[-1]],
                networks=networks,
                run=functools.partial(self._through, networks),
            )
            for name, networks in steps.items()
        }

    def _through(self, networks: tuple[str, ...], image):
        for name in networks:
            image = self.networks[name](image, training=False)
        return image

    def phases(self) -> tuple[Phase, ...]:
        """The steps of Algorithm 1."""
        schedule, peak = self.config.schedule, self.config.rate.peak
        translate = ("translator_optimizer", "image_discriminator_optimizer")
        colorize = ("colorizer_optimizer", "feature_discriminator_optimizer")
        return (
            self._phase(
                "translate",
                schedule.translate_epochs,
                self.translate_losses,
                translate,
                schedules.constant(peak),
            ),
            self._phase(
                "colorize",
                schedule.colorize_epochs,
                self.colorize_losses,
                colorize,
                schedules.constant(peak),
            ),
            self._phase(
                "cooperate",
                schedule.cooperate_epochs,
                self.cooperate_losses,
                (*translate, *colorize),
                schedules.linear_after(
                    peak, schedule.steady_epochs, schedule.cooperate_epochs
                ),
            ),
        )

    def _phase(
        self,
        name: str,
        epochs: int,
        phase_losses,
        optimizers,
        rate: schedules.Schedule,
    ) -> Phase:
        images = self.config.schedule.epoch_images
        size = self.config.data.batch_size
        return Phase(
            name=name,
            steps=epochs * schedules.epoch_steps(images, size),
            losses=phase_losses,
            optimizers=optimizers,
            data=self.epoch_data(self.config),
            rates=dict.fromkeys(optimizers, rate),
        )

    def translate_losses(self, batch: Batch) -> tuple[Losses, Scalars]:
        """Algorithm 1, step 1: the translators alone."""
        nir, _, gray, _ = _images(batch)
        return self._translation(nir, gray, self._translate(nir, gray))

    def colorize_losses(self, batch: Batch) -> tuple[Losses, Scalars]:
        """Algorithm 1, step 2: the colorizers, on what the translators make."""
        nir, nir_rgb, gray, gray_rgb = _images(batch)
        translated_gray = self.nir_to_gray(nir, training=True)
        translated_nir = self.gray_to_nir(gray, training=True)
        return self._colorization(
            (nir, ops.stop_gradient(translated_nir)),
            (gray, ops.stop_gradient(translated_gray)),
            nir_rgb,
            gray_rgb,
        )

    def cooperate_losses(self, batch: Batch) -> tuple[Losses, Scalars]:
        """Algorithm 1, step 3: all of it."""
        nir, nir_rgb, gray, gray_rgb = _images(batch)
        translations = self._translate(nir, gray)
        translation, scalars = self._translation(nir, gray, translations)
        colorization, more_scalars = self._colorization(
            (nir, translations.nir),
            (gray, translations.gray),
            nir_rgb,
            gray_rgb,
        )
        total = (  # eq. 11
            translation["translator_optimizer"]
            + colorization["colorizer_optimizer"]
        )
        generators = ("translator_optimizer", "colorizer_optimizer")
        totals = dict.fromkeys(generators, total)
        scalars |= more_scalars
        return {**translation, **colorization, **totals}, scalars

    def _translate(self, nir, gray) -> adversarial.Translations:
        translated_gray, same_gray = adversarial.in_one_call(
            self.nir_to_gray, nir, gray
        )
        translated_nir, same_nir = adversarial.in_one_call(
            self.gray_to_nir, gray, nir
        )
        return adversarial.Translations(
            translated_gray, translated_nir, same_gray, same_nir
        )

    def _translation(
        self, nir, gray, translations: adversarial.Translations
    ) -> tuple[Losses, Scalars]:
        """What the translators and the image discriminators minimise."""
        weights = self.config.loss
        nir_logits = self.nir_discriminator(translations.nir, training=False)
        gray_logits = self.gray_discriminator(translations.gray, training=False)
        image_gan = {
            "gray_to_nir/gan": self.gan.generator(nir_logits),  # eq. 5
            "nir_to_gray/gan": self.gan.generator(gray_logits),  # eq. 7
        }
        cycled_gray = self.nir_to_gray(translations.nir, training=True)
        cycled_nir = self.gray_to_nir(translations.gray, training=True)
        cycle = {  # eq. 9
            "nir_to_gray/cycle": losses.l1(cycled_gray, gray),
            "gray_to_nir/cycle": losses.l1(cycled_nir, nir),
        }
        identity = {  # eq. 10
            "nir_to_gray/identity": losses.l1(translations.same_gray, gray),
            "gray_to_nir/identity": losses.l1(translations.same_nir, nir),
        }
        translators = (
            weights.image_gan * sum(image_gan.values())
            + weights.cycle * sum(cycle.values())
            + weights.identity * sum(identity.values())
        )
        discriminators, judgements = adversarial.judge_all(
            self,  # eq. 5 and 7, as they see it
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

    def _colorization(
        self, nirs, grays, nir_rgb, gray_rgb
    ) -> tuple[Losses, Scalars]:
        """What the colorizers and the feature discriminators minimise.

        Args:
            nirs: X_N and X_G2N.
            grays: X_G and X_N2G.
            nir_rgb: The RGB of X_N, and so of X_N2G.
            gray_rgb: The RGB of X_G, and so of X_G2N.
        """
        weights = self.config.loss
        n2c, g2n2c = adversarial.in_one_call(self.nir_colorizer, *nirs)
        g2c, n2g2c = adversarial.in_one_call(self.gray_colorizer, *grays)
        terms = {
            "gray_pair": losses.l1(g2c, gray_rgb),  # eq. 3
            "translated_gray_pair": losses.l1(n2g2c, nir_rgb),
            "nir_pair": losses.l1(n2c, nir_rgb),
            "translated_nir_pair": losses.l1(g2n2c, gray_rgb),
            "nir_bilateral": self._mix(n2c, n2g2c),  # eq. 4
            "gray_bilateral": self._mix(g2c, g2n2c),
        }
        nir_logits = self.nir_feature_discriminator(g2n2c, training=False)
        gray_logits = self.gray_feature_discriminator(n2g2c, training=False)
        feature_gan = {
            "nir_colorizer/gan": self.gan.generator(nir_logits),  # eq. 6
            "gray_colorizer/gan": self.gan.generator(gray_logits),  # eq. 8
        }
        colorizers = weights.feature_gan * sum(feature_gan.values()) + sum(
            weights[name] * term for name, term in terms.items()
        )
        stop = ops.stop_gradient
        discriminators, judgements = adversarial.judge_all(
            self,  # eq. 6 and 8, as they see it
            {
                "nir_feature_discriminator": (stop(n2c), g2n2c),
                "gray_feature_discriminator": (stop(g2c), n2g2c),
            },
        )
        logged = {f"colorizers/{name}": term for name, term in terms.items()}
        return {
            "colorizer_optimizer": colorizers,
            "feature_discriminator_optimizer": weights.discriminator
            * discriminators,
        }, {**logged, **feature_gan, **judgements}

    def _mix(self, direct, detour):
        """L_mix of an image colored on the direct way and on the detour."""
        mix = self.config.loss.mix_alpha, self.config.loss.mix_form
        return losses.mix(direct, detour, self.config.data.value_range, *mix)

    def visuals(self, nir, rgb) -> dict:
        """All six paths, of a pair and of its gray."""
        return adversarial.path_visuals(self.inference_paths(), nir, rgb)


def _images(batch: Batch) -> tuple:
    """Returns X_N and its RGB, X_G and its RGB."""
    pair = batch.get("paired", batch)
    gray_rgb = batch.get("unpaired", pair)["rgb"]
    return pair["nir"], pair["rgb"], losses.luminance(gray_rgb), gray_rgb
