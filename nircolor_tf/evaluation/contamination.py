"""Whether a model was trained on the photos that it is measured on.

What it was trained on is known by name and hash (data/training_data.py), the
images at hand by their manifest. An image is contaminated when a training
image

1. is the same: the hash of its NIR or RGB file is equal; or it has the same
   name among VCIP's, or is in the list of VCIP's identical pairs;
2. is the same as an image of its scene in the manifest at hand;
3. is in its scene by data/splits/vcip_scenes.csv, of VCIP's names; or
4. has its scene label, which is the name of the photo, of EPFL's.

Photos without NIR have no scene: of them, only identical files are found. A
copy that was encoded again, or cut otherwise, under another name is not found.
VCIP's pairs are such crops, of EPFL's photos of landscapes, and of which nobody
wrote down: between the two the answer is 'unknown'.
"""

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from nircolor_tf.data import splits
from nircolor_tf.data.manifest import Example
from nircolor_tf.data.training_data import TrainingData, TrainingImage

# Data protocols whose training pairs show scenes of their own test pairs.
BY_DEFINITION = ("vcip-official",)

# How many names a description holds: of images, of training images for each.
_NAMED_IMAGES = 30
_NAMED_TWINS = 3

# Categories of EPFL's photos that VCIP's pairs were cut from.
_LANDSCAPES = ("country", "field", "forest", "mountain")

_NO_RECORD = "there is no record of the training data"
_ONE_SOURCE = (
    "VCIP's pairs are crops of EPFL's photos of landscapes, of which ones was "
    "not written down"
)


@dataclasses.dataclass(frozen=True)
class Contamination:
    """What a model has seen of the images it is measured on.

    Attributes:
        state: 'clean', 'contaminated', or 'unknown' where nobody wrote down
            what it was trained on, or of what that was cut.
        evaluated: How many images it is measured on.
        images: Name of each contaminated image -> names of the training
            images of its scene, sorted.
        copies: Likewise, of the training images that are the same image.
        selection: How many of the evaluated images show a scene that the
            checkpoint was chosen on.
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
            text += ". The checkpoint was chosen on the scenes of "
            text += f"{self.selection} of the {self.evaluated}"
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
    """Compares what a model was trained on with what it is measured on.

    Args:
        training: The record of the model; None where there is none.
        evaluated: The images to measure.
        manifest_examples: The whole manifest that they are from.
    """
    if training is None:
        return Contamination("unknown", len(evaluated), {}, {}, 0, _NO_RECORD)
    trained, chosen_on = (
        _Index(
            [i for i in training.images if (i.role == "validation") == chosen],
            manifest_examples,
        )
        for chosen in (False, True)
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
        selection=sum(bool(chosen_on.same_scene(image)) for image in tested),
        reason=_ONE_SOURCE if unsure else "",
    )


def warning(
    evaluated: Sequence[Example], manifest_examples: Sequence[Example]
) -> str:
    """Says which images any model of the protocol has seen, or nothing.

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
    found = check(TrainingData(tuple(pairs)), evaluated, manifest_examples)
    return f"{protocol}, whoever trains on its pairs: {found.describe()}"


def _cut_from_one_source(
    trained: Sequence[TrainingImage], tested: Sequence[TrainingImage]
) -> bool:
    """Whether one has VCIP's pairs, the other EPFL's photos of landscapes."""
    return any(
        any(i.protocol.startswith("vcip") for i in crops)
        and any(_is_landscape(i) for i in photos)
        for crops, photos in ((trained, tested), (tested, trained))
    )


def _is_landscape(image: TrainingImage) -> bool:
    return image.protocol.startswith("epfl") and image.name.startswith(
        _LANDSCAPES
    )


class _Index:
    """Names of images by all that tells an image or a scene again."""

    def __init__(
        self, images: Iterable[TrainingImage], examples: Iterable[Example]
    ):
        self._scene_of = splits.load_scenes()
        self._copy_of = splits.load_copies()
        self._images, self._scenes = defaultdict(set), defaultdict(set)
        for image in images:
            for key in self._image_keys(image):
                self._images[key].add(image.name)
            for key in self._scene_keys(image):
                self._scenes[key].add(image.name)
        for example in examples:
            if example.scene:
                names = self.same_image(TrainingImage.of(example, "pair"))
                self._scenes["manifest", example.scene] |= names

    def same_image(self, image: TrainingImage) -> set[str]:
        return _union(self._images, self._image_keys(image))

    def same_scene(self, image: TrainingImage) -> set[str]:
        """Names of the images of its scene, itself included.

        The scene of `image` is a label of the manifest at hand.
        """
        keys = self._scene_keys(image) | {("manifest", image.scene)}
        return self.same_image(image) | _union(self._scenes, keys)

    def _image_keys(self, image: TrainingImage) -> set[tuple[str, str]]:
        keys = {("file", digits) for digits in (image.nir, image.rgb) if digits}
        if image.protocol.startswith("vcip"):
            keys.add(("vcip", self._copy_of.get(image.name, image.name)))
        return keys

    def _scene_keys(self, image: TrainingImage) -> set[tuple[str, str]]:
        if image.protocol.startswith("vcip") and image.name in self._scene_of:
            return {("vcip", self._scene_of[image.name])}
        if image.protocol.startswith("epfl") and image.scene:
            return {("epfl", image.scene)}
        return set()


def _union(names: Mapping[tuple, set[str]], keys: Iterable[tuple]) -> set[str]:
    return set().union(*(names.get(key, ()) for key in keys))


def _shortened(names: Sequence[str], limit: int, separator: str) -> str:
    more = [f"and {len(names) - limit} more"] if len(names) > limit else []
    return separator.join([*names[:limit], *more])
