"""Training data that a model has colored: distillation as a data set.

A small student learns what a large teacher makes of an image more easily than
what the image really looked like, because the teacher's colors are a function
of the NIR, and the truth's are not (Hinton, Vinyals and Dean: Distilling the
Knowledge in a Neural Network, arXiv:1503.02531, 2015, for classes; here for
colors [ours]). Each training pair gets a mixture of both as its color image.
Under an L2 loss that is the weighted sum of the two losses; under others it is
close to it. The student then trains like any method, on the new manifest.
"""

import dataclasses
import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
from tqdm import tqdm

from nircolor_tf.data import images, manifest
from nircolor_tf.data.manifest import Example
from nircolor_tf.errors import InputError


def distill(
    colorize: Callable[[np.ndarray], np.ndarray],
    source: str | os.PathLike,
    output: str | os.PathLike,
    share: float,
) -> int:
    """Writes a manifest whose training pairs a teacher has colored.

    Validation and test pairs, and photos without NIR, stay as they are.

    Args:
        colorize: The teacher: (H, W, 1) -> (H, W, 3), float32 in [0, 1].
        source: The manifest.csv of the real pairs.
        output: Folder to make, for manifest.csv and rgb/.
        share: Of the teacher in a training pair's colors, in (0, 1].

    Returns:
        How many pairs it has colored.

    Raises:
        InputError: The share is out of range, the folder exists, the manifest
            has no training pairs, or an image is bad; nothing is left then.
    """
    output = Path(output)
    if not 0 < share <= 1:
        raise InputError(f"--share={share}: expected more than 0, at most 1")
    if output.exists():
        raise InputError(f"{output}: exists already; choose another --output")
    examples = manifest.read_manifest(source)
    chosen = {one.name for one in manifest.select(examples, "train")}
    # As deep as the output, so that relative paths hold after the move.
    folder = output.with_name(f".{output.name}.{os.getpid()}.partial")
    (folder / "rgb").mkdir(parents=True)
    try:
        colored = [
            _color(colorize, example, folder, share)
            if example.name in chosen
            else example
            for example in tqdm(examples, "distill", unit="image")
        ]
        manifest.write_manifest(folder / "manifest.csv", colored)
        os.rename(folder, output)
    except BaseException:
        shutil.rmtree(folder)
        raise
    return len(chosen)


def _color(colorize, example: Example, folder: Path, share: float) -> Example:
    pair = images.domains(
        images.read_nir(example.nir), images.read_rgb(example.rgb)
    )
    mixed = share * colorize(pair["nir"]) + (1 - share) * pair["rgb"]
    file = folder / "rgb" / f"{example.name}.png"
    images.write_image(file, images.to_integers(mixed, example.bits))
    with file.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    return dataclasses.replace(example, rgb=str(file), rgb_sha256=digest)
