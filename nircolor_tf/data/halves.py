"""Half of the scenes of a manifest, for two models that check each other.

A network errs less on images that it was trained on than on new ones. What is
to learn its error needs images that it has not seen: the colors are trained on
one half of the scenes, and the estimator of their error on the other
(Chernozhukov et al., Double/debiased machine learning, The Econometrics
Journal, 2018, call it cross-fitting).
"""

import os

from nircolor_tf.data import manifest
from nircolor_tf.data.manifest import Example

# Values of config.data.half; the first one is all of it.
HALVES = ("", "first", "second")


def read(path: str | os.PathLike, half: str) -> list[Example]:
    """Reads a manifest without the training pairs of the other half.

    Validation and test pairs, and photos, stay. Scenes are dealt out in turn,
    in the order of their labels; a pair without one is a scene of its own.

    Args:
        path: The manifest.csv.
        half: One of `HALVES`.

    Raises:
        InputError: The manifest is bad.
    """
    examples = manifest.read_manifest(path)
    if not half:
        return examples
    scenes = sorted(
        {_scene(example) for example in examples if _is_dealt(example)}
    )
    kept = set(scenes[HALVES.index(half) - 1 :: 2])
    return [
        example
        for example in examples
        if not _is_dealt(example) or _scene(example) in kept
    ]


def _is_dealt(example: Example) -> bool:
    return example.split == "train"


def _scene(example: Example) -> str:
    return example.scene or example.name
