"""Contamination: a model is measured on scenes that it was trained on.

The training record (data/training_data.py) names the training images with
their hashes, a manifest the measured ones. A measured image is contaminated if
a training image

1. is the same image: the hash of its NIR or RGB file is equal; or both have
   one name in VCIP, or are in the list of VCIP's identical pairs;
2. is the same as another image of its scene in the manifest;
3. is in its scene by data/splits/vcip_scenes.csv, for VCIP; or
4. has its scene label, the name of the photo, for EPFL.

Photos without NIR have no scene: only identical files of them are found. A
copy under another name that was encoded again or cut otherwise is not found.
VCIP's pairs are such crops of EPFL's photos of landscapes, some photos of
scenes-strict are EPFL's, and nobody recorded which ones: between them and
EPFL's photos of the same categories the answer is 'unknown'.
"""

import dataclasses
from collections.abc import Mapping, Sequence

from nircolor_tf.data import splits
from nircolor_tf.data.manifest import Example
from nircolor_tf.data.training_data import TrainingData, TrainingImage
from nircolor_tf.evaluation.scene_index import SceneIndex

# Data protocols whose training pairs show scenes of their own test pairs.
BY_DEFINITION = ("vcip-official",)

# How many images a description names, and training images for each.
_NAMED_IMAGES = 30
_NAMED_TWINS = 3

# Categories of EPFL's photos that VCIP's pairs were cut from.
_LANDSCAPES = ("country", "field", "forest", "mountain")
# Of scenes-strict: how names begin -> categories of EPFL's photos.
_ORIGINS = {
    **{f"more_{name}": _LANDSCAPES for name in _LANDSCAPES},
    "vcip": _LANDSCAPES,
    "more_indoor_epfl": ("indoor",),
    "more_oldbuilding_epfl": ("oldbuilding",),
    "more_stream_epfl": ("water",),
    "more_street_epfl": ("street",),
    "more_urban_epfl": ("urban",),
}

_NO_RECORD = "there is no record of the training data"
_ONE_SOURCE = (
    "VCIP's pairs and photos of scenes-strict are crops of EPFL's photos, of "
    "which ones was not written down"
)


@dataclasses.dataclass(frozen=True)
class Contamination:
    """The measured images whose scenes a model was trained on.

    Attributes:
        state: 'clean', 'contaminated', or 'unknown' where there is no record
            of the training images, or of the photos that they were cut from.
        evaluated: How many images it is measured on.
        images: Name of each contaminated image -> names of the training
            images of its scene, sorted.
        copies: Likewise, of the training images that are the same image.
        selection: How many of the evaluated images show a scene that the
            model was validated on.
        reason: Why the state is 'unknown'.
    """

    state: str
    evaluated: int
    images: Mapping[str, tuple[str, ...]]
    copies: Mapping[str, tuple[str, ...]]
    selection: int
    reason: str = ""

    def describe(self) -> str:
        """Returns a paragraph with the state, counts and names."""
        if self.state == "unknown":
            return f"unknown: {self.reason}"
        text = f"{self.state}: {len(self.images)} of the {self.evaluated} "
        text += "images show a scene of the training data"
        if self.copies:
            text += f", {len(self.copies)} of them the very image (=)"
        if self.images:
            named = [f"{name} ({self._twins(name)})" for name in self.images]
            text += ": " + _shortened(named, _NAMED_IMAGES, ", ")
        if self.selection:
            text += f". {self.selection} of the {self.evaluated} show a scene "
            text += "that the model was validated on"
        return text

    def _twins(self, name: str) -> str:
        copies = self.copies.get(name, ())
        others = [twin for twin in self.images[name] if twin not in copies]
        same = [f"= {copy}" for copy in copies]
        return _shortened(same + others, _NAMED_TWINS, "; ")


def check(
    training: TrainingData | None,
    evaluated: Sequence[Example],
    manifest_examples: Sequence[Example],
) -> Contamination:
    """Compares the training images of a model with the measured ones.

    Args:
        training: The record of the model; None where there is none.
        evaluated: The images to measure.
        manifest_examples: The whole manifest that they are from.
    """
    if training is None:
        return Contamination("unknown", len(evaluated), {}, {}, 0, _NO_RECORD)
    trained, validated = (
        SceneIndex(
            [
                image
                for image in training.images
                if (image.role == "validation") == of_validation
            ],
            manifest_examples,
        )
        for of_validation in (False, True)
    )
    tested = [TrainingImage.of(example, "pair") for example in evaluated]
    images = {
        image.name: tuple(sorted(names))
        for image in tested
        if (names := trained.same_scene(image))
    }
    copies = {
        image.name: tuple(sorted(names))
        for image in tested
        if (names := trained.same_image(image))
    }
    unsure = _cut_from_one_source(training.images, tested)
    return Contamination(
        state="contaminated" if images else "unknown" if unsure else "clean",
        evaluated=len(evaluated),
        images=images,
        copies=copies,
        selection=sum(bool(validated.same_scene(image)) for image in tested),
        reason=_ONE_SOURCE if unsure else "",
    )


def warning(
    evaluated: Sequence[Example], manifest_examples: Sequence[Example]
) -> str:
    """Returns what is wrong with a split for every model; '' for nothing.

    The training pairs of some data protocols show scenes of their test pairs:
    a model of such a protocol has seen them.

    Args:
        evaluated: The images to measure.
        manifest_examples: The whole manifest that they are from. The training
            pairs of the protocol need not be in it.
    """
    protocol = evaluated[0].protocol
    if protocol not in BY_DEFINITION:
        return ""
    pairs = [
        TrainingImage(name, "pair", protocol, scene="", nir="", rgb="")
        for name, split in splits.load_split(protocol).items()
        if split == "train"
    ]
    overlap = check(TrainingData(tuple(pairs)), evaluated, manifest_examples)
    return f"{protocol}, whoever trains on its pairs: {overlap.describe()}"


def _cut_from_one_source(
    trained: Sequence[TrainingImage], tested: Sequence[TrainingImage]
) -> bool:
    """Whether one has EPFL's photos, the other crops of such by other names."""
    return any(
        _origins(crops) & {photo.name.split("_")[0] for photo in photos}
        for crops, photos in (
            (trained, _of_epfl(tested)),
            (tested, _of_epfl(trained)),
        )
    )


def _of_epfl(images: Sequence[TrainingImage]) -> list[TrainingImage]:
    return [image for image in images if image.protocol.startswith("epfl")]


def _origins(images: Sequence[TrainingImage]) -> set[str]:
    """Categories of EPFL's photos that were cut, of unknown numbers."""
    categories = set()
    for image in images:
        if image.protocol.startswith("vcip"):
            categories.update(_LANDSCAPES)
        elif image.protocol == "scenes-strict":
            for start, names in _ORIGINS.items():
                if image.name.startswith(start):
                    categories.update(names)
    return categories


def _shortened(names: Sequence[str], limit: int, separator: str) -> str:
    more = [f"and {len(names) - limit} more"] if len(names) > limit else []
    return separator.join([*names[:limit], *more])
