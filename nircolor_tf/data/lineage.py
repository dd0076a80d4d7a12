"""The models that a model was made of: lineage.json.

What a model has learned from binds its weights, and these bind what is trained
from them on, averaged of them, or taught by them. The file lies in the workdir
of such a training, and beside a manifest that a model has colored.
"""

import dataclasses
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from nircolor_tf import files
from nircolor_tf.errors import InputError
from nircolor_tf.inference import cards

FILE = "lineage.json"


@dataclasses.dataclass(frozen=True)
class Ancestor:
    """A model whose weights, or whose colors, a training began with.

    Attributes:
        name: Of the model.
        terms: Under which it may be used; '' where nobody said.
        data: What it was trained on, for people; likewise.
    """

    name: str
    terms: str
    data: str


def of_export(folder: str | os.PathLike) -> Ancestor:
    """Returns an export as an ancestor; its card speaks for its own, too.

    One of an older version may name the terms of a start in its record alone.

    Raises:
        InputError: It has no card, or a malformed one.
    """
    card = cards.read_card(folder)
    training = card.get("training", {})
    name, data = card["name"], training.get("data") or ""
    own = Ancestor(name, card.get("terms") or "", data)
    terms = join_terms([own, *of_start(training.get("started_from"))])
    return Ancestor(name, terms, data)


def of_start(record: Mapping[str, Any] | None) -> list[Ancestor]:
    """Returns a model that a training started from, and those before it.

    Args:
        record: As `training/warm_start.py` writes it; None for none.
    """
    ancestors = []
    while record:
        data = record.get("config", {}).get("data", {})
        ancestors.append(
            Ancestor(
                record.get("name", ""),
                data.get("terms", ""),
                data.get("description", ""),
            )
        )
        record = record.get("started_from")
    return ancestors


def read(folder: str | os.PathLike) -> list[Ancestor]:
    """Reads the ancestors of what is in a folder; empty where it has none.

    Raises:
        InputError: The file is malformed.
    """
    path = Path(folder, FILE)
    try:
        return [Ancestor(**entry) for entry in files.read_json(path)]
    except FileNotFoundError:
        return []
    except TypeError as error:
        raise InputError(
            f"{path}: {error}; expected a list of objects with name, terms "
            "and data"
        ) from error


def add(folder: str | os.PathLike, ancestors: Iterable[Ancestor]) -> None:
    """Adds ancestors to those of a folder, each once.

    Raises:
        InputError: The file there is malformed, or cannot be written.
    """
    every = dict.fromkeys([*read(folder), *ancestors])
    if every:
        entries = [dataclasses.asdict(ancestor) for ancestor in every]
        files.write_json(Path(folder, FILE), entries)


def join_terms(models: Iterable[Ancestor]) -> str:
    """Returns the terms of all, each once."""
    return " ".join(_apart(one.terms for one in models))


def join_data(own: str, ancestors: Iterable[Ancestor]) -> str:
    """Returns what a model and those before it were trained on.

    Args:
        own: Of the model itself; '' where nobody said.
        ancestors: Those before it.
    """
    named = {one.data: f"{one.name}: {one.data}" for one in ancestors}
    texts = _apart([own, *named])
    return "; ".join(text if text == own else named[text] for text in texts)


def _apart(texts: Iterable[str]) -> list[str]:
    """Returns the texts that are no part of another one, each once."""
    every = list(dict.fromkeys(filter(None, texts)))
    return [
        text
        for text in every
        if not any(text != other and text in other for other in every)
    ]
