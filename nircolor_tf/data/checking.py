"""Checks every file of a data set and reports all that is wrong at once."""

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from absl import logging
from tqdm import tqdm

from nircolor_tf import files
from nircolor_tf.data import example_images, manifest
from nircolor_tf.data.layouts import Candidate
from nircolor_tf.data.manifest import Example
from nircolor_tf.errors import InputError
from nircolor_tf.images import channels, image_files, ranges
from nircolor_tf.images.ranges import InputRange


@dataclasses.dataclass(frozen=True)
class Reading:
    """What the values of the files mean, as the flags say it.

    Attributes:
        nir_range: --range: auto, max, percentile or LOW,HIGH.
        rgb_range: --rgb_range: auto or LOW,HIGH; of the pairs. Photos without
            NIR are of other cameras: auto.
        channel: --channel, which channel of a NIR file is NIR.
        rgb_bands: --rgb_bands, of the pairs' color files: three numbers with
            commas, or '' for RGB images.
    """

    nir_range: str = "auto"
    rgb_range: str = "auto"
    channel: str = "gray"
    rgb_bands: str = ""

    def check(self) -> None:
        """Raises an InputError that names the flag that is wrong."""
        ranges.parse(self.nir_range)
        channels.parse(self.channel)
        try:
            known = self.rgb_range not in ("max", "percentile")
            ranges.parse(self.rgb_range)
        except InputError:
            known = False
        if not known:
            raise InputError(
                f"--rgb_range={self.rgb_range}: expected auto or LOW,HIGH, two "
                "integers with 0 <= LOW < HIGH <= 65535"
            )
        bands = self.rgb_bands.split(",") if self.rgb_bands else ["1"] * 3
        if len(bands) != 3 or not all(
            band.isascii() and band.isdecimal() and band[0] != "0"
            for band in bands
        ):
            raise InputError(
                f"--rgb_bands={self.rgb_bands}: expected the numbers of the "
                "red, the green and the blue band, from 1, with commas"
            )


# Share of the files that a few others must not darken without a word.
_NEARLY_ALL = 0.8

# What bin/prepare_data.py does without a flag.
AUTO = Reading()


@dataclasses.dataclass
class _File:
    """What is known of a file that is good.

    Attributes:
        path: The file.
        shape: Height and width, pixels.
        bits: 8 or 16, in which its values are stored.
        levels: The values that are black and white.
        sha256: Of its bytes.
        clipped: Share of its values above the white level, 0 to 1.
    """

    path: Path
    shape: tuple[int, int]
    bits: int
    levels: tuple[int, int]
    sha256: str
    clipped: float


def check(
    candidates: Sequence[Candidate], reading: Reading, protocol: str
) -> list[Example]:
    """Opens every file.

    'auto' is one decision for all NIR files of 16 bit, another for the pairs'
    color files and another for the photos': the smallest camera that holds
    all of them.

    Args:
        candidates: What a layout found.
        reading: What the files' values mean.
        protocol: One of `manifest.PROTOCOLS`.

    Returns:
        One example per candidate, in the same order; the pairs are 'unused'
        so far, without a scene or a shift.

    Raises:
        InputError: Something is wrong: a flag, no candidate, a file without
            partner, two files of one name, sizes that differ, a file that is
            empty or unreadable, RGB where NIR is expected or the reverse. The
            message has a line with file and reason for every problem.
    """
    reading.check()
    if not any(not candidate.unpaired for candidate in candidates):
        raise InputError("no NIR/RGB pair was found in the source folder")
    problems = _duplicates(candidates)
    opened = []
    for candidate in tqdm(candidates, desc="checking", unit="pair"):
        sides, problems_of_candidate = _open(candidate, reading)
        problems += problems_of_candidate
        opened.append(sides)
    _warn_of_clipped(opened)
    if problems:
        problems = list(dict.fromkeys(problems))
        raise InputError(
            f"{len(problems)} problems in the source folder, nothing was "
            "written:\n  " + "\n  ".join(problems)
        )
    if reading.nir_range == "auto":
        _share_levels([sides["nir"] for sides in opened if "nir" in sides])
    if reading.rgb_range == "auto":
        _share_levels([sides["rgb"] for sides in opened if "nir" in sides])
    _share_levels([sides["rgb"] for sides in opened if "nir" not in sides])
    return [
        _example(candidate, sides, reading, protocol)
        for candidate, sides in zip(candidates, opened, strict=True)
    ]


def _duplicates(candidates):
    """Names that two files have, and photos that are there twice."""
    paths = defaultdict(dict)
    uses = Counter(
        candidate.rgb for candidate in candidates if candidate.unpaired
    )
    for candidate in candidates:
        for side in ("nir", "rgb"):
            path = getattr(candidate, side)
            if path is not None:
                paths[candidate.name, side][path] = None
    twice = [
        f"{path}: found twice; the layout knows this folder already"
        for path, count in uses.items()
        if count > 1
    ]
    return twice + [
        f"{second}: the same name as {first}: {name}"
        for (name, _), (first, *others) in paths.items()
        for second in others
    ]


def _open(candidate, reading):
    """Returns ({side: _File}, problems of this candidate)."""
    problems, sides = [], {}
    for side in ("nir", "rgb"):
        path = getattr(candidate, side)
        if path is None:
            if side == "rgb" or not candidate.unpaired:
                other = candidate.rgb if side == "nir" else candidate.nir
                problems.append(f"{other}: no {side.upper()} partner")
            continue
        if problem := _name_problem(str(path)):
            problems.append(f"{path!a}: {problem}")
            continue
        try:
            sides[side] = _read(side, path, candidate.unpaired, reading)
        except InputError as error:
            problems.append(str(error))
    if len(sides) == 2 and sides["nir"].shape != sides["rgb"].shape:
        sizes = ["{1}x{0}".format(*file.shape) for file in sides.values()]
        problems.append(
            f"{candidate.nir}: {sizes[0]} px, but {candidate.rgb} has "
            f"{sizes[1]} px (width x height)"
        )
    return sides, problems


def _name_problem(path: str) -> str:
    """Says why a manifest cannot hold a path; '' if it can."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return "the name is not UTF-8"
    if manifest.has_control_character(path):
        return "the name has a line break or another control character"
    return ""


def _read(side: str, path: Path, unpaired: bool, reading: Reading) -> _File:
    bits = None
    if side == "nir":
        raster = image_files.read_raster(path)
        values = channels.parse(reading.channel).of(raster, str(path))
        choice, bits = reading.nir_range, raster.bits
    elif unpaired:
        values, choice = image_files.read_rgb(path), "auto"
    else:
        values = example_images.read_color(str(path), reading.rgb_bands)
        choice = reading.rgb_range
    levels = _levels(path, side, ranges.parse(choice), values, bits)
    return _File(
        path=path,
        shape=values.shape[:2],
        bits=8 * values.itemsize,
        levels=levels,
        sha256=files.sha256(path),
        clipped=ranges.clipped(values, levels[1]),
    )


def _levels(
    path: Path,
    side: str,
    input_range: InputRange,
    values: np.ndarray,
    bits: int | None,
) -> tuple[int, int]:
    try:
        return input_range.of(values, bits)
    except InputError as error:
        flag = "--range" if side == "nir" else "--rgb_range"
        raise InputError(
            f"{path}: {str(error).replace('--range', flag)}"
        ) from error


def _warn_of_clipped(opened: Sequence[dict[str, _File]]) -> None:
    """Names files that a range turns white in large parts."""
    white = [
        file
        for sides in opened
        for file in sides.values()
        if file.clipped > ranges.CLIPPED
    ]
    if white:
        logging.warning(
            "%d files have more than %.0f %% of their values above the white "
            "level, first %s: %.0f %% above %d; --range and --rgb_range say "
            "which level is white, auto finds it",
            *(len(white), 100 * ranges.CLIPPED, white[0].path),
            *(100 * white[0].clipped, white[0].levels[1]),
        )


def _share_levels(opened: Sequence[_File]) -> None:
    """Gives all files of 16 bit the levels of the one that needs most."""
    deep = [file for file in opened if file.bits == 16]
    widest = max((file.levels for file in deep), default=None)
    others = [file for file in deep if file.levels != widest]
    if len(others) > _NEARLY_ALL * len(deep):
        first = next(file for file in deep if file.levels == widest)
        logging.warning(
            "all files of 16 bit are read with values up to %d for %s, one of "
            "%d of %d that need them; the others need %d: a stuck pixel? "
            "--range and --rgb_range say otherwise",
            *(widest[1], first.path, len(deep) - len(others), len(deep)),
            max(file.levels for file in others)[1],
        )
    for file in deep:
        file.levels = widest


def _example(
    candidate: Candidate,
    sides: dict[str, _File],
    reading: Reading,
    protocol: str,
) -> Example:
    nir, rgb = sides.get("nir"), sides["rgb"]
    low, high = nir.levels if nir else (None, None)
    return Example(
        name=candidate.name,
        nir=str(candidate.nir or ""),
        rgb=str(candidate.rgb),
        height=rgb.shape[0],
        width=rgb.shape[1],
        bits=max(file.bits for file in sides.values()),
        split="unused" if nir else "unpaired",
        protocol=protocol,
        scene="",
        shift_x=0,
        shift_y=0,
        nir_sha256=nir.sha256 if nir else "",
        rgb_sha256=rgb.sha256,
        nir_channel=reading.channel if nir else "",
        nir_low=low,
        nir_high=high,
        rgb_bands=reading.rgb_bands if nir else "",
        rgb_low=rgb.levels[0],
        rgb_high=rgb.levels[1],
    )
