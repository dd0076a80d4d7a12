"""The training record: which images a model has seen, by name and hash.

training_data.csv lies in a workdir and, beside the card, in an export. It
holds no image. `evaluation/contamination.py` compares it with what a model is
measured on.
"""

import collections
import csv
import dataclasses
import functools
import operator
import os
import re
from collections.abc import Sequence
from pathlib import Path

from nircolor_tf import files
from nircolor_tf.data.manifest import PROTOCOLS, Example
from nircolor_tf.errors import InputError

FILE = "training_data.csv"

ROLES = ("pair", "photo", "validation")

# Of a SHA-256: 64 bits are enough to tell images apart.
_DIGITS = 16
_HASH = rf"[0-9a-f]{{{_DIGITS}}}"


@dataclasses.dataclass(frozen=True)
class TrainingImage:
    """A pair or a photo that a training reads.

    Attributes:
        name: As in the manifest.
        role: 'pair' or 'photo': trained on. 'validation': not trained on, but
            the best checkpoint was chosen by it.
        protocol: Of the manifest, one of `manifest.PROTOCOLS`.
        scene: As in the manifest; empty when it was not measured.
        nir: The first 16 digits of its `nir_sha256`; empty for a photo.
        rgb: The first 16 digits of its `rgb_sha256`.
    """

    name: str
    role: str
    protocol: str
    scene: str
    nir: str
    rgb: str

    @classmethod
    def of(cls, example: Example, role: str) -> "TrainingImage":
        """Records an example in one of `ROLES`."""
        return cls(
            name=example.name,
            role=role,
            protocol=example.protocol,
            scene=example.scene,
            nir=example.nir_sha256[:_DIGITS],
            rgb=example.rgb_sha256[:_DIGITS],
        )


@dataclasses.dataclass(frozen=True)
class TrainingData:
    """All that a training reads, each image once per role."""

    images: tuple[TrainingImage, ...]

    def count(self, role: str) -> int:
        """Returns the number of images of one of `ROLES`.

        One that was read under several protocols counts once.
        """
        by_protocol = collections.defaultdict(collections.Counter)
        for image in self.images:
            if image.role == role:
                by_protocol[image.protocol][image.nir, image.rgb] += 1
        most = functools.reduce(
            operator.or_, by_protocol.values(), collections.Counter()
        )
        return most.total()

    def select(self, role: str) -> list[TrainingImage]:
        """Returns the images of one of `ROLES`."""
        return [image for image in self.images if image.role == role]

    @property
    def protocol(self) -> str:
        """The data protocol, or several with commas; empty for no image."""
        return ", ".join(sorted({image.protocol for image in self.images}))


NOTHING = TrainingData(())

COLUMNS = tuple(field.name for field in dataclasses.fields(TrainingImage))
_VALID = {
    "name": (".+", "a name"),
    "role": ("|".join(ROLES), f"one of {', '.join(ROLES)}"),
    "protocol": ("|".join(PROTOCOLS), f"one of {', '.join(PROTOCOLS)}"),
    "scene": (".*", "a label"),
    "nir": (f"({_HASH})?", f"{_DIGITS} hexadecimal digits, or nothing"),
    "rgb": (_HASH, f"{_DIGITS} hexadecimal digits"),
}


def collect(
    examples: Sequence[Example], photos: bool, validation: str
) -> TrainingData:
    """Lists what a training reads of a manifest.

    Args:
        examples: The whole manifest.
        photos: Whether it reads the split 'unpaired' besides 'train'.
        validation: The split that it chooses the best checkpoint by.
    """
    splits = {"pair": "train", "validation": validation}
    if photos:
        splits["photo"] = "unpaired"
    return TrainingData(
        tuple(
            TrainingImage.of(example, role)
            for role, split in splits.items()
            for example in examples
            if example.split == split
        )
    )


def collect_taught(
    manifest: str | os.PathLike,
    examples: Sequence[Example],
    photos: bool,
    validation: str,
) -> TrainingData:
    """As `collect`, but of what a teacher has colored, what that is made of.

    `distill.py` writes a record beside its manifest: what the teacher has seen,
    and the images that it made pairs of. It takes the place of those pairs.

    Args:
        manifest: Path of the manifest.csv.
        examples: All of it.
        photos: As for `collect`.
        validation: As for `collect`.

    Raises:
        InputError: The record there is malformed.
    """
    taught = read_if_there(Path(manifest).parent)
    if taught is None:
        return collect(examples, photos, validation)
    others = [example for example in examples if example.split != "train"]
    return union(taught, collect(others, photos, validation))


def union(*records: TrainingData) -> TrainingData:
    """Returns all that several trainings read, each image once per role."""
    images = (image for record in records for image in record.images)
    return TrainingData(tuple(dict.fromkeys(images)))


def write(folder: str | os.PathLike, training: TrainingData) -> None:
    """Writes the record into a folder, in addition to what it has there.

    A training that is resumed with other data has seen both.

    Raises:
        InputError: The record there is malformed, or cannot be written.
    """
    before = read_if_there(folder) or NOTHING
    with (
        files.replacing(Path(folder, FILE)) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for image in union(before, training).images:
            writer.writerow(dataclasses.asdict(image))


def read(folder: str | os.PathLike) -> TrainingData:
    """Reads the record of a workdir or an export.

    Raises:
        InputError: There is none, or it is malformed.
    """
    seen = read_if_there(folder)
    if seen is None:
        raise InputError(
            f"{folder}: has no {FILE}: an older version wrote it; train it "
            "again"
        )
    return seen


def read_if_there(folder: str | os.PathLike) -> TrainingData | None:
    """As `read`, where there may be none.

    Returns:
        None if the folder has none: older versions wrote none.

    Raises:
        InputError: It is malformed; the message names file, line and column.
    """
    path = Path(folder, FILE)
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            if tuple(reader.fieldnames or ()) != COLUMNS:
                raise InputError(
                    f"{path}, line 1: {','.join(reader.fieldnames or ())}; "
                    f"expected {','.join(COLUMNS)}"
                )
            return TrainingData(
                tuple(
                    _parse(f"{path}, line {reader.line_num}", row)
                    for row in reader
                )
            )
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: not a CSV file in UTF-8: {error}") from error


def _parse(where: str, row: dict) -> TrainingImage:
    if None in row or None in row.values():
        raise InputError(f"{where}: expected {len(COLUMNS)} columns")
    for column, value in row.items():
        pattern, expected = _VALID[column]
        if not re.fullmatch(pattern, value):
            raise InputError(
                f"{where}, column {column}: {value!r}; expected {expected}"
            )
    return TrainingImage(**row)
