"""From a folder of images to a checked, split data set with a manifest.

check all -> scenes -> shift -> (epfl: cut) -> split -> manifest.csv
"""

import hashlib
import os
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from nircolor_tf.data import (
    checking,
    cutting,
    images,
    manifest,
    scenes,
    shift,
    sources,
    splits,
)
from nircolor_tf.errors import InputError

SPLIT_CHOICES = ("auto", "scene", *splits.SPLIT_FILES)
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

    The images stay where they are, except for the epfl layout, which writes
    crops into output/nir and output/rgb.

    Args:
        source: Folder of the data set.
        layout: A key of `sources.LAYOUTS`.
        output: Folder for manifest.csv, made when absent.
        split: scene = 0.8 / 0.1 / 0.1 of whole scenes; a shipped list; or
            auto = vcip-strict for the vcip2020 layout, else scene.
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
    source, output = Path(source), Path(output)
    _check_arguments(layout, output, patch, overwrite)
    if split == "auto":
        split = "vcip-strict" if layout == "vcip2020" else "scene"
    candidates = sources.LAYOUTS[layout](source)
    if unpaired:
        candidates += sources.photos(Path(unpaired))
    shipped = {} if split == "scene" else splits.load_split(split)
    if shipped:
        _check_names(candidates, split, shipped)
    checked = checking.check(candidates)
    pairs = [entry for entry in checked if entry.nir]
    photos = [entry for entry in checked if not entry.nir]
    if layout == "epfl":
        labels = [pair.name for pair in pairs]
    else:
        labels = map(str, scenes.group_scenes([pair.rgb for pair in pairs]))
    label_of = dict(zip((pair.name for pair in pairs), labels, strict=True))
    chosen = shipped or dict(
        zip(
            label_of,
            scenes.assign_splits(list(label_of.values()), seed),
            strict=True,
        )
    )

    def examples(pieces):
        """Pieces are (what to list, the pair that it comes from)."""
        shifts = _measure_shifts(pairs)
        listed = [
            _example(
                piece, chosen[pair.name], label_of[pair.name], shifts[pair]
            )
            for piece, pair in tqdm(pieces, "hashing", unit="pair")
        ]
        return listed + [_example(photo, "unpaired") for photo in photos]

    output.parent.mkdir(parents=True, exist_ok=True)
    if layout == "epfl":
        listed = _write_crops(pairs, output, patch, examples)
    else:
        listed = examples([(pair, pair) for pair in pairs])
        output.mkdir(exist_ok=True)
        manifest.write_manifest(output / "manifest.csv", listed)
    missing = len(set(shipped) - set(label_of))
    return summarize(listed, f"{split}, {missing} names without files")


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
    sizes = Counter(f"{e.width}x{e.height}" for e in pairs).most_common(4)
    bits = Counter(pair.bits for pair in pairs)
    lines += [
        "scenes in more than one split: " + str(torn),
        "sizes (width x height): "
        + ", ".join(f"{size} ({count})" for size, count in sizes),
        "bits: " + ", ".join(f"{b} ({n})" for b, n in sorted(bits.items())),
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


def _check_names(candidates, split, shipped):
    unknown = sorted(
        {
            candidate.name
            for candidate in candidates
            if not candidate.unpaired and candidate.name not in shipped
        }
    )
    if unknown:
        raise InputError(
            f"--split={split}: {len(unknown)} names are not in this list:\n  "
            + "\n  ".join(unknown)
        )


def _measure_shifts(pairs):
    return {
        pair: shift.measure_shift(
            images.to_float(images.read_nir(pair.nir)),
            images.to_float(images.read_rgb(pair.rgb)),
        )
        for pair in tqdm(pairs, desc="shift", unit="pair")
    }


def _write_crops(pairs, output, patch, examples):
    """Builds everything beside the output, which then appears at once."""
    with tempfile.TemporaryDirectory(
        prefix=f".{output.name}.", dir=output.parent
    ) as beside:
        folder = Path(beside) / "data"
        folder.mkdir()
        listed = examples(cutting.cut_photos(pairs, folder, patch))
        # The paths in the file are relative, so they hold after the move too.
        manifest.write_manifest(folder / "manifest.csv", listed)
        os.rename(folder, output)
    return listed


def _example(entry, split, scene="", shifted=(0, 0)):
    return manifest.Example(
        name=entry.name,
        nir=str(entry.nir or ""),
        rgb=str(entry.rgb),
        height=entry.height,
        width=entry.width,
        bits=entry.bits,
        split=split,
        scene=scene,
        shift_x=shifted[0],
        shift_y=shifted[1],
        nir_sha256=_sha256(entry.nir) if entry.nir else "",
        rgb_sha256=_sha256(entry.rgb),
    )


def _sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
