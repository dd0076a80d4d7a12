"""Measures a method on whole validation images during training."""

from collections.abc import Callable, Sequence

import numpy as np
from ml_collections import ConfigDict

from nircolor_tf.data import example_images
from nircolor_tf.data.manifest import Example
from nircolor_tf.data.value_range import from_range, to_range
from nircolor_tf.images import conversions, grid
from nircolor_tf.inference import resizing
from nircolor_tf.inference.colorizer import Colorizer
from nircolor_tf.methods.base import InferencePath, Method
from nircolor_tf.metrics import protocols
from nircolor_tf.training import build

# Of the shorter side of an image in a grid, px.
_GRID_SIDE = 512


class EvaluationStoppedError(Exception):
    """It was asked to stop."""


class Evaluator:
    """Measures a method on validation images of any size.

    Args:
        method: Evaluated with the weights it has at the time.
        examples: Pairs; few are decoded once and kept.
        config: config.evaluate: protocols, grid_images, and paths: which
            inference paths to measure besides the method's own.

    Attributes:
        method: As it was given.

    Raises:
        InputError: The method has no such path, or an image is bad.
    """

    def __init__(
        self, method: Method, examples: Sequence[Example], config: ConfigDict
    ):
        self._config = config
        self.method = method
        # The method's own path, whose metrics have no prefix, and the others.
        self._paths = [
            (
                f"{name}/" if name else "",
                method.inference_path(name),
                build.make_colorizer(method, name),
            )
            for name in (None, *config.paths)
        ]
        self._pairs = example_images.open_pairs(examples)
        self._names = [example.name for example in examples]

    def evaluate(
        self, is_stopped: Callable[[], bool] = lambda: False
    ) -> tuple[dict[str, float], dict[str, np.ndarray]]:
        """Colorizes every image.

        Args:
            is_stopped: Is asked before each image; True ends it.

        Returns:
            What `protocols.summarize` returns, as '<protocol>/<metric>', and
            as '<path>/<protocol>/<metric>' for the further paths; and
            grids (H, W, 3) uint8 of the first images by name, if any: NIR,
            colorized, truth, and the method's `visuals` where it has any.

        Raises:
            EvaluationStoppedError: It was ended.
        """
        metrics, rows = {}, []
        for prefix, path, run in self._paths:
            summary, first = self._measure(path, run, is_stopped)
            metrics |= {
                f"{prefix}{key}": value for key, value in summary.items()
            }
            rows = rows or first
        if not rows:
            return metrics, {}
        labels = self._names[: len(rows)]
        headings = ("NIR", "colorized", "truth")
        grids = {", ".join(headings): grid.image_grid(rows, labels, headings)}
        pairs = self._pairs[: len(rows)]
        visuals = [self._visuals(nir.unit, rgb.unit) for nir, rgb in pairs]
        if all(visuals):
            headings = tuple(visuals[0])
            rows = [[_tile(one) for one in row.values()] for row in visuals]
            grids["visuals"] = grid.image_grid(rows, labels, headings)
        return metrics, grids

    def _measure(
        self,
        path: InferencePath,
        run: Colorizer,
        is_stopped: Callable[[], bool],
    ) -> tuple[dict[str, float], list[tuple]]:
        """Returns the metrics of a path, and its first images."""
        measured = {protocol: [] for protocol in self._config.protocols}
        pixels, rows = [], []
        for nir, rgb in self._pairs:
            if is_stopped():
                raise EvaluationStoppedError
            domains = conversions.domains(nir.unit, rgb.unit)
            source, truth = domains[path.source], domains[path.target]
            result = run(source)
            for protocol, measurements in measured.items():
                measurements.append(protocols.measure(result, truth, protocol))
            pixels.append(truth.shape[0] * truth.shape[1])
            if len(rows) < self._config.grid_images:
                rows.append([_tile(one) for one in (source, result, truth)])
        return {
            f"{protocol}/{metric}": value
            for protocol, measurements in measured.items()
            for metric, value in protocols.summarize(
                measurements, pixels
            ).items()
        }, rows

    def _visuals(self, nir: np.ndarray, truth: np.ndarray) -> dict:
        """The method's visuals of one pair, cut to the size it takes."""
        steps = self.method.inference_steps()
        nir, truth = (
            resizing.shrink_to_side(image, steps.working_size)
            for image in (nir, truth)
        )
        height, width = (
            side - side % steps.size_multiple for side in nir.shape[:2]
        )
        if not height or not width:
            return {}
        value_range = self.method.config.data.value_range
        pair = [
            to_range(image[None, :height, :width], value_range)
            for image in (nir, truth)
        ]
        return {
            name: np.clip(from_range(np.asarray(image[0]), value_range), 0, 1)
            for name, image in self.method.visuals(*pair).items()
        }


def _tile(image: np.ndarray) -> np.ndarray:
    return resizing.shrink_to_side(image, _GRID_SIDE).clip(0, 1)
