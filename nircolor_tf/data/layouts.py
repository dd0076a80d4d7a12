"""Folder layouts: where a data set keeps its NIR and its color files.

A layout turns a folder into candidates without opening a file; what is wrong
with them is told by `checking.py`. A new layout is one function more.
"""

import dataclasses
import os
import re
import unicodedata
from collections import defaultdict
from pathlib import Path

from nircolor_tf.errors import InputError
from nircolor_tf.images.image_files import list_images


@dataclasses.dataclass(frozen=True)
class Candidate:
    """A pair, or what was found of it.

    Attributes:
        name: Unique unless two files claim it.
        nir: NIR file; None when there is none.
        rgb: Color file; None when there is none.
        unpaired: A color photo that has no NIR on purpose.
    """

    name: str
    nir: Path | None
    rgb: Path | None
    unpaired: bool = False


def image_name(path: Path) -> str:
    """Returns the name of an image file, without folder or suffix.

    Systems write an accented letter as one character or as two (Unicode's
    forms NFC and NFD); both are the same name.
    """
    return unicodedata.normalize("NFC", path.stem)


def folder(source: Path) -> list[Candidate]:
    """`nir/` and `rgb/` with the same stems; `unpaired/` if it exists."""
    _require_folders(source, "nir", "rgb")
    nir = [(image_name(path), path) for path in list_images(source / "nir")]
    rgb = [(image_name(path), path) for path in list_images(source / "rgb")]
    return _join(nir, rgb) + _optional_photos(source, "unpaired")


def vcip2020(source: Path) -> list[Candidate]:
    """The VCIP 2020 challenge, as it was handed out.

    NIR/x_nir.png, RGB-Registered/x_rgb_reg.png and RGB-Online/ (unpaired) are
    the training images. Validation/ and Testing/ may hold both files of a
    pair, directly or in sub-folders; `_nir`, `_rgb_reg` and `_rgb` tell them
    apart. A pair there that is not named after its folder gets that prefix:
    Testing/0001_nir.png is `testing_0001`.
    """
    _require_folders(source, "NIR", "RGB-Registered")
    nir = [_vcip_entry(path) for path in list_images(source / "NIR")]
    rgb = [_vcip_entry(path) for path in list_images(source / "RGB-Registered")]
    for name in ("Validation", "Testing"):
        if not (source / name).is_dir():
            continue
        inner = (path for path in (source / name).rglob("*") if path.is_dir())
        for place in (source / name, *sorted(inner)):
            for path in list_images(place):
                stem, _ = _vcip_entry(path)
                prefix = name.lower() + "_"
                stem = prefix + stem.lower().removeprefix(prefix)
                in_nir = path.stem.endswith("_nir") or (
                    place.name.lower() == "nir"
                )
                (nir if in_nir else rgb).append((stem, path))
    return _join(nir, rgb) + _optional_photos(source, "RGB-Online")


def epfl(source: Path) -> list[Candidate]:
    """EPFL RGB-NIR Scene: <category>/NNNN_nir.tiff and NNNN_rgb.tiff.

    The name of a pair is category_NNNN. Brown and Suesstrunk, CVPR 2011.
    """
    if not source.is_dir():
        raise InputError(f"{source}: no such folder")
    nir, rgb = [], []
    for category in sorted(path for path in source.iterdir() if path.is_dir()):
        for path in list_images(category):
            match = re.fullmatch(r"(.+)_(nir|rgb)", image_name(path))
            if match:
                folder_name = unicodedata.normalize("NFC", category.name)
                entry = (f"{folder_name}_{match[1]}", path)
                (nir if match[2] == "nir" else rgb).append(entry)
    if not nir and not rgb:
        raise InputError(
            f"{source}: no <category>/NNNN_nir.tiff or NNNN_rgb.tiff in it"
        )
    return _join(nir, rgb)


def multispectral(source: Path) -> list[Candidate]:
    """Images of many bands, NIR and color among them; `unpaired/` if there."""
    pairs = [
        Candidate(image_name(path), path, path) for path in list_images(source)
    ]
    return pairs + _optional_photos(source, "unpaired")


def scenes(source: Path) -> list[Candidate]:
    """Three folders of registered pairs: `splits` says what they hold.

    vcip2020/, rgb_nir_scene/ and rgb_nir_more/, each with nir/ and rgb/. A
    pair is named after its folder: vcip_, scene_ or more_ and its file name.
    """
    folders = {
        "vcip": source / "vcip2020",
        "scene": source / "rgb_nir_scene",
        "more": source / "rgb_nir_more",
    }
    _require_folders(source, *(place.name for place in folders.values()))
    return [
        dataclasses.replace(pair, name=f"{prefix}_{pair.name}")
        for prefix, place in folders.items()
        for pair in folder(place)
    ]


LAYOUTS = {
    "folder": folder,
    "vcip2020": vcip2020,
    "epfl": epfl,
    "multispectral": multispectral,
    "scenes": scenes,
}


def photos(source: Path) -> list[Candidate]:
    """A flat folder of unpaired color photos, named unpaired_<stem>."""
    return [
        Candidate(f"unpaired_{image_name(path)}", None, path, unpaired=True)
        for path in list_images(source)
    ]


def find(
    source: Path, layout: str, unpaired: str | os.PathLike | None
) -> list[Candidate]:
    """Returns the candidates of a data set, and photos beside it.

    Args:
        source: Its folder.
        layout: A key of `LAYOUTS`.
        unpaired: A folder of photos without NIR; None for none.

    Raises:
        InputError: A folder is missing, or that of the photos has none.
    """
    candidates = LAYOUTS[layout](source)
    if not unpaired:
        return candidates
    others = photos(Path(unpaired))
    if not others:
        raise InputError(
            f"--unpaired={unpaired}: no image file in this folder; its folders "
            "are not searched"
        )
    return candidates + others


def _vcip_entry(path):
    return re.sub(r"(_nir|_rgb_reg|_rgb)$", "", image_name(path)), path


def _require_folders(source, *names):
    missing = [name for name in names if not (source / name).is_dir()]
    if not source.is_dir():
        raise InputError(
            f"{source}: no such folder; expected one with the folders "
            f"{' and '.join(names)}"
        )
    if missing:
        raise InputError(
            f"{source}: expected the folders {' and '.join(names)} in it; "
            f"missing: {', '.join(missing)}"
        )


def _optional_photos(source, name):
    return photos(source / name) if (source / name).is_dir() else []


def _join(nir, rgb):
    """Joins (name, path) lists; a name claimed twice yields two candidates."""
    files = defaultdict(lambda: ([], []))
    for side, entries in enumerate((nir, rgb)):
        for name, path in entries:
            files[name][side].append(path)
    candidates = []
    for name, (nirs, rgbs) in sorted(files.items()):
        for index in range(max(len(nirs), len(rgbs))):
            candidates.append(
                Candidate(
                    name,
                    nirs[min(index, len(nirs) - 1)] if nirs else None,
                    rgbs[min(index, len(rgbs) - 1)] if rgbs else None,
                )
            )
    return candidates
