"""Training steps of ATCycleGAN, MPFNet and CoColor, as PyTorch has them.

Each is of the phase that costs most, and what a repository of PyTorch would
write: forward, backward and Adam of the generators, the discriminators'
weights frozen; then those of the discriminators, on detached images. The
history of generated images, which costs nothing, is left out.
"""

import contextlib
from collections.abc import Iterable, Mapping
from typing import ClassVar

import numpy as np
import torch
from ml_collections import ConfigDict
from torch import nn
from torch.nn.functional import avg_pool2d, l1_loss

from nircolor_tf.benchmarks.twins import make_twin
from nircolor_tf.benchmarks.twins.losses import (
    deceive,
    luminance,
    tell_apart,
    zhao_mix,
)
from nircolor_tf.methods.base import Method

# In which networks compute, by the name in a config.
PRECISIONS = {"float32": None, "bfloat16": torch.bfloat16}

Images = torch.Tensor
Batch = Mapping[str, Images]


class TwinStep:
    """What the steps share: networks, optimizers and their updates.

    Attributes:
        generators: Network -> channels in, channels out.
        discriminators: Network -> channels in.

    Args:
        method: Ours, whose weights the twins start from.
        precision: One of `PRECISIONS`.
        device: Of PyTorch, 'cpu' or 'cuda'.
    """

    generators: Mapping[str, tuple[int, int]]
    discriminators: Mapping[str, int]

    def __init__(self, method: Method, precision: str, device: str):
        self.config, self.device = method.config, device
        self.dtype = PRECISIONS[precision]
        self.networks: dict[str, nn.Module] = {}
        for name, (inputs, outputs) in self.generators.items():
            section = ConfigDict(method.config.network)
            section.output_channels = outputs
            self._add(method, name, section, inputs)
        for name, inputs in self.discriminators.items():
            self._add(method, name, method.config.discriminator, inputs)
        self.optimizers = {
            name: self._adam(declared.networks)
            for name, declared in method.optimizers.items()
        }

    def _add(
        self, method: Method, name: str, section: ConfigDict, inputs: int
    ) -> None:
        twin = make_twin(section, method.networks[name], inputs)
        self.networks[name] = twin.train().to(self.device)

    def _adam(self, names: Iterable[str]) -> torch.optim.Optimizer:
        settings = self.config.optimizer
        return torch.optim.Adam(
            [
                parameter
                for name in names
                for parameter in self.networks[name].parameters()
            ],
            lr=self.config.rate.peak,
            betas=(settings.beta_1, settings.beta_2),
            eps=settings.epsilon,
        )

    def to_torch(self, image: np.ndarray) -> Images:
        """(B, H, W, C) -> (B, C, H, W) on the device."""
        turned = np.ascontiguousarray(image.transpose(0, 3, 1, 2))
        return torch.from_numpy(turned).to(self.device)

    def run(self, name: str, image: Images):
        """A network's forward pass; losses are float32 always."""
        if self.dtype is None:
            context = contextlib.nullcontext()
        else:
            context = torch.autocast(self.device, self.dtype)
        with context:
            return self.networks[name](image)

    def freeze(self, frozen: bool) -> None:
        """Stops the discriminators' gradients and their norms' estimates."""
        for name in self.discriminators:
            self.networks[name].requires_grad_(not frozen).train(not frozen)

    def update(self, names: Iterable[str], loss: Images) -> None:
        """One step of some optimizers."""
        for name in names:
            self.optimizers[name].zero_grad()
        loss.backward()
        for name in names:
            self.optimizers[name].step()

    def judge(self, name: str, real: Images, fake: Images) -> Images:
        """What a discriminator minimises, of both in one call."""
        logits = self.run(name, torch.cat([real, fake]).detach())
        return tell_apart(*logits.chunk(2))


class ATCycleGANStep(TwinStep):
    """A paired step, eq. 1 to 3 and 5."""

    generators: ClassVar = {"colorizer": (1, 3), "rgb_to_nir": (3, 1)}
    discriminators: ClassVar = {"rgb_discriminator": 3, "nir_discriminator": 1}

    def __call__(self, batch: Batch) -> dict[str, Images]:
        """Returns the loss of each optimizer."""
        nir, rgb, weights = batch["nir"], batch["rgb"], self.config.loss
        self.freeze(True)
        fake_rgb, fake_nir = (
            self.run("colorizer", nir),
            self.run("rgb_to_nir", rgb),
        )
        cycled_nir = self.run("rgb_to_nir", fake_rgb)
        cycled_rgb = self.run("colorizer", fake_nir)
        gan = deceive(self.run("rgb_discriminator", fake_rgb)) + deceive(
            self.run("nir_discriminator", fake_nir)
        )
        cycle = l1_loss(cycled_nir, nir) + l1_loss(cycled_rgb, rgb)
        pair = l1_loss(fake_rgb, rgb) + l1_loss(fake_nir, nir)
        generators = (
            weights.gan * gan + weights.cycle * cycle + weights.pair * pair
        )
        self.update(["generator_optimizer"], generators)
        self.freeze(False)
        discriminators = weights.discriminator * (
            self.judge("rgb_discriminator", rgb, fake_rgb)
            + self.judge("nir_discriminator", nir, fake_nir)
        )
        self.update(["discriminator_optimizer"], discriminators)
        return {
            "generator_optimizer": generators.detach(),
            "discriminator_optimizer": discriminators.detach(),
        }


class TranslationStep(TwinStep):
    """What MPFNet and CoColor share: NIR to gray and back."""

    def finest(self, name: str, image: Images) -> Images:
        """The result of a network; of several scales the finest."""
        result = self.run(name, image)
        return result[-1] if isinstance(result, tuple) else result

    def translate(self, nir: Images, gray: Images) -> tuple:
        """Returns NIR as gray, gray as NIR, and the translators' loss."""
        weights = self.config.loss
        fake_gray = self.finest("nir_to_gray", nir)
        fake_nir = self.finest("gray_to_nir", gray)
        gan = deceive(self.run("nir_discriminator", fake_nir)) + deceive(
            self.run("gray_discriminator", fake_gray)
        )
        cycle = l1_loss(self.finest("nir_to_gray", fake_nir), gray) + l1_loss(
            self.finest("gray_to_nir", fake_gray), nir
        )
        identity = l1_loss(self.finest("nir_to_gray", gray), gray) + l1_loss(
            self.finest("gray_to_nir", nir), nir
        )
        loss = (
            weights.image_gan * gan
            + weights.cycle * cycle
            + weights.identity * identity
        )
        return fake_gray, fake_nir, loss

    def mix(self, prediction: Images, truth: Images) -> Images:
        """L_mix."""
        return zhao_mix(
            prediction,
            truth,
            tuple(self.config.data.value_range),
            self.config.loss.mix_alpha,
        )

    def finish(
        self, total: Images, judgements: Mapping[str, tuple]
    ) -> dict[str, Images]:
        """Updates generators, then discriminators.

        Args:
            total: What all generators minimise.
            judgements: Discriminator -> real and generated images.
        """
        generators = ("translator_optimizer", "colorizer_optimizer")
        self.update(generators, total)
        self.freeze(False)
        losses = {
            "image_discriminator_optimizer": 0.0,
            "feature_discriminator_optimizer": 0.0,
        }
        for name, (real, fake) in judgements.items():
            kind = "feature" if "feature" in name else "image"
            losses[f"{kind}_discriminator_optimizer"] += (
                self.config.loss.discriminator * self.judge(name, real, fake)
            )
        self.update(losses, sum(losses.values()))
        losses |= dict.fromkeys(generators, total)
        return {name: loss.detach() for name, loss in losses.items()}


class MPFNetStep(TranslationStep):
    """A step of 'fine-tune', eq. 5."""

    generators: ClassVar = {
        "nir_to_gray": (1, 1),
        "gray_to_nir": (1, 1),
        "gray_colorizer": (1, 3),
    }
    discriminators: ClassVar = {
        "nir_discriminator": 1,
        "gray_discriminator": 1,
        "gray_feature_discriminator": 3,
    }

    def __call__(self, batch: Batch) -> dict[str, Images]:
        """Returns the loss of each optimizer."""
        nir, weights = batch["nir"], self.config.loss
        gray = luminance(batch["photo"])
        self.freeze(True)
        fake_gray, fake_nir, translation = self.translate(nir, gray)
        predictions = self.run("gray_colorizer", fake_gray)
        truths = [batch["rgb"]]
        for _ in predictions[1:]:
            truths.insert(0, avg_pool2d(truths[0], 2))
        mix = sum(map(self.mix, predictions, truths))
        fake = predictions[-1]
        with torch.no_grad():
            real = self.finest("gray_colorizer", gray)
        total = (
            weights.nir_mix * mix
            + weights.translation * translation
            + weights.feature_gan
            * deceive(self.run("gray_feature_discriminator", fake))
        )
        return self.finish(
            total,
            {
                "nir_discriminator": (nir, fake_nir),
                "gray_discriminator": (gray, fake_gray),
                "gray_feature_discriminator": (real, fake),
            },
        )


class CoColorStep(TranslationStep):
    """A step of 'cooperate', eq. 11."""

    generators: ClassVar = {
        "nir_colorizer": (1, 3),
        "gray_colorizer": (1, 3),
        "nir_to_gray": (1, 1),
        "gray_to_nir": (1, 1),
    }
    discriminators: ClassVar = {
        "nir_discriminator": 1,
        "gray_discriminator": 1,
        "nir_feature_discriminator": 3,
        "gray_feature_discriminator": 3,
    }

    def __call__(self, batch: Batch) -> dict[str, Images]:
        """Returns the loss of each optimizer."""
        nir, rgb, photo = batch["nir"], batch["rgb"], batch["photo"]
        weights, gray = self.config.loss, luminance(photo)
        self.freeze(True)
        fake_gray, fake_nir, translation = self.translate(nir, gray)
        n2c, g2n2c = (
            self.run("nir_colorizer", image) for image in (nir, fake_nir)
        )
        g2c, n2g2c = (
            self.run("gray_colorizer", image) for image in (gray, fake_gray)
        )
        total = (
            translation
            + weights.gray_pair * l1_loss(g2c, photo)
            + weights.translated_gray_pair * l1_loss(n2g2c, rgb)
            + weights.nir_pair * l1_loss(n2c, rgb)
            + weights.translated_nir_pair * l1_loss(g2n2c, photo)
            + weights.nir_bilateral * self.mix(n2c, n2g2c)
            + weights.gray_bilateral * self.mix(g2c, g2n2c)
            + weights.feature_gan
            * (
                deceive(self.run("nir_feature_discriminator", g2n2c))
                + deceive(self.run("gray_feature_discriminator", n2g2c))
            )
        )
        return self.finish(
            total,
            {
                "nir_discriminator": (nir, fake_nir),
                "gray_discriminator": (gray, fake_gray),
                "nir_feature_discriminator": (n2c, g2n2c),
                "gray_feature_discriminator": (g2c, n2g2c),
            },
        )


# By the name of the method, and the last kind of its phases, which it is of.
STEPS = {
    "atcyclegan": ATCycleGANStep,
    "mpfnet": MPFNetStep,
    "cocolor": CoColorStep,
}
