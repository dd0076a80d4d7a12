"""A training set of any size whose shards are nearly all holes on the disk.

Run as a program, it makes one to train on: two real validation pairs and COUNT
black pairs of 512x512, of which 200,000 are 210 GB of pixels in 2 GB of disk.

    python tests/sparse_shards.py COUNT FOLDER
"""

import csv
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

from nircolor_tf import files
from nircolor_tf.data import manifest, shards, storage
from nircolor_tf.images import image_files

SIDE = 512


def write(folder: Path, count: int) -> Path:
    """Writes a manifest and its shards; returns the path of the manifest."""
    folder.mkdir(parents=True)
    pairs = [_black_pair(folder, number) for number in range(count)]
    path = folder / "manifest.csv"
    manifest.write_manifest(path, pairs + _validation_pairs(folder))
    _write_shards(storage.folder_of(path), pairs)
    return path


def _pair(name, nir, rgb, split, nir_sha256, rgb_sha256):
    return manifest.Example(
        name=name,
        nir=str(nir),
        rgb=str(rgb),
        height=SIDE,
        width=SIDE,
        bits=8,
        split=split,
        protocol="folder",
        scene=name,
        shift_x=0,
        shift_y=0,
        nir_sha256=nir_sha256,
        rgb_sha256=rgb_sha256,
        nir_channel="gray",
        nir_low=0,
        nir_high=255,
        rgb_bands="",
        rgb_low=0,
        rgb_high=255,
    )


def _black_pair(folder, number):
    digest = f"{number:064x}"
    paths = (folder / kind / f"{number}.png" for kind in ("nir", "rgb"))
    return _pair(f"pair_{number}", *paths, "train", digest, digest)


def _validation_pairs(folder):
    rng = np.random.default_rng(0)
    pairs = []
    for number in range(2):
        paths = [folder / f"val_{number}_{kind}.png" for kind in ("nir", "rgb")]
        for path, channels in zip(paths, (1, 3), strict=True):
            image = rng.integers(0, 256, (SIDE, SIDE, channels), np.uint8)
            image_files.write_image(path, image)
        digests = (files.sha256(path) for path in paths)
        pairs.append(_pair(f"val_{number}", *paths, "val", *digests))
    return pairs


def _write_shards(folder, pairs):
    folder.mkdir()
    sample = folder / "sample"
    size = SIDE * SIDE * 4
    with tf.io.TFRecordWriter(str(sample)) as writer:
        writer.write(bytes(size))
    record = sample.read_bytes()
    head, tail = record[:12], record[12 + size :]
    sample.unlink()
    per_shard = 2**30 // len(record) + 1
    rows, file = [], None
    for number, pair in enumerate(pairs):
        shard, place = divmod(number, per_shard)
        if place == 0:
            file = _next_file(folder / f"{shard:05d}.tfrecord", file)
        offset = place * len(record)
        # What is between them stays a hole, which reads as zeros.
        file.write(head)
        file.seek(offset + 12 + size)
        file.write(tail)
        content = (pair.nir_sha256, pair.rgb_sha256, "gray", "")
        rows.append([*content, 8, shard, offset])
    file.close()
    with (folder / shards.INDEX).open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([shards.COLUMNS, *rows])


def _next_file(path, file):
    if file is not None:
        file.close()
    return path.open("wb")


if __name__ == "__main__":
    print(write(Path(sys.argv[2]), int(sys.argv[1])))
