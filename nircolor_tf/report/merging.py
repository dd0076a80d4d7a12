"""Evaluations of the same images, measured one after the other, as one."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from nircolor_tf.errors import InputError
from nircolor_tf.evaluation import origins, per_image, summaries

# Metrics of the results page; every row has all of them.
METRICS = (
    "std/psnr",
    "std/ssim",
    "std/ae",
    "hkbu/psnr",
    "hkbu/ssim",
    "hkbu/ae",
)


def read_evaluations(folders: Sequence[str]) -> dict[str, Any]:
    """Reads evaluations of the same images as one.

    Args:
        folders: That bin/evaluate.py wrote, at least one.

    Returns:
        'data' as summary.json has it; 'runs', by name; 'images' and 'scenes'
        as `per_image.read` returns them, of `METRICS`; and 'commands',
        {folder: the command that measured it, or None}.

    Raises:
        InputError: They are not of the same images, or two have different
            runs of one name.
    """
    runs, images, scenes, commands = {}, {}, {}, {}
    data = summaries.read(folders[0])["data"]
    for folder in folders:
        summary = summaries.read(folder)
        commands[folder] = summary.get("command")
        # A manifest of the same images may have another name.
        if summary["data"] | {"manifest": data["manifest"]} != data:
            raise InputError(
                f"{folder} measured {describe(summary['data'])}, and "
                f"{folders[0]} {describe(data)}: not to be put into one table"
            )
        for run in summary["runs"]:
            first = runs.setdefault(run["name"], run)
            if not _agree(first, run):
                raise InputError(
                    f"{folder}: the run {run['name']!r} is in another "
                    "evaluation, too, with other numbers"
                )
        values, scenes_of_folder = per_image.read(folder, METRICS)
        images = values | images
        scenes |= scenes_of_folder
        if len(scenes) > data["images"]:
            raise InputError(
                f"{folder} measured other images than {folders[0]}: "
                f"{len(scenes)} names in place of {data['images']}; not to be "
                "put into one table"
            )
    return {
        "data": data,
        "runs": runs,
        "images": images,
        "scenes": scenes,
        "commands": commands,
    }


def describe(data: Mapping[str, Any]) -> str:
    """Describes the images of an evaluation, from its summary's 'data'."""
    return (
        f"{data['protocol']}, split {data['split']}: {data['images']} images "
        f"of {data['scenes']} scenes"
    )


def _agree(first: Mapping[str, Any], second: Mapping[str, Any]) -> bool:
    """Whether two runs of a name are one, measured twice."""
    return origins.agree(first["about"], second["about"]) and all(
        math.isclose(float(mean), float(second["mean"][key]), abs_tol=1e-3)
        for key, mean in first["mean"].items()
        if key in METRICS and key in second["mean"]
    )
