"""One training at a time in a workdir.

The lock is the operating system's, on an open file: it ends with the process,
however that ends. On Linux it holds on network file systems, too.
"""

import contextlib
import datetime
import errno
import fcntl
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from absl import logging

from nircolor_tf import files
from nircolor_tf.errors import InputError

FILE = "lock"

# Of file systems that have no locks.
_UNSUPPORTED = (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS)


@contextlib.contextmanager
def locked(workdir: str | os.PathLike) -> Iterator[None]:
    """Holds a workdir for this process.

    The file `lock` stays there and says who had it last. Where a file system
    has no locks a warning says so.

    Args:
        workdir: Is made if it does not exist.

    Raises:
        InputError: Another process holds it; the message says which.
    """
    path = Path(workdir, FILE)
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            holder = file.read().strip() or "by a process that is starting"
            raise InputError(
                f"{workdir}: a training runs there already, {holder}; wait for "
                "its end, stop it, or choose another --workdir"
            ) from error
        except OSError as error:
            if error.errno not in _UNSUPPORTED:
                raise
            logging.warning(
                "%s: this file system has no locks; no second training may "
                "run there",
                workdir,
            )
        now = datetime.datetime.now().astimezone().isoformat(" ", "seconds")
        file.truncate(0)
        file.write(
            f"process {os.getpid()} on {socket.gethostname()}, since {now}\n"
        )
        file.flush()
        # Nobody else writes here now: what was killed left these.
        for folder in (path.parent, *path.parent.glob("*/")):
            files.remove_temporaries(folder)
        yield
