"""Whole validation images during training."""

from collections.abc import Sequence

import numpy as np
from ml_collections import ConfigDict

from nircolor_tf.data import images
from nircolor_tf.data.manifest import Example
from nircolor_tf.evaluation import protocols, report
from nircolor_tf.methods.base import Method
from nircolor_tf.training import restore


class Evaluator:
    """Measures a method on validation images of any size.

    Args:
        method: Evaluated with the weights it has at the time.
        examples: Pairs, decoded once and kept.
        config: config.evaluate: protocols, grid_images.
    """

    def __init__(
        self, method: Method, examples: Sequence[Example], config: ConfigDict
    ):
        self._config = config
        self._colorizer = restore.make_colorizer(method)
        self._pairs = [
            (images.read_nir(example.nir), images.read_rgb(example.rgb))
            for example in examples
        ]
        self._names = [example.name for example in examples]

    def evaluate(self) -> tuple[dict[str, float], np.ndarray]:
        """Colorizes every image.

        Returns:
            Means as '<protocol>/<metric>', and a grid (H, W, 3) uint8 of the
            first images: NIR, colorized, truth.
        """
        measured, rows = [], []
        for nir, truth in self._pairs:
            rgb = self._colorizer(images.to_float(nir))
            measured.append(
                {
                    f"{protocol}/{metric}": value
                    for protocol in self._config.protocols
                    for metric, value in protocols.measure(
                        rgb, truth, protocol
                    ).items()
                }
            )
            if len(rows) < self._config.grid_images:
                rows.append((nir, rgb, truth))
        means = protocols.mean(measured)
        grid = report.image_grid(
            rows, self._names[: len(rows)], ("NIR", "colorized", "truth")
        )
        return means, grid
