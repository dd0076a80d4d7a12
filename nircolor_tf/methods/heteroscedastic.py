"""An estimator of the error of a trained colorizer, pixel by pixel.

Kendall & Gal, What Uncertainties Do We Need in Bayesian Deep Learning for
Computer Vision?, NeurIPS 2017. https://arxiv.org/abs/1703.04977

The idea: where one NIR image fits many color images, a network that learns one
of them errs, and how much is itself to be learned. A likelihood does it: the
width of a distribution around the prediction costs where the error is smaller,
and pays where it is larger. The best width of a Laplace distribution is the
mean absolute error.

Figure box -> attribute -> class
    f                 -> colorizer -> any of nircolor_tf.networks.NETWORKS
    sigma             -> error_estimator -> the same

Loss term -> equation -> config key
    Laplace          -> eq. 5 with |y - f| / b + log 2 b in place of the
                        Gaussian, as section 4 of the paper has it
                                                      -> config.loss.error

Phases: one, 'train', of config.train.steps steps.

Departures and choices
    - [ours] The paper trains one network with two outputs. Here the estimator
      is a network of its own, and the colors stay as they were: bin/train.py
      --start_from names the model that makes them.
    - [ours] On images that it was trained on a network errs less than on new
      ones, and elsewhere. So that model is one of half of the scenes, and the
      estimator learns from the other half (config.data.half). An export joins
      it with the colors of all scenes (`export/joined.py`), measures on
      validation what is left, and corrects it (`export/error_files.py`).
    - [ours] The estimator sees four channels, the NIR image and its colors.
      One width for the three channels of a pixel; none below 0.001, so that a
      lucky pixel does not decide.
"""

from collections.abc import Mapping

from keras import ops
from ml_collections import ConfigDict

from nircolor_tf import losses
from nircolor_tf.errors import InputError
from nircolor_tf.methods.base import (
    Batch,
    ErrorPath,
    InferencePath,
    Losses,
    Method,
    Phase,
    Scalars,
)
from nircolor_tf.methods.schedules import make_schedule
from nircolor_tf.networks import make_network

# The NIR image and its colors.
_ESTIMATOR_CHANNELS = 4


class Heteroscedastic(Method):
    """A network that colorizes, and one that learns its error."""

    config_keys = ("network", "error_network", "loss", "rate")
    starts_from = ("supervised",)
    needs_start = True

    def __init__(self, config: ConfigDict):
        value_range = tuple(config.data.value_range)
        if value_range != (0.0, 1.0):
            raise InputError(
                f"config.data.value_range is {value_range}; expected (0, 1), "
                "since an error is estimated as a share of white"
            )
        colorizer = make_network(config.network, "network")
        estimator = make_network(config.error_network, "error_network")
        if colorizer.size_multiple % estimator.size_multiple:
            raise InputError(
                "config.error_network takes multiples of "
                f"{estimator.size_multiple} px, and config.network of "
                f"{colorizer.size_multiple}; expected a divisor of that"
            )
        super().__init__(config, colorizer.size_multiple)
        self.colorizer = self.add_network(
            "colorizer", colorizer, channels=1, inference=True
        )
        self.error_estimator = self.add_network(
            "error_estimator",
            estimator,
            channels=_ESTIMATOR_CHANNELS,
            inference=True,
        )
        self.add_optimizer(
            "estimator_optimizer", ("error_estimator",), config.optimizer
        )

    def call(self, nir, training=False):
        """(B, H, W, 1) -> (B, H, W, 3), both in (0, 1)."""
        return self.colorizer(nir, training=training)

    def inference_paths(self) -> Mapping[str, InferencePath]:
        """The colors alone, 'n2c'."""
        return {"n2c": InferencePath("nir", "rgb", ("colorizer",), self)}

    def error_path(self) -> ErrorPath:
        """The estimator of the colors' error."""
        return ErrorPath(("error_estimator",), self.expected_error)

    def expected_error(self, nir, rgb, training=False):
        """The mean absolute error that is expected of each pixel.

        Args:
            nir: (B, H, W, 1) in (0, 1).
            rgb: (B, H, W, 3) in (0, 1), its colors.
            training: Whether dropout is on.

        Returns:
            (B, H, W, 1) in (0, 1), in the unit of the images.
        """
        images = ops.concatenate([nir, rgb], axis=-1)
        return self.error_estimator(images, training=training)

    def phases(self) -> tuple[Phase, ...]:
        """One phase on pairs."""
        return (
            Phase(
                name="train",
                steps=self.config.train.steps,
                losses=self.train_losses,
                optimizers=("estimator_optimizer",),
                data=("paired",),
                rates={
                    "estimator_optimizer": make_schedule(
                        self.config.rate, "rate"
                    )
                },
            ),
        )

    def train_losses(self, batch: Batch) -> tuple[Losses, Scalars]:
        """The docstring's term."""
        rgb = ops.stop_gradient(self.colorizer(batch["nir"], training=False))
        expected = self.expected_error(batch["nir"], rgb, training=True)
        error = losses.laplace(rgb, batch["rgb"], expected)
        weighted = self.config.loss.error * error
        return {"estimator_optimizer": weighted}, {
            "error_estimator/error": error
        }
