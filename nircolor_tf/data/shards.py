"""Pixels in files, read as a training needs them: for data beyond memory.

A set that is larger than the memory is decoded once, by `bin/prepare_data.py`,
into shards beside its manifest. A training then holds the places of the images
and the batches that it is about to use. Its batches are those that it would
have from memory, bit for bit: who comes next is a function of the seed and the
step (`image_sources.py`), and a shard is read at any place.

    manifest.csv
    manifest.shards/index.csv            what was decoded, and where it is
    manifest.shards/00000.tfrecord       about 1 GB each

A record is an image of the split 'train', (H, W, 4) with NIR before RGB, or
'unpaired', (H, W, 3): integers of `bits` bits, the least byte first.

Why so:
- Not the image files themselves: their formats, channels, bands and orientation
  are read in Python, which the input pipeline must not call (`pixels.py`), and
  their SHA-256 would be checked at every start.
- Not Grain with ArrayRecord: both are read from Python, with an order of their
  own, so the augmentation would be written twice or be fed from Python.
- TFRecord is in TensorFlow, has a checksum (CRC32C) for each record, which is
  checked whenever one is read, and its reader begins at any byte.
- Pixels are not compressed: decoding a PNG costs more than all augmentation.
"""

import csv
import os
import re
import shlex
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from nircolor_tf import files
from nircolor_tf.data import manifest, pixels, storage
from nircolor_tf.data.manifest import Example
from nircolor_tf.data.pixels import Images, PixelStore
from nircolor_tf.errors import InputError

INDEX = "index.csv"

# A shard of so many bytes is full; the next one begins.
_SHARD_BYTES = 2**30
# What a record has before and behind its data: length and checksums.
_HEAD, _TAIL = 12, 4

# What the stored pixels of an image depend on.
_CONTENT = ("nir_sha256", "rgb_sha256", "nir_channel", "rgb_bands")
COLUMNS = (*_CONTENT, "bits", "shard", "offset")


def write(path: str | os.PathLike, overwrite: bool = False) -> str:
    """Writes the shards of a manifest, all of them or none.

    Args:
        path: The manifest.csv.
        overwrite: Replace those that it has.

    Returns:
        What was written, in a line.

    Raises:
        InputError: There are some, an image is bad, the disk is too small, or
            nothing is to train on.
    """
    folder = storage.folder_of(path)
    if folder.exists() and not overwrite:
        raise InputError(f"{folder}: exists; expected none, or --overwrite")
    examples = storage.trained_on(manifest.read_manifest(path))
    if not examples:
        raise InputError(f"{path}: no pair or photo in it is to train on")
    size = storage.count_bytes(examples)
    free = shutil.disk_usage(folder.parent).free
    if size > free:
        raise InputError(
            f"{folder}: the shards take {size / 1e9:.1f} GB, but "
            f"{free / 1e9:.1f} GB are free"
        )
    try:
        with files.new_folder(folder) as temporary:
            _write(temporary, examples)
            if folder.exists():
                shutil.rmtree(folder)
    except (OSError, tf.errors.OpError) as error:
        raise InputError(f"{folder}: cannot be written: {error}") from error
    return f"wrote {folder}: {size / 1e9:.1f} GB of pixels"


def _write(folder: Path, examples: Sequence[Example]) -> None:
    kind = storage.stored_type(examples).newbyteorder("<")
    rows = []
    shard, offset, writer = 0, 0, None
    for example in tqdm(examples, desc="shards", unit="image"):
        if offset >= _SHARD_BYTES:
            writer.close()
            shard, offset, writer = shard + 1, 0, None
        if writer is None:
            writer = tf.io.TFRecordWriter(str(_shard(folder, shard)))
        (image,) = pixels.read_each([example], storage.kinds_of(example))
        data = image.astype(kind).tobytes()
        writer.write(data)
        content = [getattr(example, column) for column in _CONTENT]
        rows.append([*content, 8 * kind.itemsize, shard, offset])
        offset += _HEAD + len(data) + _TAIL
    writer.close()
    with (folder / INDEX).open("w", newline="", encoding="utf-8") as file:
        output = csv.writer(file, lineterminator="\n")
        output.writerows([COLUMNS, *rows])


def _shard(folder: Path, number: int) -> Path:
    return folder / f"{number:05d}.tfrecord"


class Shards(PixelStore):
    """The shards of a manifest.

    Args:
        path: The manifest.csv; it has shards.

    Raises:
        InputError: Their index is missing or malformed.
    """

    def __init__(self, path: str | os.PathLike):
        self._manifest, self._folder = Path(path), storage.folder_of(path)
        self._places, self._bits = _read_index(self._manifest)

    def open(self, examples, kinds):
        """Finds the images; their bytes are checked when they are read.

        Raises:
            InputError: An image of these examples is not in the shards, or a
                shard is missing or has another size.
        """
        places = []
        for example in examples:
            place = self._places.get(_content(example))
            if place is None:
                raise InputError(
                    f"{self._folder}: {example.name} is not in it as the "
                    "manifest has it; " + _again(self._manifest)
                )
            places.append(place)
        self._check_sizes(examples, places)
        return _Recorded(self._folder, self._bits, examples, kinds, places)

    def _check_sizes(self, examples, places) -> None:
        """Checks that every shard reaches as far as its images."""
        needed = {}
        for example, (shard, offset) in zip(examples, places, strict=True):
            size = (
                example.height
                * example.width
                * storage.channels_of(storage.kinds_of(example))
            )
            end = offset + _HEAD + size * self._bits // 8 + _TAIL
            needed[shard] = max(needed.get(shard, 0), end)
        for shard, end in needed.items():
            path = _shard(self._folder, shard)
            size = path.stat().st_size if path.is_file() else 0
            if size < end:
                raise InputError(
                    f"{path}: has {size} bytes; expected {end} at least; "
                    + _again(self._manifest)
                )


class _Recorded(Images):
    def __init__(
        self,
        folder: Path,
        bits: int,
        examples: Sequence[Example],
        kinds: Sequence[str],
        places: Sequence[tuple[int, int]],
    ):
        self._type = tf.uint8 if bits == 8 else tf.uint16
        self._channels = storage.channels_of(kinds)
        shards, offsets = np.array(places, np.int64).T
        with tf.device("CPU:0"):
            self._paths = tf.constant(
                [str(_shard(folder, n)) for n in range(shards.max() + 1)]
            )
            self._shards = tf.constant(shards)
            self._offsets = tf.constant(offsets)
            self._shapes = tf.constant(
                [
                    (
                        one.height,
                        one.width,
                        storage.channels_of(storage.kinds_of(one)),
                    )
                    for one in examples
                ]
            )

    def read(self, index):
        record = _read_record(
            self._paths[self._shards[index]], self._offsets[index]
        )
        image = tf.reshape(
            tf.io.decode_raw(record, self._type), self._shapes[index]
        )
        # Of a pair a photo is the last three channels.
        image = image[..., -self._channels :]
        return tf.ensure_shape(image, (None, None, self._channels))


def _read_record(path, offset):
    """The record that begins at a byte of a shard."""
    records = tf.raw_ops.TFRecordDatasetV2(
        filenames=[path],
        compression_type="",
        # Read ahead is nothing: the next record is anywhere.
        buffer_size=tf.constant(0, tf.int64),
        byte_offsets=[offset],
    )
    text = tf.TensorSpec([], tf.string)
    records = tf.data.experimental.from_variant(records, text)
    return records.take(1).get_single_element()


def named(batches: Iterable, path: str | os.PathLike) -> Iterator:
    """Yields batches; names the shards where one of them is damaged.

    Args:
        batches: Of data sets of this module.
        path: Of the manifest.

    Raises:
        InputError: The bytes of an image are not those that were written.
    """
    try:
        yield from batches
    except (tf.errors.DataLossError, tf.errors.NotFoundError) as error:
        folder = storage.folder_of(path)
        reason = error.message.partition("\n")[0]
        reason = re.sub(r"\{\{.*?\}\}\s*", "", reason)
        raise InputError(
            f"{folder}: an image cannot be read: {reason}; " + _again(path)
        ) from error


def _again(path: str | os.PathLike) -> str:
    return (
        "write the shards again: bin/prepare_data.py "
        f"--shards_of={shlex.quote(str(path))} --overwrite"
    )


def _content(example: Example) -> tuple[str, ...]:
    return tuple(getattr(example, column) for column in _CONTENT)


def _read_index(
    manifest_path: Path,
) -> tuple[dict[tuple, tuple[int, int]], int]:
    """Returns content -> (shard, offset), and the bits of the values."""
    path, places, bits = storage.folder_of(manifest_path) / INDEX, {}, set()
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            if tuple(reader.fieldnames or ()) != COLUMNS:
                raise ValueError("its columns are others")
            for row in reader:
                key = tuple(row[column] for column in _CONTENT)
                places[key] = int(row["shard"]), int(row["offset"])
                bits.add(int(row["bits"]))
        if bits not in ({8}, {16}) or min(min(places.values())) < 0:
            raise ValueError("its numbers are none of shards")
    except (OSError, ValueError, TypeError, csv.Error) as error:
        raise InputError(
            f"{path}: no index of shards: {error}; " + _again(manifest_path)
        ) from error
    return places, bits.pop()
