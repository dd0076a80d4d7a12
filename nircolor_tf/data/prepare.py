"""From a folder of images to a checked, split data set with a manifest.

check all -> scenes -> shift -> (epfl: cut) -> split -> manifest.csv
"""

import os
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from nircolor_tf import files
from nircolor_tf.data import (
    checking,
    cutting,
    manifest,
    scenes,
    shift,
    sources,
    splits,
)
from nircolor_tf.errors import InputError
from nircolor_tf.images import conversions, image_files

SPLIT_CHOICES = ("auto", "scene", "test", *splits.SPLIT_FILES)
_MISALIGNED = 2  # px


def prepare(
    source: str | os.PathLike,
    layout: str,
    output: str | os.PathLike,
    *,
    split: str = "auto",
    patch: int = 0,
    unpaired: str | os.PathLike | None = None,
    seed: int = 0,
    overwrite: bool = False,
) -> str:
    """Checks a data set, groups, measures and splits it, writes a manifest.

    Args:
        source: Folder of the data set.
        layout: A key of `sources.LAYOUTS`.
        output: Folder for manifest.csv and, with epfl, the crops.
        split: One of `SPLIT_CHOICES`; auto is vcip-strict for the vcip2020
            layout, else scene (0.8 / 0.1 / 0.1 of whole scenes).
        patch: epfl only: 64 for 64x64 patches instead of 480x480 crops.
        unpaired: Folder of color photos without NIR.
        seed: Of the scene split.
        overwrite: Replace an existing manifest. Images are never replaced.

    Returns:
        A summary table.

    Raises:
        InputError: Wrong arguments, or anything wrong with the files: then
            the message lists all of it and nothing was written.
    """
    output = Path(output)
    _check_arguments(layout, output, patch, overwrite)
    if split == "auto":
        split = "vcip-strict" if layout == "vcip2020" else "scene"
    candidates = sources.LAYOUTS[layout](Path(source))
    candidates += sources.photos(Path(unpaired)) if unpaired else []
    named = _named_splits(split, candidates)
    checked = checking.check(candidates)
    pairs = [entry for entry in checked if entry.nir]
    facts = _measure(pairs, layout, named, seed)
    protocol = _protocol(layout, split, patch)
    photos = [_example(entry, protocol) for entry in checked if not entry.nir]
    output.parent.mkdir(parents=True, exist_ok=True)
    if layout == "epfl":
        examples = _write_crops(pairs, facts, photos, protocol, output, patch)
    else:
        examples = _write_list(pairs, facts, photos, protocol, output)
    return summarize(examples, _title(split, named, facts))


def _protocol(layout: str, split: str, patch: int) -> str:
    """Returns one of `manifest.PROTOCOLS`."""
    if split in splits.SPLIT_FILES:
        return split
    if layout == "epfl":
        return "epfl-patches" if patch else "epfl"
    return "folder"


def _title(split: str, named: dict, facts: dict) -> str:
    if split not in splits.SPLIT_FILES:
        return split
    return f"{split}, {len(named.keys() - facts)} names without files"


def summarize(examples: Sequence[manifest.Example], split: str) -> str:
    """Returns a table of pairs per split, sizes, bits and misalignment.

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
    pairs = [example for example in examples if example.nir]
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
        f"pairs off by {_MISALIGNED} px or more: {off}",
    ]
    return "\n".join(lines)


def _check_arguments(layout, output, patch, overwrite):
    if layout not in sources.LAYOUTS:
        raise InputError(
            f"--layout={layout}: expected one of {', '.join(sources.LAYOUTS)}"
        )
    if patch not in (0, cutting.PATCH):
        raise InputError(f"--patch={patch}: expected 0 or {cutting.PATCH}")
    if patch and layout != "epfl":
        raise InputError(f"--patch={patch}: only the epfl layout is cut")
    if output.exists() and not output.is_dir():
        raise InputError(f"--output={output}: a file; expected a folder")
    if layout == "epfl" and (output.is_symlink() or not output.name):
        raise InputError(
            f"--output={output}: crops are written into a new folder only; "
            "expected its name, and no link"
        )
    if layout == "epfl" and output.exists() and any(output.iterdir()):
        raise InputError(
            f"--output={output}: crops are written into a new folder only; "
            "this one is not empty"
        )
    if (output / "manifest.csv").exists() and not overwrite:
        raise InputError(
            f"--output={output}: holds a manifest.csv already; expected "
            "another folder, or --overwrite"
        )


def _named_splits(split, candidates):
    """Name -> split; empty when scenes are drawn."""
    if split == "scene":
        return {}
    names = {entry.name for entry in candidates if not entry.unpaired}
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


def _measure(pairs, layout, named, seed):
    """Name -> what is known of the pair beside its files."""
    if layout == "epfl":
        labels = [pair.name for pair in pairs]  # a cut photo is a scene
    else:
        numbers = scenes.group_scenes([pair.rgb for pair in pairs])
        labels = [str(number) for number in numbers]
    drawn = scenes.assign_splits(labels, seed)
    facts = {}
    for pair, scene, split in zip(
        tqdm(pairs, "shift", unit="pair"), labels, drawn, strict=True
    ):
        x, y = shift.measure_shift(
            conversions.to_float(image_files.read_nir(pair.nir)),
            conversions.to_float(image_files.read_rgb(pair.rgb)),
        )
        facts[pair.name] = {
            "split": named.get(pair.name, split),
            "scene": scene,
            "shift_x": x,
            "shift_y": y,
        }
    return facts


def _write_list(pairs, facts, photos, protocol, output):
    """Writes a manifest of the files where they are."""
    examples = [_example(pair, protocol, **facts[pair.name]) for pair in pairs]
    output.mkdir(exist_ok=True)
    manifest.write_manifest(output / "manifest.csv", examples + photos)
    return examples + photos


def _write_crops(pairs, facts, photos, protocol, output, patch):
    """Builds everything beside the output, which then appears at once."""
    # As deep as the output, so that relative paths hold after the move.
    folder = output.with_name(f".{output.name}.{os.getpid()}.partial")
    folder.mkdir()
    try:
        crops = cutting.cut_photos(pairs, folder, patch)
        examples = [
            _example(crop, protocol, **facts[photo.name])
            for crop, photo in crops
        ]
        examples += photos
        manifest.write_manifest(folder / "manifest.csv", examples)
        os.rename(folder, output)
    except BaseException:
        shutil.rmtree(folder)
        raise
    return examples


def _example(entry, protocol, split="unpaired", scene="", shift_x=0, shift_y=0):
    return manifest.Example(
        name=entry.name,
        nir=str(entry.nir or ""),
        rgb=str(entry.rgb),
        height=entry.height,
        width=entry.width,
        bits=entry.bits,
        split=split,
        protocol=protocol,
        scene=scene,
        shift_x=shift_x,
        shift_y=shift_y,
        nir_sha256=files.sha256(entry.nir) if entry.nir else "",
        rgb_sha256=files.sha256(entry.rgb),
    )
