"""Distillation: training data that a model has colored.

Inputs: a trained model (the teacher) and a manifest. Output: a manifest of
pairs that the teacher has colored, on which another network (the student)
trains like any method.

A student learns what a teacher makes of an image more easily than the true
colors, because the teacher's colors are a function of the NIR image and the
truth's are not (Hinton, Vinyals and Dean: Distilling the Knowledge in a Neural
Network, arXiv:1503.02531, 2015, for classes; here for colors [ours]). Three
kinds of pairs are made:

- each training pair, its colors a mixture of the teacher's and the truth. Under
  an L2 loss that is the weighted sum of the two losses, under others nearly so;
- variations of a training pair's NIR, colored by the teacher alone [ours];
- color photos, made to look like NIR, colored by the teacher alone [ours].

On its own training images a teacher mostly repeats their truth; the other two
kinds show what else it knows. A model with a small error makes dull colors, and
a student of it duller ones: a saturation above 1 corrects for that.
"""

import dataclasses
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from nircolor_tf import files
from nircolor_tf.data import (
    example_images,
    lineage,
    manifest,
    splits,
    training_data,
)
from nircolor_tf.data.imitations import imitate_nir, vary
from nircolor_tf.data.lineage import Ancestor
from nircolor_tf.data.manifest import Example
from nircolor_tf.data.training_data import TrainingData
from nircolor_tf.errors import InputError
from nircolor_tf.images import conversions, image_files

# (H, W, 1) -> (H, W, 3), float32 in [0, 1].
Colorize = Callable[[np.ndarray], np.ndarray]


@dataclasses.dataclass(frozen=True)
class Options:
    """How a teacher colors.

    Attributes:
        share: Of the teacher in a training pair's colors, in (0, 1].
        variations: How many to add of each training pair, colored by the
            teacher alone.
        photos: Whether color photos without NIR become pairs, colored by the
            teacher alone; otherwise they stay what they are.
        saturation: Factor of the difference to gray of all that the teacher
            makes; 1 leaves it as it is.
    """

    share: float
    variations: int
    photos: bool
    saturation: float


def distill(
    colorize: Colorize,
    seen: TrainingData,
    source: str | os.PathLike,
    output: str | os.PathLike,
    options: Options,
    ancestors: Sequence[Ancestor] = (),
) -> int:
    """Writes a manifest of training pairs that a teacher has colored.

    Other pairs stay as they are. What is drawn depends on the images' names.
    Beside it lies what a student has seen by its teacher's eyes.

    Args:
        colorize: The teacher.
        seen: What it was trained on.
        source: The manifest.csv of the real pairs.
        output: Folder to make, for manifest.csv, training_data.csv,
            lineage.json, nir/ and rgb/.
        options: How.
        ancestors: What its students record of it.

    Returns:
        How many pairs it has colored.

    Raises:
        InputError: A number is out of range, the folder exists, there are no
            training pairs or no photos asked for, or an image is bad; nothing
            is left then.
    """
    output = Path(output)
    _check(output, options)
    examples = manifest.read_manifest(source)
    origins = ("train", "unpaired") if options.photos else ("train",)
    originals = [
        one for name in origins for one in manifest.select(examples, name)
    ]
    others = [example for example in examples if example.split not in origins]
    _check_names(source, examples, options.variations)
    taught = training_data.collect_taught(source, originals, True, "")
    with files.new_folder(output) as folder:
        for part in ("nir", "rgb"):
            (folder / part).mkdir()
        colored = list(_colored(colorize, originals, folder, options))
        manifest.write_manifest(folder / "manifest.csv", colored + others)
        for record in (seen, taught):
            training_data.write(folder, record)
        lineage.add(folder, [*lineage.read(Path(source).parent), *ancestors])
    return len(colored)


def _check_names(
    source: str | os.PathLike, examples: list[Example], variations: int
) -> None:
    """Refuses images whose variations have the name of another image."""
    names = {example.name for example in examples}
    for example in examples if variations else ():
        if (first := _variation(example, 1)) in names:
            raise InputError(
                f"{source}: {first} is a variation of {example.name} already; "
                "expected --variations=0, or a manifest without variations"
            )


def _variation(example: Example, number: int) -> str:
    return f"{example.name}{splits.VARIATION}{number}"


def _check(output: Path, options: Options) -> None:
    share, count = options.share, options.variations
    for flag, value, valid, expected in (
        ("share", share, 0 < share <= 1, "more than 0, at most 1"),
        ("variations", count, count >= 0, "0 or more"),
        (
            "saturation",
            options.saturation,
            options.saturation > 0,
            "more than 0",
        ),
    ):
        if not valid:
            raise InputError(f"--{flag}={value}: expected {expected}")
    if output.exists():
        raise InputError(f"{output}: exists already; choose another --output")


def _colored(
    colorize: Colorize, originals: list[Example], folder: Path, options: Options
) -> Iterator[Example]:
    def colorize_vividly(nir: np.ndarray) -> np.ndarray:
        return conversions.saturated(colorize(nir), options.saturation)

    for example in tqdm(originals, "distill", unit="image"):
        if example.split == "train":
            yield _color(colorize_vividly, example, folder, options.share)
            yield from _vary(
                colorize_vividly, example, folder, options.variations
            )
        else:
            yield _imitate(colorize_vividly, example, folder)


def _color(
    colorize: Colorize, example: Example, folder: Path, share: float
) -> Example:
    pair = example_images.read_domains(example)
    mixed = share * colorize(pair["nir"]) + (1 - share) * pair["rgb"]
    return _with_rgb(example, mixed, folder)


def _vary(
    colorize: Colorize, example: Example, folder: Path, count: int
) -> Iterator[Example]:
    nir = example_images.read_nir(example).unit
    generator = np.random.default_rng(list(example.name.encode()))
    for number in range(1, count + 1):
        name = _variation(example, number)
        varied = dataclasses.replace(example, name=name, shift_x=0, shift_y=0)
        yield _taught(colorize, varied, vary(nir, generator), folder)


def _imitate(colorize: Colorize, photo: Example, folder: Path) -> Example:
    rgb = example_images.read_rgb(photo).unit
    nir = imitate_nir(rgb, np.random.default_rng(list(photo.name.encode())))
    pair = dataclasses.replace(photo, split="train")
    return _taught(colorize, pair, nir, folder)


def _taught(
    colorize: Colorize, example: Example, nir: np.ndarray, folder: Path
) -> Example:
    """Writes a NIR image and what the teacher makes of it."""
    integers = conversions.to_integers(nir, example.bits)
    file = folder / "nir" / f"{example.name}.png"
    image_files.write_image(file, integers)
    example = dataclasses.replace(
        example,
        nir=str(file),
        nir_sha256=files.sha256(file),
        nir_channel="gray",
        nir_low=0,
        nir_high=2**example.bits - 1,
    )
    return _with_rgb(example, colorize(conversions.to_float(integers)), folder)


def _with_rgb(example: Example, rgb: np.ndarray, folder: Path) -> Example:
    file = folder / "rgb" / f"{example.name}.png"
    image_files.write_image(file, conversions.to_integers(rgb, example.bits))
    return dataclasses.replace(
        example,
        rgb=str(file),
        rgb_sha256=files.sha256(file),
        rgb_bands="",
        rgb_low=0,
        rgb_high=2**example.bits - 1,
    )
