"""Models from the Hugging Face Hub: hf://OWNER/NAME[@REVISION].

huggingface_hub (the extra [hub]) fetches an export once and keeps it in its
cache; its environment variables hold: HF_HOME, HF_TOKEN, HF_HUB_OFFLINE=1 for
the cache alone, HF_ENDPOINT for a hub of one's own. REVISION is a branch, a tag
or a commit; without one it is the branch `main`.

Reference: https://huggingface.co/docs/huggingface_hub/guides/download
"""

import re
import types
from pathlib import Path

from absl import logging

from nircolor_tf.errors import InputError
from nircolor_tf.inference import cards, digests

PREFIX = "hf://"
PATTERNS = (cards.CARD_FILE, *digests.PATTERNS)

_NAME = re.compile(r"hf://([\w.-]+/[\w.-]+)(?:@([^\s@]+))?")


def fetch(model: str) -> Path:
    """Returns the folder of an export, after it was fetched and checked.

    Args:
        model: hf://OWNER/NAME[@REVISION].

    Raises:
        InputError: The name is malformed, there is no such repository or
            revision, no network and nothing in the cache, or a file is
            damaged.
    """
    match = _NAME.fullmatch(model)
    if match is None:
        raise InputError(f"{model}: expected hf://OWNER/NAME[@REVISION]")
    folder = Path(_download(model, match[1], match[2]))
    if not (folder / cards.CARD_FILE).is_file():
        raise InputError(
            f"{model}: has no card.json; expected an export of bin/export.py, "
            "as bin/push.py uploads it"
        )
    card = cards.read_card(folder)
    if digests.KEY not in card:
        logging.warning(
            "%s: its card has no SHA-256 of its files; they are used as they "
            "came",
            model,
        )
        return folder
    try:
        digests.check(folder, card)
    except InputError as error:
        raise InputError(
            f"{model}: {error}. To fetch it again, delete {folder.parents[1]}"
        ) from error
    return folder


def load_package(purpose: str) -> types.ModuleType:
    """Imports huggingface_hub.

    Args:
        purpose: What needs it, for the error.

    Raises:
        InputError: It is not installed.
    """
    try:
        import huggingface_hub  # noqa: PLC0415 - of an extra
    except ModuleNotFoundError as error:
        raise InputError(
            f"{purpose} needs {error.name}, which is not installed: "
            "pip install 'nircolor-tf[hub]'"
        ) from error
    return huggingface_hub


def _download(model: str, repository: str, revision: str | None) -> str:
    package = load_package(model)
    from huggingface_hub import errors  # noqa: PLC0415 - of an extra

    try:
        return package.snapshot_download(
            repository,
            revision=revision,
            allow_patterns=list(PATTERNS),
            library_name="nircolor",
        )
    except errors.RepositoryNotFoundError as error:
        reason = (
            "no such repository, or a private one; `hf auth login`, or "
            "HF_TOKEN, opens yours"
        )
        raise InputError(f"{model}: {reason}") from error
    except errors.RevisionNotFoundError as error:
        raise InputError(
            f"{model}: the repository has no revision {revision!r}"
        ) from error
    except errors.LocalEntryNotFoundError as error:
        raise InputError(
            f"{model}: the hub cannot be reached, or HF_HUB_OFFLINE is set, "
            "and the model is not in the cache. Fetch it once where there is "
            "a network"
        ) from error
    except Exception as error:  # of the network, the disk, the name, a server
        reason = " ".join(str(error).split())
        raise InputError(
            f"{model}: cannot be fetched: {type(error).__name__}: {reason}"
        ) from error
