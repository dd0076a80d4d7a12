"""Markdown of the results page: tables, wrapped text, command lines."""

import shlex
import textwrap
from collections.abc import Iterable, Sequence

_WIDTH = 80


def table(heading: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """Returns a table of a heading and of lines of as many cells."""
    rows = [heading, ["---"] * len(heading), *lines]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "/") for cell in row) + " |"
        for row in rows
    )


def paragraph(text: str) -> str:
    """Returns a text in lines of up to 80 characters."""
    return textwrap.fill(text, _WIDTH, break_long_words=False)


def item(text: str) -> str:
    """Returns an item of a list, in lines of up to 80 characters."""
    return textwrap.fill(
        f"- {text}", _WIDTH, subsequent_indent="  ", break_long_words=False
    )


def code(commands: Iterable[str]) -> str:
    """Returns a block of shell commands, in lines of up to 80 characters.

    Args:
        commands: One line each, quoted for a shell. Only a word that is longer
            gets a longer line.
    """
    return "\n".join(["```", *map(_wrap, commands), "```"])


def _wrap(command: str) -> str:
    lines = [""]
    for word in map(shlex.quote, shlex.split(command)):
        # Behind it comes a space and a backslash.
        if lines[-1] and len(f"{lines[-1]} {word} \\") > _WIDTH:
            lines.append("   ")
        lines[-1] = f"{lines[-1]} {word}" if lines[-1] else word
    return " \\\n".join(lines)
