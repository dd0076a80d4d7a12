"""The files of each visitor, deleted when the visitor leaves."""

import contextlib
import shutil
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path


class Sessions:
    """A folder for each visitor, and the uploads that are theirs.

    Args:
        root: Where the folders and the uploads are. Names of folders cannot
            be guessed.
    """

    def __init__(self, root: Path):
        self._root = root
        self._folders: dict[str, Path] = {}
        self._uploads: dict[str, set[Path]] = {}

    def folder(self, session: str) -> Path:
        """Returns the folder of a session, which is created first."""
        folder = self._folders.get(session)
        if folder is None or not folder.exists():
            folder = Path(tempfile.mkdtemp(dir=self._root))
            self._folders[session] = folder
        return folder

    def add_uploads(self, session: str, uploads: Iterable[str]) -> None:
        """Notes uploads to be deleted with the session."""
        self._uploads.setdefault(session, set()).update(map(Path, uploads))

    def delete(self, session: str) -> None:
        """Deletes the files of a session; an unknown one has none."""
        uploads = self._uploads.pop(session, set())
        # Equal files of two visitors are stored once.
        for path in uploads.difference(*self._uploads.values()):
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
        folder = self._folders.pop(session, None)
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)

    def sweep(self, age: float) -> None:
        """Deletes what was not written to for so long, of whomever it is.

        Args:
            age: In seconds.
        """
        for path in self._root.iterdir():
            # Others delete at the same time.
            with contextlib.suppress(FileNotFoundError):
                times = [
                    part.stat().st_mtime for part in (path, *path.rglob("*"))
                ]
                if time.time() - max(times) > age:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
