"""The data sets that a phase reads.

`open_source` turns the manifest into a source of examples; its `batches` are
what the training step sees.

    'paired'     {'nir': (B, crop, crop, 1), 'rgb': (B, crop, crop, 3)}: the
                 pairs of the split 'train', and photos with imitated NIR
    'unpaired'   {'rgb': (B, crop, crop, 3)}: photos without NIR, the color
                 images of pairs, or both

Images are float32 in `config.data.value_range`, augmented (`augment.py`).
Everything random is a function of the seed and the number of the example, so
that a resumed training sees the batches that it would have seen.
"""

from collections.abc import Collection, Sequence

from ml_collections import ConfigDict

from nircolor_tf.data import manifest, shards, splits, storage
from nircolor_tf.data.examples import Mixture, Source, Zoomed
from nircolor_tf.data.image_sources import (
    ImageSource,
    ImitationSource,
    PairSource,
    PhotoSource,
)
from nircolor_tf.data.manifest import Example
from nircolor_tf.data.pixels import MEMORY, PixelStore
from nircolor_tf.errors import InputError

# Of `splits.load_groups`.
GROUPS = ("vcip", "landscape", "town")

# Of the manifest, for what `config.data.unpaired_from` names.
_SPLIT_OF = {"photos": "unpaired", "pairs": "train"}


def open_source(
    name: str, examples: Sequence[Example], config: ConfigDict
) -> Source:
    """Opens the data set that a phase names.

    Its pixels are read now and kept, or as they are needed where the manifest
    has shards.

    Args:
        name: 'paired' for the pairs of the split 'train'; 'unpaired' for
            color images drawn without regard to any NIR image.
        examples: Of the manifest.
        config: config.data; `unpaired_from` says what 'unpaired' is made of:
            'photos' (the split 'unpaired'), 'pairs' (the RGB images of the
            split 'train'), or both. With a `photo_probability` some examples
            of 'paired' are photos with imitated NIR; with `sources` each
            group of the pairs, and the photos, have a share and a zoom.

    Raises:
        InputError: A split is empty, an image is bad, or the shards are of
            other images.
    """
    store = _open_store(config)
    has_photos = any(example.split == "unpaired" for example in examples)
    if name == "paired" and has_shares(config):
        return _open_groups(examples, config, store)
    if name == "paired":
        pairs = PairSource(manifest.select(examples, "train"), store)
        share = config.photo_probability
        if not share:
            return pairs
        _check_photos(has_photos, "photo_probability", share, "0.0")
        photos = ImitationSource(manifest.select(examples, "unpaired"), store)
        return Mixture((photos, pairs), (share, 1 - share))
    if "photos" in config.unpaired_from:
        sources = tuple(config.unpaired_from)
        other = "\"('pairs',)\""
        _check_photos(has_photos, "unpaired_from", sources, other)
    return PhotoSource(
        [
            example
            for source in config.unpaired_from
            for example in manifest.select(examples, _SPLIT_OF[source])
        ],
        store,
    )


def count(name: str, examples: Sequence[Example], config: ConfigDict) -> int:
    """Counts the images of a data set, pairs or color images, each once.

    Args:
        name: 'paired' or 'unpaired', as `open_source` takes it.
        examples: Of the manifest.
        config: config.data.
    """
    sources = ("pairs",) if name == "paired" else config.unpaired_from
    counted = {_SPLIT_OF[source] for source in sources}
    return sum(example.split in counted for example in examples)


def has_shares(config: ConfigDict) -> bool:
    """Returns whether config.data draws groups, each with its share."""
    return any(source.share for source in config.sources.values())


def _open_store(config: ConfigDict) -> PixelStore:
    if storage.folder_of(config.manifest).is_dir():
        return shards.Shards(config.manifest)
    return MEMORY


def _open_groups(
    examples: Sequence[Example], config: ConfigDict, store: PixelStore
) -> Source:
    """Opens the groups of the pairs, and the photos, that have a share."""
    members = _members(examples)
    sources = {
        group: source
        for group, source in config.sources.items()
        if source.share
    }
    for group, source in sources.items():
        if not members[group]:
            raise InputError(
                f"config.data.sources.{group}.share is {source.share}, "
                "but the manifest has no such images to train on; expected "
                "one of scenes-strict, with --unpaired photos for 'photo'"
            )
    return Mixture(
        [
            Zoomed(_kind_of(members[group])(members[group], store), source.zoom)
            for group, source in sources.items()
        ],
        [source.share for source in sources.values()],
    )


def _kind_of(examples: Sequence[Example]) -> type[ImageSource]:
    return PairSource if examples[0].nir else ImitationSource


def _members(examples: Sequence[Example]) -> dict[str, list[Example]]:
    """Returns the training images of each group, and the photos.

    Of the pairs of a list, one without a scene is a photo that `distill.py` has
    given a NIR image.
    """
    members = {"photo": [], **{group: [] for group in GROUPS}}
    protocol = examples[0].protocol
    listed = splits.load_groups(protocol)
    strays = []
    for example in examples:
        if example.split not in ("train", "unpaired"):
            continue
        name = example.name.partition(splits.VARIATION)[0]
        # A photo that was shrunk has its side behind its name.
        group = listed.get(name) or listed.get(name.rpartition("_")[0])
        if example.split == "unpaired" or (listed and not example.scene):
            group = "photo"
        members.get(group, strays).append(example)
    if listed and strays:
        raise InputError(
            f"{strays[0].name} and {len(strays) - 1} more images to train on "
            f"are of no group of {protocol}, and config.data.sources draws "
            "groups; expected images of its list, variations of them and "
            "photos, or no shares"
        )
    return members


def _check_photos(has_photos: bool, key: str, value, other: str) -> None:
    if not has_photos:
        raise InputError(
            f"config.data.{key} is {value}, but the manifest has no photos; "
            "give bin/prepare_data.py an --unpaired folder of them, or train "
            f"with --config.data.{key}={other}"
        )


def reads_photos(names: Collection[str], config: ConfigDict) -> bool:
    """Returns whether one of these data sets opens photos without NIR.

    Args:
        names: As `open_source` takes them.
        config: config.data.
    """
    if "paired" in names and config.sources.photo.share:
        return True
    if "paired" in names and config.photo_probability:
        return True
    return "unpaired" in names and "photos" in config.unpaired_from


def describe_storage(
    names: Collection[str], examples: Sequence[Example], config: ConfigDict
) -> str:
    """Says how much the pixels of data sets take, and where they are.

    Args:
        names: As `open_source` takes them.
        examples: Of the manifest.
        config: config.data.
    """
    pairs = [example for example in examples if example.split == "train"]
    photos = [example for example in examples if example.split == "unpaired"]
    size = 0
    if "paired" in names:
        size += storage.count_bytes(pairs, ("nir", "rgb"))
        size += reads_photos(["paired"], config) * storage.count_bytes(
            photos, ("rgb",)
        )
    if "unpaired" in names:
        members = {"pairs": pairs, "photos": photos}
        for source in config.unpaired_from:
            size += storage.count_bytes(members[source], ("rgb",))
    text = f"data: {size / 1e9:.1f} GB of pixels"
    folder = storage.folder_of(config.manifest)
    if folder.is_dir():
        return f"{text}, read as needed from {folder}"
    hint = (
        "; to read them as needed: bin/prepare_data.py "
        f"--shards_of={config.manifest}"
    )
    return f"{text} in memory" + hint * (size > storage.MEMORY_GB * 1e9)
