"""An index of training images, by file and by scene.

One image or one scene may have several keys: a hash, a name in VCIP, a scene
label. `contamination` says which of them count.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

from nircolor_tf.data import splits
from nircolor_tf.data.manifest import Example
from nircolor_tf.data.training_data import TrainingImage


class SceneIndex:
    """Names of training images by the keys of the images and their scenes."""

    def __init__(
        self, images: Iterable[TrainingImage], examples: Iterable[Example]
    ):
        """Indexes images.

        Args:
            images: Of a training record.
            examples: A whole manifest, whose scene labels join images.
        """
        self._scene_of = splits.load_scenes()
        self._copy_of = splits.load_copies()
        self._photo_scene_of = splits.load_photo_scenes()
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
        """Returns the names of the indexed images that are this image."""
        return _union(self._images, self._image_keys(image))

    def same_scene(self, image: TrainingImage) -> set[str]:
        """Returns the names of the indexed images of its scene.

        Args:
            image: With a scene label of the manifest.
        """
        keys = self._scene_keys(image) | {("manifest", image.scene)}
        return self.same_image(image) | _union(self._scenes, keys)

    def _image_keys(self, image: TrainingImage) -> set[tuple[str, str]]:
        keys = {("file", digits) for digits in (image.nir, image.rgb) if digits}
        name = _vcip_name(image)
        if name:
            keys.add(("vcip", self._copy_of.get(name, name)))
        return keys

    def _scene_keys(self, image: TrainingImage) -> set[tuple[str, str]]:
        if image.protocol == "scenes-strict":
            photo = re.match(r"scene_([a-z]+_\d{4})", image.name)
            keys = {_photo_scene_key(image.scene)}
            return keys | ({("epfl", photo[1])} if photo else set())
        name = _vcip_name(image)
        if name in self._scene_of:
            return {("vcip", self._scene_of[name])}
        if image.protocol.startswith("epfl") and image.scene:
            return self._epfl_keys(image)
        return set()

    def _epfl_keys(self, image: TrainingImage) -> set[tuple[str, str]]:
        """Those of its photo, and of the first photo of its scene."""
        own = re.match(r"[a-z]+_\d{4}", image.name)
        photos = {image.scene, own[0] if own else image.scene}
        # By the shipped list, others may show the same.
        listed = {
            self._photo_scene_of.get(f"scene_{photo}") for photo in photos
        }
        return {("epfl", photo) for photo in photos} | {
            _photo_scene_key(scene) for scene in listed if scene
        }


def _photo_scene_key(scene: str) -> tuple[str, str]:
    """Of a scene as `splits.load_photo_scenes` names it."""
    kind, _, label = scene.partition("_")
    return "vcip" if kind == "vcip" else "photo", label


def _vcip_name(image: TrainingImage) -> str:
    """Returns the name of an image in VCIP; empty for one of elsewhere."""
    if image.protocol.startswith("vcip"):
        return image.name
    if image.protocol == "scenes-strict" and image.name.startswith("vcip_"):
        return image.name.removeprefix("vcip_")
    return ""


def _union(names: Mapping[tuple, set[str]], keys: Iterable[tuple]) -> set[str]:
    return set().union(*(names.get(key, ()) for key in keys))
