"""Uploads an export to the Hugging Face Hub, with a model card in its format.

The repository gets the files of the export, card.json with their SHA-256, and
README.md (`hub_card.py`), in one commit; what an earlier export left there is
deleted. `--model=hf://OWNER/NAME` then names it everywhere.
"""

import os
import re
import shutil
import tempfile
from pathlib import Path

from nircolor_tf import files
from nircolor_tf.errors import InputError
from nircolor_tf.export import hub_card
from nircolor_tf.inference import cards, digests, hub


def push(
    model: str | os.PathLike,
    repository: str,
    license_name: str,
    private: bool,
) -> str:
    """Uploads an export.

    Args:
        model: The export folder.
        repository: OWNER/NAME; made if it does not exist.
        license_name: As the hub names licenses; 'other' for the terms in the
            card.
        private: Whether a new repository is.

    Returns:
        The address of the commit.

    Raises:
        InputError: The name is none, the export is damaged, or the hub refuses
            it.
    """
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", repository, re.ASCII):
        raise InputError(
            f"--repo={repository}: expected OWNER/NAME, of letters, digits, "
            "'-', '_' and '.'"
        )
    package = hub.load_package("pushing")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        _copy(Path(model), folder)
        text = hub_card.write(cards.read_card(folder), repository, license_name)
        (folder / "README.md").write_text(text, encoding="utf-8")
        try:
            api = package.HfApi(library_name="nircolor")
            api.create_repo(repository, private=private, exist_ok=True)
            commit = api.upload_folder(
                repo_id=repository,
                folder_path=folder,
                commit_message=f"nircolor push of {Path(model).name}",
                delete_patterns=list(hub.PATTERNS),
            )
        except Exception as error:  # of the network, the name, the token
            reason = " ".join(str(error).split())
            raise InputError(
                f"{repository}: cannot be pushed to: {type(error).__name__}: "
                f"{reason}. Pushing needs a token that may write: `hf auth "
                "login`, or HF_TOKEN"
            ) from error
    return str(commit.commit_url)


def _copy(source: Path, folder: Path) -> None:
    """Copies an export, and nothing else that lies in its folder."""
    card = cards.read_card(source)
    for name in digests.of(source):
        copy = folder / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, copy)
    if digests.KEY in card:
        digests.check(folder, card)
    else:
        card[digests.KEY] = digests.of(folder)
    files.write_json(folder / cards.CARD_FILE, card)
