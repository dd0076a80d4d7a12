"""Command lines as a user types them, in processes that are forked."""

import os
import runpy
import shlex
import sys
from multiprocessing.process import BaseProcess
from pathlib import Path

import forked


def run(line: str, folder: Path, output: Path) -> tuple[int, str, str]:
    """Runs a command to its end.

    Args:
        line: Without its folder, bin/.
        folder: To run it in, with a folder bin.
        output: An empty folder, for what it prints.

    Returns:
        The exit status, what it printed, and what it printed as errors.
    """
    process = start(line, folder, output)
    process.join()
    return process.exitcode, *(file.read_text() for file in _files(output))


def start(line: str, folder: Path, output: Path) -> BaseProcess:
    """Starts a command; the arguments are those of `run`."""
    return forked.start(_run, line, folder, _files(output))


def _files(output):
    return [output / name for name in ("out", "errors")]


def _run(line, folder, files):
    for stream, file in enumerate(files, start=1):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT), stream)
    os.chdir(folder)
    sys.argv = shlex.split(f"bin/{line}")
    runpy.run_path(sys.argv[0], run_name="__main__")
