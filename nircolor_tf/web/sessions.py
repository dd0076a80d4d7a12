"""The files of each visitor, deleted when the visitor leaves."""

import contextlib
import shutil
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from absl import logging


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

    @contextlib.contextmanager
    def run(self, session: str) -> Iterator[Path]:
        """Gives a run the folder of its session.

        A run writes on after its session was deleted. What it has written then
        is deleted at its end.

        Args:
            session: Of the visitor.

        Yields:
            The folder.
        """
        folder = self.folder(session)
        try:
            yield folder
        finally:
            if self._folders.get(session) != folder:
                shutil.rmtree(folder, ignore_errors=True)

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
            with contextlib.suppress(OSError):
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
            # Others write and delete at the same time. What stays is tried
            # again by the next sweep.
            with contextlib.suppress(OSError):
                times = [
                    part.stat().st_mtime for part in (path, *path.rglob("*"))
                ]
                if time.time() - max(times) <= age:
                    continue
                if path.is_dir():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink()

    def keep_sweeping(
        self, age: float, interval: float, ended: threading.Event
    ) -> None:
        """Sweeps until an event, whatever goes wrong once.

        Args:
            age: As for `sweep`, in seconds.
            interval: From one sweep to the next, in seconds.
            ended: Ends it.
        """
        while not ended.wait(interval):
            try:
                self.sweep(age)
            except Exception:
                logging.exception("error while deleting old files")
