"""The models that a model was made of: lineage.json.

What a model has learned from binds its weights, and these bind what is trained
from them on, averaged of them, or taught by them. The file lies in the workdir
of such a training, and beside a manifest that a model has colored.
"""

import dataclasses
import os
from collections.abc import Iterable
from pathlib import Path

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

    Raises:
        InputError: It has no card, or a malformed one.
    """
    card = cards.read_card(folder)
    data = card.get("training", {}).get("data") or ""
    return Ancestor(card["name"], card.get("terms") or "", data)


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
    return " ".join(dict.fromkeys(one.terms for one in models if one.terms))


def join_data(own: str, ancestors: Iterable[Ancestor]) -> str:
    """Returns what a model and those before it were trained on.

    Args:
        own: Of the model itself; '' where nobody said.
        ancestors: Those before it.
    """
    texts = [f"{one.name}: {one.data}" for one in ancestors if one.data]
    return "; ".join([own, *texts] if own else texts)
