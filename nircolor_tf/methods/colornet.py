"""ColorNet: asymmetric codec (ACD), GLFFNet and BFWLS detail fusion.

Ma, Huang, Huang & Liu, Near-Infrared Image Colorization Using Asymmetric Codec
and Pixel-Level Fusion, Applied Sciences 12, 10087, 2022.
https://doi.org/10.3390/app121910087

The idea: a deep residual encoder needs only a light decoder, so the codec is
asymmetric. Between the two, a branch that sees further (global) is fused with
one that does not (local). What the network blurs is then taken from the NIR
image itself: its detail replaces that of the predicted luminance.

Figure box -> attribute -> class
    ACD (Figures 2, 3)           -> colorizer         -> networks.acd.ACD
    residual encoder             -> colorizer.encoder -> networks.resnet
                                                         .ResNetEncoder
    GLFFNet (Figures 2, 5)       -> colorizer.glffnet -> networks.acd.GLFFNet
    decoder block (Figure 4b)    -> colorizer.up_blocks -> networks.acd.UpBlock
    BFWLS fusion (Figure 6)      -> inference_steps   -> inference.bfwls.fuse

Loss term -> equation -> config key
    L2                           -> eq. 4, 5          -> config.loss.l2
    detail of the NIR            -> eq. 6-8           -> config.fusion
    luminance                    -> eq. 9             -> config.fusion
    truth moved onto the NIR [ours] -> losses.align   -> config.loss.shift
                                                         (pixels; 0 is off)

Phases: one, 'train', of config.train.steps steps; Adam 1e-4, batch 16. The
best model is kept (section 4), [ours] the best on validation.

Table 2 by config, [ours] all trained alike: config.network is Ronneberger's
U-Net with BatchNorm (the symmetric codec, SCD), LinkNet with ResNet-18, or ACD
with and without GLFFNet; config.fusion.enabled adds BFWLS to any of them.

Departures and choices
    - [ours] A rate that stays at the 'initial' 1e-4; no augmentation, of which
      the paper says nothing.
    - [ours] ReLU throughout, as section 3.1.1 says; section 4 lists a 'leak
      ReLU 0.2' without a place.
    - [ours] The decoder enlarges so that pixel i becomes pixel 2 i, where the
      encoder's strides have put it; GLFFNet's global map likewise, of which the
      paper says that both maps are joined.
    - [ours] Eq. 5 is a mean where the paper writes a sum.
    - [ours] ResNet-34 (LinkNet / D-LinkNet lineage); 18 by config. The control
      LinkNet has ResNet-18, as its own paper.
    - [ours] 'Six decoder blocks, the first five as U-Net': one on the fused
      map, four that up-sample, the 1x1 output.
    - [ours] Of BFWLS the filters' parameters, in the config, chosen on
      validation images (docs/experiments.md); WLS by lines, 56 to 60 dB from
      the exact solution (wls_solver 'separable'); BT.601's YUV; the clipping.
    - [ours] Random first weights. The paper's from ImageNet (section 3.1.1) are
      a download: config.encoder_weights, nircolor_tf.networks.imagenet.
"""

import dataclasses
from collections.abc import Collection

from ml_collections import ConfigDict

from nircolor_tf import losses
from nircolor_tf.errors import InputError
from nircolor_tf.inference.fusion import BfwlsParameters
from nircolor_tf.inference.steps import Steps
from nircolor_tf.methods.base import Batch, Losses, Method, Phase, Scalars
from nircolor_tf.methods.schedules import make_schedule
from nircolor_tf.networks import imagenet, make_network


class ColorNet(Method):
    """ACD with GLFFNet under an L2 loss, then BFWLS."""

    config_keys = ("network", "encoder_weights", "loss", "fusion", "rate")

    def __init__(self, config: ConfigDict):
        losses.check_shift(config.loss.shift, config.data.crop)
        colorizer = make_network(config.network, "network")
        if config.encoder_weights and not hasattr(colorizer, "encoder"):
            raise InputError(
                f"config.encoder_weights is {config.encoder_weights!r}; "
                f"expected '', as {config.network.name!r} has no ResNet encoder"
            )
        super().__init__(config, colorizer.size_multiple)
        self.colorizer = self.add_network(
            "colorizer", colorizer, channels=1, inference=True
        )
        self.add_optimizer(
            "colorizer_optimizer", ("colorizer",), config.optimizer
        )

    def call(self, nir, training=False):
        """(B, H, W, 1) -> (B, H, W, 3), both in (-1, 1); eq. 1."""
        return self.colorizer(nir, training=training)

    def load_pretrained(self, others: Collection[str] = ()) -> None:
        """ImageNet's weights for the encoder (section 3.1.1), if configured."""
        if self.config.encoder_weights and "colorizer" not in others:
            imagenet.load(
                self.colorizer.encoder,
                self.config.network.depth,
                self.config.encoder_weights,
            )

    def phases(self) -> tuple[Phase, ...]:
        """One phase on pairs (section 4)."""
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
        """L2 between prediction and truth (eq. 4, 5)."""
        weights, nir, rgb = self.config.loss, batch["nir"], batch["rgb"]
        fake_rgb = self.colorizer(nir, training=True)
        if weights.shift:
            rgb = losses.align(fake_rgb, rgb, nir, weights.shift)
        l2 = losses.l2(fake_rgb, rgb)
        total = weights.l2 * l2
        return {"colorizer_optimizer": total}, {"colorizer/l2": l2}

    def inference_steps(self) -> Steps:
        """With BFWLS (eq. 6-9) where config.fusion enables it."""
        steps = super().inference_steps()
        parameters = self.config.fusion.to_dict()
        if not parameters.pop("enabled"):
            return steps
        fusion = BfwlsParameters(**parameters)
        return dataclasses.replace(steps, fusion=fusion)
