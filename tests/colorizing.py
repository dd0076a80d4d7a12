"""Colorizes folders of random images with a model that copies."""

import numpy as np

from nircolor_tf.images import conversions, image_files, ranges
from nircolor_tf.inference import folders


def random_nir(height, width, seed=0):
    generator = np.random.default_rng(seed)
    return generator.random((height, width, 1), np.float32)


def write_nir(path, height=9, width=7, bits=8, seed=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    nir = conversions.to_integers(random_nir(height, width, seed), bits)
    image_files.write_image(path, nir)
    return nir


def colorize_path(
    colorizer,
    source,
    target,
    overwrite=False,
    values="auto",
    image_format="same",
    **options,
):
    return folders.colorize_path(
        colorizer,
        source,
        target,
        folders.Options(
            existing="replace" if overwrite else "refuse",
            input_range=ranges.parse(values),
            image_format=image_format,
            **options,
        ),
    )


class Recorder:
    """A model that copies NIR into all colors and keeps what it was given."""

    def __call__(self, nir):
        self.nir = nir
        return np.repeat(nir, 3, axis=-1)
