"""Copies the sound of one video to another, with the program ffmpeg."""

import shutil
import subprocess
from pathlib import Path


def add_sound(
    silent: Path, source: Path, seconds: float | None
) -> tuple[Path, str]:
    """Adds the sound of the source, unchanged.

    Args:
        silent: The video without sound.
        source: The video with the sound.
        seconds: Length of `silent` where it was cut; None for all of it.

    Returns:
        The file with sound, or `silent` where there is none; and a note on
        the sound.
    """
    program = shutil.which("ffmpeg")
    if program is None:
        return silent, "without sound, which ffmpeg copies where installed"
    target = silent.with_stem("sound")
    inputs = ["-i", f"file:{silent}", "-i", f"file:{source}"]
    streams = ["-map", "0:v", "-map", "1:a", "-c", "copy"]
    length = ["-t", str(seconds)] if seconds else []
    run = subprocess.run(
        [
            *(program, "-nostdin", "-loglevel", "error", *inputs),
            *(*streams, *length, f"file:{target}"),
        ],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if run.returncode == 0:
        return target, "sound copied"
    if "matches no streams" in run.stderr:
        return silent, "the input has no sound"
    reason = (run.stderr.strip().splitlines() or ["no reason given"])[0]
    return silent, f"without sound, which ffmpeg could not copy: {reason}"
