"""The images that files of one size are calibrated on and checked with."""

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from absl import logging
from ml_collections import ConfigDict

from nircolor_tf.data import example_images, manifest, synthetic
from nircolor_tf.errors import InputError
from nircolor_tf.images import channels, conversions, image_files
from nircolor_tf.images.channels import Channel

# Images that a file is compared with the method on.
CHECKS = 8


@dataclasses.dataclass(frozen=True)
class Samples:
    """Images of one domain, (H, W, 1) float32 in [0, 1], of any sizes.

    Attributes:
        representative: Images such as the model will see; quantized files
            take their scales from them.
        checks: Images on which a file is compared with the method.
        origin: Of `checks`: the name of a split, or 'synthetic'.
    """

    representative: list[np.ndarray]
    checks: list[np.ndarray]
    origin: str


def read(
    config: ConfigDict,
    source: str,
    folder: str | os.PathLike,
    count: int,
    channel: Channel = channels.GRAY,
) -> Samples:
    """Reads images, evenly spread over the sets they are taken from.

    The checks are images of the evaluated split. They are synthetic where the
    manifest is gone or the split has fewer than `CHECKS`.

    Args:
        config: The whole experiment.
        source: 'nir' or 'gray', the domain.
        folder: Of representative images; '' for the training images of the
            manifest.
        count: How many of them, or 0. Of fewer all are taken.
        channel: Which channel of the folder's images is NIR.

    Raises:
        InputError: There are none, or the manifest is gone.
    """
    if folder and count:
        files = _spread(folder, image_files.list_images(folder), count)
        images = [image_files.read_unit(file, channel)[0] for file in files]
    elif count:
        path = config.data.manifest
        if not Path(path).is_file():
            raise InputError(
                f"{path}: the training images' manifest is not there; int8 "
                "takes its scales from representative images: name a folder "
                "of them, --representative=DIR"
            )
        examples = manifest.select(manifest.read_manifest(path), "train")
        spread = _spread(f"{path}, split train", examples, count)
        images = [
            example_images.read_domains(example)[source] for example in spread
        ]
    else:
        images = []
    return Samples(images, *_checks(config, source))


def cover(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Scales an image until it just covers a size, and cuts its center out.

    Args:
        image: (H, W, 1) float32.
        height: Pixels.
        width: Pixels.

    Returns:
        (height, width, 1).
    """
    rows, columns, _ = image.shape
    scale = max(height / rows, width / columns)
    size = (
        max(round(columns * scale), width),
        max(round(rows * scale), height),
    )
    kind = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    scaled = cv2.resize(image, size, interpolation=kind)
    top, left = (size[1] - height) // 2, (size[0] - width) // 2
    return scaled[top : top + height, left : left + width, None]


def _checks(config: ConfigDict, source: str) -> tuple[list[np.ndarray], str]:
    path, split = config.data.manifest, config.evaluate.split
    if Path(path).is_file():
        examples = [
            example
            for example in manifest.read_manifest(path)
            if example.split == split
        ]
        if len(examples) >= CHECKS:
            spread = _spread(path, examples, CHECKS)
            images = [
                example_images.read_domains(example)[source]
                for example in spread
            ]
            return images, split
    logging.warning(
        "the files of this export are checked on synthetic images: %s has not "
        "%d of the split %r; the card says so",
        *(path, CHECKS, split),
    )
    pairs = [synthetic.make_pair(seed, 256, 256, 8) for seed in range(CHECKS)]
    images = [
        conversions.domains(*map(conversions.to_float, pair))[source]
        for pair in pairs
    ]
    return images, "synthetic"


def _spread(where: str | os.PathLike, items: Sequence, count: int) -> list:
    """Returns `count` items at equal distances, or all where there are less."""
    if not items:
        raise InputError(
            f"{where}: holds no image; expected some, for the scales of int8: "
            "name a folder of them, --representative=DIR"
        )
    if len(items) < count:
        logging.warning(
            "%s: holds %d images; expected %d, config.export.representative: "
            "the scales of int8 do not know what these have not; "
            "--representative=DIR names others",
            *(where, len(items), count),
        )
        count = len(items)
    return [items[index * len(items) // count] for index in range(count)]
