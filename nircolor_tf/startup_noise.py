"""Lines of TensorFlow and LiteRT at their start, which tell a user nothing.

They come from C++ before anything can be set, past `sys.stderr`, and
TF_CPP_MIN_LOG_LEVEL does not reach them: that no GPU is there, that sums may be
rounded otherwise, and that LiteRT has its fast kernels.
"""

import contextlib
import importlib.abc
import importlib.util
import os
import re
import sys
import tempfile
import threading
import types
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from typing import BinaryIO

_NOISE = re.compile(
    rb"(WARNING: All log messages before absl::InitializeLog"
    rb"|I\d{4} .* cudart_stub\.cc"
    rb"|I\d{4} .* port\.cc:\d+\] oneDNN custom operations are on"
    rb"|INFO: Created TensorFlow Lite XNNPACK delegate).*(\n|$)"
)

# The standard error of the whole process is one.
_LOCK = threading.RLock()


@contextlib.contextmanager
def dropped() -> Iterator[None]:
    """Drops these lines from the standard error of the process.

    All others come out when the block ends, also by an exception. With
    TF_CPP_MIN_LOG_LEVEL=0 nothing is dropped or held back: where the process
    dies in the block, what it said is lost otherwise.
    """
    # A daemon may have closed it.
    if sys.stderr is None or os.environ.get("TF_CPP_MIN_LOG_LEVEL") == "0":
        yield
        return
    with _LOCK, _open_buffer() as lines:
        sys.stderr.flush()
        error = os.dup(2)
        os.dup2(lines.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(error, 2)
            lines.seek(0)
            for line in lines:
                if not _NOISE.match(line):
                    os.write(error, line)
            os.close(error)


def _open_buffer() -> BinaryIO:
    # A full disk, or one that cannot be written, is no reason to stop.
    if hasattr(os, "memfd_create"):
        return open(os.memfd_create("stderr"), "w+b")
    return tempfile.TemporaryFile()


def drop_at_import(name: str) -> None:
    """Drops these lines when a module is imported for the first time."""
    sys.meta_path.insert(0, _Finder(name))


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, name: str):
        self._name = name

    def find_spec(
        self, fullname: str, path: object, target: object = None
    ) -> ModuleSpec | None:
        """Finds the module as it is found without this, once."""
        if fullname != self._name:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            _drop_in(spec.loader)
        return spec


def _drop_in(loader: importlib.abc.Loader) -> None:
    execute = loader.exec_module

    def exec_module(module: types.ModuleType) -> None:
        with dropped():
            execute(module)

    loader.exec_module = exec_module
