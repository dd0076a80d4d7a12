"""From a folder of images to a checked, split data set with a manifest.

check all -> scenes -> shift -> split -> (epfl: cut, scenes: shrink)
-> manifest.csv
"""

import dataclasses
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from nircolor_tf import files
from nircolor_tf.data import (
    checking,
    cutting,
    example_images,
    layouts,
    manifest,
    matching,
    preparation_notes,
    scene_list,
    scenes,
    shift,
    shrinking,
    splits,
    training_data,
)
from nircolor_tf.data.checking import Reading
from nircolor_tf.data.manifest import Example
from nircolor_tf.errors import InputError
from nircolor_tf.images import conversions, ranges

SPLIT_CHOICES = ("auto", "scene", "test", *splits.SPLIT_FILES)
_MISALIGNED = 2  # px
# Pairs of the layout scenes that are off by more train nothing, px.
_TRAINED_SHIFT = 3
# Their images are written into the output.
_WRITTEN = ("epfl", "scenes")
# Whose scenes a list may say.
_LISTED = ("folder", "multispectral")
# What `auto` is; of other layouts it is scene.
_AUTO = {"vcip2020": "vcip-strict", "scenes": "scenes-strict"}
_NAMED_LEVELS = 4


def prepare(
    source: str | os.PathLike,
    layout: str,
    output: str | os.PathLike,
    *,
    reading: Reading = checking.AUTO,
    split: str = "auto",
    patch: int = 0,
    unpaired: str | os.PathLike | None = None,
    seed: int = 0,
    overwrite: bool = False,
    scene_file: str | os.PathLike | None = None,
) -> str:
    """Checks a data set, groups, measures and splits it, writes a manifest.

    Args:
        source: Folder of the data set.
        layout: A key of `layouts.LAYOUTS`.
        output: Folder for manifest.csv and, with epfl and scenes, the images
            that are made.
        reading: Of the values in the files.
        split: Of `SPLIT_CHOICES`; auto is vcip-strict for vcip2020,
            scenes-strict for scenes, else scene (0.8 / 0.1 / 0.1 of them).
        patch: epfl only: 64 for 64x64 patches instead of 480x480 crops.
        unpaired: Folder of color photos without NIR.
        seed: Of the scene split.
        overwrite: Replace a manifest.csv. Images are never replaced.
        scene_file: As `scene_list.read` takes it; None: scenes are found.

    Returns:
        A summary table, and the pairs whose images do not seem to match.

    Raises:
        InputError: Wrong arguments or files, all of them; nothing is written.
    """
    output = Path(output)
    _check_arguments(layout, output, patch, overwrite)
    split = _AUTO.get(layout, "scene") if split == "auto" else split
    _check_split(layout, split, scene_file)
    candidates = layouts.find(Path(source), layout, unpaired)
    named, labels = _named(split, candidates, scene_file)
    protocol = protocol_of(layout, split, patch)
    pairs, photos = _apart(checking.check(candidates, reading, protocol))
    pairs, mismatches = _measured(pairs, layout, named, labels, seed)
    _check_photos(pairs, photos)
    examples = _write(layout, pairs, photos, output, patch)
    summary = summarize(examples, _title(split, named, pairs))
    notes = preparation_notes.unread((source, unpaired), candidates, output)
    notes += preparation_notes.splits(pairs) if split == "scene" else []
    return "\n".join([summary, *mismatches, *notes])


def protocol_of(layout: str, split: str, patch: int) -> str:
    """Returns the protocol of what `prepare` writes, of `manifest.PROTOCOLS`.

    Args:
        layout: As for `prepare`, likewise the others.
        split: Not 'auto'.
        patch: 0 for none.
    """
    if split in splits.SPLIT_FILES:
        return split
    if layout == "epfl":
        return "epfl-patches" if patch else "epfl"
    return "folder"


def _apart(
    examples: Sequence[Example],
) -> tuple[list[Example], list[Example]]:
    """Returns the pairs, and the photos without NIR."""
    pairs = [example for example in examples if example.nir]
    return pairs, [example for example in examples if not example.nir]


def _title(split: str, named: dict, pairs: Sequence[Example]) -> str:
    if split not in splits.SPLIT_FILES:
        return split
    missing = named.keys() - {pair.name for pair in pairs}
    return f"{split}, {len(missing)} names without files"


def summarize(examples: Sequence[Example], split: str) -> str:
    """Returns a table of pairs per split, sizes, levels and misalignment.

    Args:
        examples: Of a manifest.
        split: What to print as the name of the split.
    """
    lines = [f"split ({split})", f"{'':10}{'images':>8}{'scenes':>8}"]
    for name in manifest.SPLITS:
        members = [example for example in examples if example.split == name]
        if members:
            count = len({example.scene for example in members} - {""})
            lines.append(f"{name:10}{len(members):8}{count:8}")
    pairs, _ = _apart(examples)
    homes = {
        (example.scene, example.split)
        for example in pairs
        if example.split != "unused"
    }
    torn = sum(
        count > 1 for count in Counter(scene for scene, _ in homes).values()
    )
    off = sum(
        max(abs(pair.shift_x), abs(pair.shift_y)) >= _MISALIGNED
        for pair in pairs
    )
    sizes = Counter(f"{pair.width}x{pair.height}" for pair in pairs)
    bits = Counter(pair.bits for pair in pairs)
    lines += [
        "scenes in more than one split: " + str(torn),
        "sizes (width x height): "
        + ", ".join(
            f"{size} ({count})" for size, count in sizes.most_common(4)
        ),
        "bits: "
        + ", ".join(
            f"{depth} ({count})" for depth, count in sorted(bits.items())
        ),
        *_describe_levels(examples),
        f"pairs off by {_MISALIGNED} px or more: {off}",
    ]
    return "\n".join(lines)


def _describe_levels(examples: Sequence[Example]) -> Iterator[str]:
    """Says which stored values are black and white, of each kind of file."""
    pairs = [example for example in examples if example.nir]
    photos = [example for example in examples if not example.nir]
    for kind, levels in (
        ("NIR", [(pair.nir_low, pair.nir_high) for pair in pairs]),
        ("color", [(pair.rgb_low, pair.rgb_high) for pair in pairs]),
        ("photos", [(photo.rgb_low, photo.rgb_high) for photo in photos]),
    ):
        counts = Counter(levels).most_common()
        named = [
            f"{ranges.describe(low, high, np.uint8)} ({count})"
            for (low, high), count in counts[:_NAMED_LEVELS]
        ]
        if len(counts) > _NAMED_LEVELS:
            named.append(f"and {len(counts) - _NAMED_LEVELS} more ranges")
        if named:
            yield f"{kind}: " + ", ".join(named)


def _check_arguments(layout, output, patch, overwrite):
    if layout not in layouts.LAYOUTS:
        raise InputError(
            f"--layout={layout}: expected one of {', '.join(layouts.LAYOUTS)}"
        )
    if patch not in (0, cutting.PATCH):
        raise InputError(f"--patch={patch}: expected 0 or {cutting.PATCH}")
    if patch and layout != "epfl":
        raise InputError(f"--patch={patch}: only the epfl layout is cut")
    if output.exists() and not output.is_dir():
        raise InputError(f"--output={output}: a file; expected a folder")
    if layout in _WRITTEN and (output.is_symlink() or not output.name):
        raise InputError(
            f"--output={output}: images are written into a new folder only; "
            "expected its name, and no link"
        )
    if layout in _WRITTEN and output.exists() and any(output.iterdir()):
        raise InputError(
            f"--output={output}: images are written into a new folder only; "
            "this one is not empty"
        )
    if (output / training_data.FILE).exists():
        raise InputError(
            f"--output={output}: holds {training_data.FILE}, of a training or "
            "of bin/distill.py, which would count as that of the new images; "
            "expected another folder"
        )
    if (output / "manifest.csv").exists() and not overwrite:
        raise InputError(
            f"--output={output}: holds a manifest.csv already; expected "
            "another folder, or --overwrite"
        )


def _check_split(
    layout: str, split: str, scene_file: str | os.PathLike | None
) -> None:
    if (layout == "scenes") != (split == "scenes-strict"):
        raise InputError(
            f"--split={split}: the layout scenes has the split scenes-strict, "
            "and no other layout has it"
        )
    if scene_file is None:
        return
    if layout not in _LISTED:
        raise InputError(
            f"--scenes={scene_file}: the layout {layout} has scenes of its "
            f"own; expected the layout {' or '.join(_LISTED)}"
        )
    if split not in ("scene", "test"):
        raise InputError(
            f"--scenes={scene_file}: --split={split} names the splits; "
            "expected --split=scene or test"
        )


def _pair_names(candidates: Sequence[layouts.Candidate]) -> set[str]:
    return {entry.name for entry in candidates if not entry.unpaired}


def _named(
    split: str,
    candidates: Sequence[layouts.Candidate],
    scene_file: str | os.PathLike | None,
) -> tuple[dict[str, str], Mapping[str, str] | None]:
    """Returns the splits by name, empty when drawn, and the scenes if known."""
    named = _named_splits(split, candidates)
    if scene_file is None:
        return named, None
    listed = scene_list.read(scene_file, _pair_names(candidates))
    return {**listed.splits, **named}, listed.scenes


def _named_splits(split, candidates):
    """Name -> split; empty when scenes are drawn."""
    if split == "scene":
        return {}
    names = _pair_names(candidates)
    if split == "test":
        return dict.fromkeys(names, "test")
    shipped = splits.load_split(split)
    unknown = sorted(names - shipped.keys())
    if unknown:
        raise InputError(
            f"--split={split}: {len(unknown)} names are not in this list:\n  "
            + "\n  ".join(unknown)
        )
    return shipped


def _measured(
    pairs: Sequence[Example],
    layout: str,
    named: Mapping[str, str],
    scenes_by_name: Mapping[str, str] | None,
    seed: int,
) -> tuple[list[Example], list[str]]:
    """Gives pairs their scene, their shift, and a split, named or drawn.

    Returns:
        The pairs, and lines about those that do not seem to match.
    """
    if layout == "scenes":
        scenes_by_name = splits.load_photo_scenes()
    if scenes_by_name is not None:
        labels = [scenes_by_name[pair.name] for pair in pairs]
    else:
        numbers = scenes.group_scenes(
            conversions.to_8bit(example_images.read_rgb(pair).unit, pair.rgb)
            for pair in tqdm(pairs, "features", unit="image")
        )
        labels = [str(number) for number in numbers]
    if layout == "epfl":  # a scene has the name of its first photo
        labels = [pairs[labels.index(label)].name for label in labels]
    drawn = scenes.assign_splits(labels, seed)
    measured, mismatches = [], []
    for pair, scene, split in zip(
        tqdm(pairs, "shift", unit="pair"), labels, drawn, strict=True
    ):
        images = example_images.read_domains(pair)
        x, y = shift.measure_shift(images["nir"], images["rgb"])
        measured.append(
            dataclasses.replace(
                pair,
                split=named.get(pair.name, split),
                scene=scene,
                shift_x=x,
                shift_y=y,
            )
        )
        mismatch = matching.describe_mismatch(images["nir"], images["rgb"])
        if mismatch:
            mismatches.append(f"  {pair.name}: {mismatch}")
    return measured, preparation_notes.mismatches(mismatches)


def _check_photos(pairs: Sequence[Example], photos: Sequence[Example]) -> None:
    """Refuses photos to train on that are the truth of a pair to measure."""
    measured = {
        pair.rgb_sha256: pair for pair in pairs if pair.split in ("val", "test")
    }
    copies = [photo for photo in photos if photo.rgb_sha256 in measured]
    if copies:
        pair = measured[copies[0].rgb_sha256]
        raise InputError(
            f"{len(copies)} of the photos without NIR are the color images of "
            f"pairs that are measured: {copies[0].rgb} is that of {pair.name}, "
            f"{pair.split}; leave them out"
        )


def _write(layout, pairs, photos, output, patch):
    """Writes the manifest, and the images that the layout has made."""
    if layout == "epfl":
        return _write_images(
            output,
            lambda folder: cutting.cut_photos(pairs, folder, patch) + photos,
        )
    if layout == "scenes":
        return _write_images(
            output, lambda folder: _shrink(pairs, folder) + photos
        )
    output.mkdir(parents=True, exist_ok=True)
    manifest.write_manifest(output / "manifest.csv", pairs + photos)
    return pairs + photos


def _shrink(pairs: Sequence[Example], folder: Path) -> list[Example]:
    """Shrinks the photos to train on; the rest stays where it is."""
    groups = splits.load_groups("scenes-strict")
    photos, others = [], []
    for pair in pairs:
        training = pair.split == "train"
        if training and max(abs(pair.shift_x), abs(pair.shift_y)) > (
            _TRAINED_SHIFT
        ):
            others.append(dataclasses.replace(pair, split="unused"))
        elif training and groups[pair.name] != "vcip":
            photos.append(pair)
        else:
            others.append(pair)
    return others + shrinking.shrink_photos(photos, folder)


def _write_images(
    output: Path, write: Callable[[Path], list[Example]]
) -> list[Example]:
    """Builds everything beside the output, which then appears at once."""
    with files.new_folder(output) as folder:
        examples = write(folder)
        manifest.write_manifest(folder / "manifest.csv", examples)
    return examples
