"""How many bytes the pixels of a manifest take, and where its shards are.

`pixels.py` keeps them in memory, `shards.py` reads them as they are needed.
"""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from nircolor_tf.data.manifest import Example

# A set of more pixels is written into shards, GB.
MEMORY_GB = 4.0

# Images of an example -> how many channels they have.
CHANNELS = {"nir": 1, "rgb": 3}

# Of the examples that a training draws.
_SPLITS = ("train", "unpaired")


def folder_of(path: str | os.PathLike) -> Path:
    """Returns where the shards of a manifest are, if it has any."""
    return Path(f"{os.path.splitext(path)[0]}.shards")


def trained_on(examples: Iterable[Example]) -> list[Example]:
    """Returns the pairs and photos of a manifest that a training draws."""
    return [example for example in examples if example.split in _SPLITS]


def kinds_of(example: Example) -> tuple[str, ...]:
    """Returns which images an example has, of `CHANNELS`."""
    return ("nir", "rgb") if example.nir else ("rgb",)


def channels_of(kinds: Iterable[str]) -> int:
    """Returns how many channels images have, one behind the other."""
    return sum(CHANNELS[kind] for kind in kinds)


def stored_type(examples: Iterable[Example]) -> np.dtype:
    """Returns one type for all: the smallest that holds every value."""
    deep = any(example.bits > 8 for example in examples)
    return np.dtype(np.uint16 if deep else np.uint8)


def count_bytes(
    examples: Sequence[Example], kinds: Sequence[str] | None = None
) -> int:
    """Returns how many bytes the pixels of examples take.

    Args:
        examples: Of a manifest.
        kinds: Which images of each; None: all that it has.
    """
    values = sum(
        one.height * one.width * channels_of(kinds or kinds_of(one))
        for one in examples
    )
    return values * stored_type(examples).itemsize
