"""Supervised colorization: one network, pixel losses, paired images.

Not a paper of its own but baselines: S-Net of ColorNet's Table 1 (Ma et al.,
Applied Sciences 2022), LinkNet, the ResNet generator of CycleGAN (Zhu et al.,
ICCV 2017) without its adversary, and the plain U-Net of ATCycleGAN's Table I
(Yang & Chen, VCIP 2020) trained on pairs alone. SCD and LinkNet of ColorNet's
Table 2 are networks of nircolor_tf.methods.colornet.

Figure box -> attribute -> class
    colorizer        -> colorizer -> any of nircolor_tf.networks.NETWORKS

Loss term -> equation -> config key (weight 0 removes a term)
    all of losses.pixel:
    L1               -> mean |F(nir) - rgb|           -> config.loss.l1
    L2               -> mean (F(nir) - rgb)^2         -> config.loss.l2
    chroma L1        -> L1 of rgb less its luminance  -> config.loss.chroma
    MS-SSIM + L1     -> losses.mix                    -> config.loss.mix
                        (alpha: config.loss.mix_alpha; over a pyramid, ours,
                        or as Zhao et al. 2016: config.loss.mix_form)
    all of them on the truth that losses.align moved by up to
    config.loss.shift pixels, for pairs that are displaced; 0 moves nothing

Phases: one, 'train', of config.train.steps steps.

Departures and choices
    - The losses are means, so that they do not depend on the crop.
    - config.inference says what surrounds the network in use: a working size,
      a mean over the image and its mirror image [ours].
"""

from ml_collections import ConfigDict

from nircolor_tf import losses
from nircolor_tf.methods.base import Batch, Losses, Method, Phase, Scalars
from nircolor_tf.methods.schedules import make_schedule
from nircolor_tf.networks import make_network


class Supervised(Method):
    """One network trained on pairs with weighted pixel losses."""

    config_keys = ("network", "loss", "rate")

    def __init__(self, config: ConfigDict):
        losses.check_shift(config.loss.shift, config.data.crop)
        colorizer = make_network(config.network, "network")
        super().__init__(config, colorizer.size_multiple)
        self.colorizer = self.add_network(
            "colorizer", colorizer, channels=1, inference=True
        )
        self.add_optimizer(
            "colorizer_optimizer", ("colorizer",), config.optimizer
        )

    def call(self, nir, training=False):
        """(B, H, W, 1) -> (B, H, W, 3), both in config.data.value_range."""
        return self.colorizer(nir, training=training)

    def phases(self) -> tuple[Phase, ...]:
        """One phase on pairs."""
        return (
            Phase(
                name="train",
                steps=self.config.train.steps,
                losses=self.train_losses,
                optimizers=("colorizer_optimizer",),
                data=("paired",),
                rates={
                    "colorizer_optimizer": make_schedule(
                        self.config.rate, "rate"
                    )
                },
            ),
        )

    def train_losses(self, batch: Batch) -> tuple[Losses, Scalars]:
        """The weighted sum of the docstring's terms."""
        fake_rgb = self.colorizer(batch["nir"], training=True)
        total, terms = losses.pixel(
            fake_rgb, batch, self.config.loss, self.config.data.value_range
        )
        return {"colorizer_optimizer": total}, {
            f"colorizer/{term}": value for term, value in terms.items()
        }
