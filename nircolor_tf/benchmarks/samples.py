"""The images that the measurements read, synthetic ones in a folder."""

import contextlib
import io
from pathlib import Path

import numpy as np

from nircolor_tf.data import prepare, synthetic
from nircolor_tf.images import image_files


def write_nir(folder: Path, count: int, height: int, width: int) -> None:
    """Writes NIR images as PNG files of 8 bit into a new folder."""
    folder.mkdir(parents=True)
    # Making one takes longer than colorizing it: its turned copies are others.
    nir, _ = synthetic.make_pair(0, height, width)
    for index in range(count):
        image_files.write_image(
            folder / f"{index:04d}.png", np.roll(nir, index, axis=1)
        )


def write_pairs(folder: Path, count: int, side: int) -> None:
    """Writes nir/ and rgb/, as bin/make_synthetic.py does."""
    with contextlib.redirect_stderr(io.StringIO()):
        synthetic.write_dataset(folder, count, side, side)


def prepare_pairs(pairs: Path, folder: Path) -> Path:
    """Checks pairs and splits them; returns the manifest."""
    with contextlib.redirect_stderr(io.StringIO()):
        prepare.prepare(pairs, "folder", folder, overwrite=True)
    return folder / "manifest.csv"
