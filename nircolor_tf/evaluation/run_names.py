"""How a run is named on the command line: [LABEL=]FOLDER[:PATH].

The folder is an export, a workdir of bin/train.py, or holds images that other
software made. Shipped models are known by their names, those of the
Hugging Face Hub as hf://OWNER/NAME[@REVISION]. PATH is an inference
path of a model. LABEL is the run's name in the tables.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from nircolor_tf.errors import InputError
from nircolor_tf.inference import hub, models


@dataclasses.dataclass(frozen=True)
class RunName:
    """The parts of [LABEL=]FOLDER[:PATH].

    Attributes:
        label: Name in the tables.
        folder: Export, workdir, or folder of images.
        path: Inference path; None for the first.
    """

    label: str
    folder: Path
    path: str | None


def parse_names(texts: Sequence[str]) -> list[RunName]:
    """Splits the names of runs into their parts.

    The label of a run without one is the last part of its folder, with its
    path. Where two runs would then have one label, each keeps its whole text.

    Args:
        texts: Of the command line, one per run.

    Raises:
        InputError: Two runs are the same or have the same label, or a label
            is no UTF-8, as the reports are.
    """
    names = [_parse_name(text) for text in texts]
    labels = [name.label for name in names]
    names = [
        name
        if labels.count(name.label) == 1 or _split_label(text)[0]
        else dataclasses.replace(name, label=text)
        for name, text in zip(names, texts, strict=True)
    ]
    for name in names:
        _check_text(name.label)
        if [other.label for other in names].count(name.label) > 1:
            raise InputError(f"the run {name.label!r} is named twice")
    return names


def _check_text(label: str) -> None:
    try:
        label.encode()
    except UnicodeEncodeError as error:
        raise InputError(
            f"the run {label!r}: its name is no UTF-8; give it a label, "
            "LABEL=FOLDER"
        ) from error


def _parse_name(text: str) -> RunName:
    label, place = _split_label(text)
    # The colon of hf:// starts no path.
    scheme = hub.PREFIX if place.startswith(hub.PREFIX) else ""
    folder, colon, path = place.removeprefix(scheme).rpartition(":")
    folder = scheme + folder
    # Of runs/a:b, b is a path unless there is a folder of that name.
    if not colon or Path(place).is_dir():
        folder, path = place, None
    if not label:
        label = Path(folder).resolve().name + (f":{path}" if path else "")
    return RunName(label, models.locate(folder), path)


def _split_label(text: str) -> tuple[str, str]:
    """Returns the label, empty for none, and the text behind it."""
    # runs/rate=1 is no run 1 with the label runs/rate if the folder exists.
    for place in (text, text.rpartition(":")[0]):
        if place and Path(place).is_dir():
            return "", text
    label, equals, place = text.partition("=")
    return (label, place) if equals else ("", text)
