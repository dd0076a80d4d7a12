"""`nircolor COMMAND --flag=value`: the commands of bin/, installed."""

import importlib.resources
import sys

import nircolor_tf
from nircolor_tf.commands import cli

# The demo of bin/demo.py needs the repository; installed, the page is it.
_ALIASES = {"demo": "web"}

# Modules of this folder that are no commands, and that demo.
_OTHERS = ("__init__", "cli", "demo", "main")


def commands() -> dict[str, str]:
    """Returns each command with the first line of its help."""
    folder = importlib.resources.files("nircolor_tf.commands")
    names = {
        file.name.removesuffix(".py")
        for file in folder.iterdir()
        if file.name.endswith(".py")
    }
    return {
        name: cli.as_installed(cli.docstring(name)).partition("\n")[0]
        for name in sorted(names.difference(_OTHERS))
    }


def main() -> None:
    """Runs the command that the first argument names."""
    cli.open_streams()
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    name = _ALIASES.get(name, name)
    if name == "--version":
        cli.say(f"nircolor {nircolor_tf.__version__}")
    elif name in ("", "help", "-h", "--help"):
        cli.say(_help())
    elif name in commands():
        sys.argv = [f"nircolor {name}", *sys.argv[2:]]
        cli.run(name)
    else:
        cli.fail(f"{name}: no such command; expected one of\n\n{_listing()}")


def _help() -> str:
    return (
        "Turns near-infrared images into color.\n\n"
        "usage: nircolor COMMAND --flag=value ...\n"
        "       nircolor COMMAND --help\n"
        "       nircolor --version\n\n" + _listing() + "\n\n"
        "nircolor demo is nircolor web."
    )


def _listing() -> str:
    return "\n".join(
        f"  {name:<16} {summary}" for name, summary in commands().items()
    )
