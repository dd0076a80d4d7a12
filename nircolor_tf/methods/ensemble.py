"""Deep ensemble: networks trained side by side, whose mean is the result.

Lakshminarayanan, Pritzel & Blundell, Simple and Scalable Predictive Uncertainty
Estimation using Deep Ensembles, NeurIPS 2017. https://arxiv.org/abs/1612.01474

The idea: networks that start from other random weights agree where the data
says something and differ where each has made something up, so that their mean
errs less than any of them. It is no colorization paper; it is here because 290
pairs of 126 photos leave much to be made up.

As many networks as config.members has; in its config file three.

Figure box -> attribute -> class
    network m (Algorithm 1)  -> first  -> any of nircolor_tf.networks.NETWORKS
    the same                 -> second -> the same
    the same                 -> third  -> the same

Loss term -> equation -> config key (weight 0 removes a term)
    of each member, all of losses.pixel:
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
    - The mean of the images takes the place of the mixture of distributions.
    - No adversarial examples; the paper has them as an option.
    - [ours] Members may be of different networks. They see the same batches,
      where the paper shuffles for each: an image is decoded and augmented once.
    - [ours] 'Best on validation' is that of the mean, not of each member.
"""

import math

from ml_collections import ConfigDict

from nircolor_tf import losses
from nircolor_tf.methods.base import Batch, Losses, Method, Phase, Scalars
from nircolor_tf.methods.schedules import make_schedule
from nircolor_tf.networks import make_network


class Ensemble(Method):
    """The mean of several networks, each trained with its own pixel losses."""

    config_keys = ("members", "loss", "rate")

    def __init__(self, config: ConfigDict):
        losses.check_shift(config.loss.shift, config.data.crop)
        members = {
            name: make_network(network, f"members.{name}")
            for name, network in config.members.items()
        }
        super().__init__(
            config,
            math.lcm(*(member.size_multiple for member in members.values())),
        )
        for name, network in members.items():
            self.add_network(name, network, channels=1, inference=True)
        self.add_optimizer(
            "members_optimizer", tuple(members), config.optimizer
        )

    def call(self, nir, training=False):
        """(B, H, W, 1) -> (B, H, W, 3), both in config.data.value_range."""
        members = self.networks.values()
        total = sum(member(nir, training=training) for member in members)
        return total / len(members)

    def phases(self) -> tuple[Phase, ...]:
        """One phase on pairs."""
        return (
            Phase(
                name="train",
                steps=self.config.train.steps,
                losses=self.train_losses,
                optimizers=("members_optimizer",),
                data=("paired",),
                rates={
                    "members_optimizer": make_schedule(self.config.rate, "rate")
                },
            ),
        )

    def train_losses(self, batch: Batch) -> tuple[Losses, Scalars]:
        """The sum of the members' losses; each has a gradient of its own."""
        total, scalars = 0.0, {}
        for name, member in self.networks.items():
            fake_rgb = member(batch["nir"], training=True)
            loss, terms = losses.pixel(
                fake_rgb, batch, self.config.loss, self.config.data.value_range
            )
            total += loss
            scalars |= {
                f"{name}/{term}": value for term, value in terms.items()
            }
        return {"members_optimizer": total}, scalars
