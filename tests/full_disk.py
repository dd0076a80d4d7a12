"""What a full disk does to a writer, without one."""

import contextlib
import errno
import os
import resource


@contextlib.contextmanager
def files_limited(count):
    """No file can grow beyond `count` bytes: the system refuses, as a quota.

    Python ignores the signal that comes with it. Print nothing meanwhile: what
    takes the output may be a file.
    """
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (count, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def no_space():
    """The error of a disk that is full."""
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
