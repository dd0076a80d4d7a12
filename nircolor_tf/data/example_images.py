"""The images of an example, opened in one place.

Whoever reads a pair or a photo of a manifest reads it here: the file is the one
that was prepared, its NIR is the channel that was chosen, and its values mean
what the manifest says.

    nir, rgb = read_nir(example), read_rgb(example)    as they are stored
    read_domains(example)["nir"]                       float32 in [0, 1]
"""

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from nircolor_tf import files
from nircolor_tf.data import storage
from nircolor_tf.data.manifest import Example
from nircolor_tf.errors import InputError
from nircolor_tf.images import channels, conversions, image_files, ranges
from nircolor_tf.images.channels import Channel

# How many bad files a message names.
_NAMED = 20
# Pairs of more pixels are not kept.
_KEPT_BYTES = 500_000_000


@dataclasses.dataclass(frozen=True)
class StoredImage:
    """An image with the values of its file, and what they mean.

    Attributes:
        values: uint8 or uint16, (H, W, C).
        low: The value that is black.
        high: The value that is white; those beyond are white, too.
    """

    values: np.ndarray
    low: int
    high: int

    @property
    def unit(self) -> np.ndarray:
        """The image as networks and metrics know it: float32 in [0, 1]."""
        return ranges.to_unit(self.values, self.low, self.high)


def read_nir(example: Example) -> StoredImage:
    """Reads the NIR image of a pair, (H, W, 1).

    Raises:
        InputError: The file is bad, or no longer the one that was prepared.
    """
    _check_unchanged(example.nir, example.nir_sha256)
    channel = channels.parse(example.nir_channel)
    values = image_files.read_nir(example.nir, channel)
    return _stored(
        example, example.nir, values, example.nir_low, example.nir_high
    )


def read_rgb(example: Example) -> StoredImage:
    """Reads the color image of a pair or a photo, (H, W, 3).

    Raises:
        InputError: The file is bad, or no longer the one that was prepared.
    """
    _check_unchanged(example.rgb, example.rgb_sha256)
    values = read_color(example.rgb, example.rgb_bands)
    return _stored(
        example, example.rgb, values, example.rgb_low, example.rgb_high
    )


def read_domains(example: Example) -> dict[str, np.ndarray]:
    """Reads a pair, in every domain of an inference path.

    Returns:
        As `conversions.domains`.

    Raises:
        InputError: A file is bad, or no longer the one that was prepared.
    """
    return conversions.domains(read_nir(example).unit, read_rgb(example).unit)


def read_all(
    examples: Sequence[Example], *readers: Callable[[Example], StoredImage]
) -> list[tuple[StoredImage, ...]]:
    """Reads the images of examples, with each of the readers.

    Raises:
        InputError: Some files are bad; the message has a line for each.
    """
    return list(read_each(examples, *readers))


def read_each(
    examples: Iterable[Example], *readers: Callable[[Example], StoredImage]
) -> Iterator[tuple[StoredImage, ...]]:
    """As `read_all`, one example at a time; bad files are named at the end."""
    problems = []
    for example in examples:
        try:
            images = tuple(reader(example) for reader in readers)
        except InputError as error:
            problems.append(str(error))
        # Behind a bad file the others are only checked.
        if not problems:
            yield images
    if len(problems) > 1:
        more = problems[_NAMED:]
        named = problems[:_NAMED] + [f"and {len(more)} more"] * bool(more)
        problems = ["\n  ".join([f"{len(problems)} bad images:", *named])]
    if problems:
        raise InputError(problems[0])


def open_pairs(
    examples: Sequence[Example],
) -> Sequence[tuple[StoredImage, StoredImage]]:
    """Opens the NIR and the color images of pairs.

    Few are read now and kept. Of many, each is read whenever it is asked for,
    and bad files are named then.

    Raises:
        InputError: Some of few files are bad.
    """
    if storage.count_bytes(examples) <= _KEPT_BYTES:
        return read_all(examples, read_nir, read_rgb)
    return _ReadAsNeeded(examples)


class _ReadAsNeeded(Sequence):
    def __init__(self, examples: Sequence[Example]):
        self._examples = examples

    def __len__(self):
        return len(self._examples)

    def __getitem__(self, index):
        if isinstance(index, slice):
            return _ReadAsNeeded(self._examples[index])
        example = self._examples[index]
        return read_nir(example), read_rgb(example)


def read_color(path: str, bands: str) -> np.ndarray:
    """Reads the color of a file, (H, W, 3) as it is stored.

    Args:
        path: An RGB image, or an image of many bands.
        bands: As `Example.rgb_bands`.

    Raises:
        InputError: The file is bad, or has no such bands.
    """
    if not bands:
        return image_files.read_rgb(path)
    raster = image_files.read_raster(path)
    numbers = [int(number) for number in bands.split(",")]
    if max(numbers) > raster.bands.shape[2]:
        raise InputError(
            f"{path}: has {channels.describe(raster)}; --rgb_bands={bands} are "
            "not among them"
        )
    return np.concatenate(
        [Channel(number).of(raster, path) for number in numbers], axis=-1
    )


def _check_unchanged(path: str, sha256: str) -> None:
    try:
        unchanged = files.sha256(path) == sha256
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    if not unchanged:
        raise InputError(
            f"{path}: is no longer the file that bin/prepare_data.py saw (its "
            "SHA-256 is another); make the manifest again"
        )


def _stored(
    example: Example, path: str, values: np.ndarray, low: int, high: int
) -> StoredImage:
    expected = (example.height, example.width)
    if values.shape[:2] != expected:
        raise InputError(
            f"{path}: {values.shape[0]}x{values.shape[1]} px, but the "
            f"manifest says {expected[0]}x{expected[1]}; make it again "
            "with bin/prepare_data.py"
        )
    if 8 * values.itemsize > example.bits:
        raise InputError(
            f"{path}: is stored in 16 bit, but the manifest says 8; make it "
            "again with bin/prepare_data.py"
        )
    if high > np.iinfo(values.dtype).max:
        raise InputError(
            f"{path}: is stored in 8 bit, but the manifest says that {high} is "
            "white; make it again with bin/prepare_data.py"
        )
    return StoredImage(values, low, high)
