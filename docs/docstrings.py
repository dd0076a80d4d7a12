"""Docstrings of modules as Markdown, for mkdocstrings.

Their lists and examples are indented under a line of text, with no blank line
between: Markdown would run them together.
"""

import re
from typing import Any

import griffe

_BLOCK = re.compile(r"^(\S.*\n)(?= {4}\S)", re.MULTILINE)


class Blocks(griffe.Extension):
    """Puts a blank line before what is indented, which makes it a block."""

    def on_module(self, *, mod: griffe.Module, **_: Any) -> None:
        """Changes the docstring of a module."""
        if mod.docstring is not None:
            mod.docstring.value = _BLOCK.sub(r"\1\n", mod.docstring.value)
