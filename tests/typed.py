"""Command lines as a user types them, in processes that are forked.

TensorFlow is imported once for all of them, and started in each.
"""

import multiprocessing
import os
import runpy
import shlex
import sys
from pathlib import Path

_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["nircolor_tf.training.trainer"])


def run(line: str, folder: Path, output: Path) -> tuple[int, str, str]:
    """Runs a command to its end.

    Args:
        line: Without its folder, bin/.
        folder: To run it in, with a folder bin.
        output: An empty folder, for what it prints.

    Returns:
        The exit status, what it printed, and what it printed as errors.
    """
    files = [output / name for name in ("out", "errors")]
    process = _processes.Process(target=_run, args=(line, folder, files))
    process.start()
    process.join()
    return process.exitcode, *(file.read_text() for file in files)


def _run(line, folder, files):
    for stream, file in enumerate(files, start=1):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT), stream)
    os.chdir(folder)
    sys.argv = shlex.split(f"bin/{line}")
    runpy.run_path(sys.argv[0], run_name="__main__")
