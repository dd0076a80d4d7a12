"""How every binary starts and fails."""

import ast
import contextlib
import importlib
import importlib.resources
import os
import re
import shlex
import signal
import sys
from types import FrameType, ModuleType
from typing import NoReturn

from absl import app, flags, logging

from nircolor_tf import startup_noise
from nircolor_tf.errors import InterruptionError, NirColorError

# An absolute path in an argument: alone, after `=`, or in a list with commas.
# The group is its last part: of --data=/home/me/manifest.csv the file name.
_ABSOLUTE_PATH = re.compile(r"(?:(?<=[=,])|^)/(?:[^,]*/)?([^,/]+)/?(?=,|$)")

# What absl says of a flag without a value that `require` names.
_MISSING = re.compile(r"flag --(\w+)=None: .* value other than None")

# What the installed command is called, and a command of the repository.
_INSTALLED = "nircolor "
_BINARY = re.compile(r"\bbin/(\w+)\.py\b")

# Module -> the extra of setup.cfg that installs it.
_EXTRAS = {
    **dict.fromkeys(
        ("keras", "matplotlib", "ml_collections", "scipy", "skimage"), "train"
    ),
    **dict.fromkeys(("tensorboard", "tensorflow"), "train"),
    "gradio": "demo",
    **dict.fromkeys(("pyarrow", "ray"), "ray"),
    "tensorflow_serving": "serving",
    "huggingface_hub": "hub",
    "keras_hub": "imagenet",
    **dict.fromkeys(("onnx", "onnxruntime", "tf2onnx"), "onnx"),
    **dict.fromkeys(("lpips", "torch", "torch_fidelity"), "perceptual"),
}


_HELP = {
    *("--help", "-h", "-help", "-?"),
    *("--helpshort", "--helpfull", "--helpxml"),
}

# On NVIDIA's GPUs float32 products have ten bits of mantissa, unless this is
# said: enough to train, and not to compare an export with what was trained.
_TRAININGS = ("train", "benchmark")

# `docker stop` and systemd want the program to end, or its terminal is gone.
_ENDS = (signal.SIGTERM, signal.SIGHUP)


class _Terminated(KeyboardInterrupt):
    """One of `_ENDS` came.

    Args:
        number: Of the signal.
    """

    def __init__(self, number: int):
        super().__init__()
        self.number = number


def run(name: str) -> None:
    """Runs a command: parses its flags, turns bad input into exit status 1.

    A wrong flag, a NirColorError, an OSError (no such file, no space left) and
    Ctrl-C are reported in one message without a traceback. SIGTERM and SIGHUP
    act as Ctrl-C, with exit status 143 and 129; nohup holds off the second.

    Args:
        name: Of a module in nircolor_tf.commands. Its import defines the
            flags, its docstring is the help, and its `main` reads the flags
            and calls the library. `TAKES` in it names the arguments that are
            no flags, which `main` gets; without it there may be none.
    """
    open_streams()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if name not in _TRAININGS:
        os.environ.setdefault("NVIDIA_TF32_OVERRIDE", "0")
    # The name of a file may be no text.
    sys.stdout.reconfigure(errors="backslashreplace")
    startup_noise.drop_at_import("tensorflow")
    try:
        command = importlib.import_module(f"nircolor_tf.commands.{name}")
    except ModuleNotFoundError as error:
        _fail_without(error, name)
    except KeyboardInterrupt:
        fail("interrupted")
    # absl takes help and flags from the module that was started.
    sys.modules["__main__"].__doc__ = as_typed(command.__doc__ or "")
    for flag in flags.FLAGS.get_key_flags_for_module(command):
        flags.FLAGS.register_key_flag_for_module(sys.argv[0], flag)
    app.run(
        lambda argv: _run_main(command, name, argv[1:]),
        flags_parser=lambda argv: _parse_flags(command, argv),
    )


def _run_main(command: ModuleType, name: str, arguments: list[str]) -> None:
    # TensorFlow reports every file that it saves.
    logging.set_verbosity(logging.WARNING)
    for number in _ENDS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _terminate)
    try:
        command.main(*arguments)
    except InterruptionError as error:
        print(as_typed(str(error)), file=sys.stderr)
        sys.stdout.flush()
        sys.stderr.flush()
        _remove_generated()
        # What a shell reports of a program that the signal ended; at once, as
        # TensorFlow may take a minute to end the threads of its data.
        os._exit(128 + error.signal)
    except NirColorError as error:
        fail(str(error))
    except OSError as error:
        fail(_last_line(error))
    except ModuleNotFoundError as error:
        _fail_without(error, name)
    except _Terminated as error:
        fail("terminated", 128 + error.number)
    except KeyboardInterrupt:
        fail("interrupted")


def require(*names: str) -> None:
    """Makes string flags of a command mandatory."""
    for name in names:
        flags.mark_flag_as_required(name)


def say(text: str) -> None:
    """Prints what a command did, and how to go on.

    A reader that has ended, as `head` does, is no failure of the command.
    """
    try:
        print(as_typed(text), flush=True)
    except BrokenPipeError:
        _drop_output()


def _drop_output() -> None:
    """Drops what is printed from now on; Python would fail of it at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def open_streams() -> None:
    """Opens what a daemon has closed of the three standard streams.

    A file of the command would get its number, and libraries that print would
    fail.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            mode = "r" if number == 0 else "w"
            # The lowest number that is free is this one.
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115


def as_typed(text: str) -> str:
    """Names the commands in a text as this program was started.

    Args:
        text: Names them as in the repository, bin/train.py.

    Returns:
        In the installed package, `nircolor train` in its place.
    """
    installed = sys.argv[0].startswith(_INSTALLED)
    return as_installed(text) if installed else text


def as_installed(text: str) -> str:
    """Names the commands in a text as the installed package has them."""
    return _BINARY.sub(rf"{_INSTALLED}\1", text)


def command_line() -> str:
    """Returns the command as the user can type it again, in one line.

    Commands record it in the files that they write. These may be published, so
    absolute paths, which name the folders of a machine, are reduced to their
    last part.
    """
    program, *arguments = sys.argv
    # `nircolor train` is bin/train.py.
    name = os.path.basename(program).removeprefix(_INSTALLED)
    words = [f"bin/{name.removesuffix('.py')}.py"]
    words += [_ABSOLUTE_PATH.sub(r"\1", argument) for argument in arguments]
    return shlex.join(words)


def _terminate(number: int, frame: FrameType | None) -> NoReturn:
    # Left to itself, the signal would end the program without its cleanup.
    raise _Terminated(number)


def _remove_generated() -> None:
    """Removes the source files that TensorFlow wrote of its functions."""
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None) or ""
        if os.path.basename(file).startswith("__autograph_generated_file"):
            with contextlib.suppress(OSError):
                os.unlink(file)


def _parse_flags(command: ModuleType, argv: list[str]) -> list[str]:
    """Parses as absl does; mistakes in --config get no traceback."""
    try:
        arguments = flags.FLAGS(argv)
    except BrokenPipeError:  # of --help
        _drop_output()
        sys.exit(0)
    except SystemExit:
        if _HELP & set(argv):  # absl's status of it is 1
            sys.exit(0)
        raise
    except (flags.Error, OSError) as error:
        # `colorize nir color`: what is there says more than what is missing.
        if flags.FLAGS.is_parsed() and not hasattr(command, "TAKES"):
            _refuse(_without_flags(argv[1:]))
        if missing := _MISSING.match(_last_line(error)):
            fail(f"--{missing[1]} is missing\nSee --help for the flags.")
        fail(f"{_last_line(error)}{_hint()}\nSee --help for the flags.")
    except (KeyError, AttributeError) as error:
        # An override of a key that the config does not have. The first line
        # is the key, the second, if any, a key of a similar name.
        while isinstance(error.args[0], Exception):
            error = error.args[0]
        fail(f"--config has no key {'. '.join(error.args[0].splitlines())}")
    if not hasattr(command, "TAKES"):
        _refuse(arguments[1:])
    return arguments


def _hint() -> str:
    """Says how a training gets another config, where it has one already."""
    workdir = "workdir" in flags.FLAGS and flags.FLAGS["workdir"].value
    if "config" not in flags.FLAGS or not workdir:
        return ""
    if not os.path.isfile(os.path.join(workdir, "config.json")):
        return ""
    from nircolor_tf.inference import models

    return (
        "; a training that is resumed keeps its config. Another one goes on "
        "from its weights: --config=FILE.py --workdir=NEW "
        f"--start_from={models.quoted(workdir)}"
    )


def _refuse(arguments: list[str]) -> None:
    if arguments:
        example = next(
            (name for name in ("input", "workdir") if name in flags.FLAGS),
            "flag",
        )
        fail(
            f"unexpected argument {arguments[0]!r}; every option is a "
            f"--flag=value, as --{example}={arguments[0]}, see --help"
        )


def _without_flags(words: list[str]) -> list[str]:
    """Returns what is neither a flag nor the value of one."""
    arguments, pending = [], iter(words)
    for word in pending:
        if not word.startswith("-"):
            arguments.append(word)
            continue
        name = word.lstrip("-")
        if name in flags.FLAGS and not flags.FLAGS[name].boolean:
            next(pending, None)
    return arguments


def docstring(name: str) -> str:
    """Returns the help of a command without an import of its module."""
    folder = importlib.resources.files("nircolor_tf.commands")
    source = (folder / f"{name}.py").read_text(encoding="utf-8")
    return ast.get_docstring(ast.parse(source)) or ""


def _fail_without(error: ModuleNotFoundError, name: str) -> NoReturn:
    """Names the extra of a package that is not installed, after the help."""
    extra = _EXTRAS.get((error.name or "").partition(".")[0])
    if extra is None:
        raise error
    if _HELP & set(sys.argv):
        say(docstring(name))
        say(f"\nThe flags are listed where the extra [{extra}] is installed.")
    fail(
        f"{name} needs {error.name}, which is not installed: "
        f"pip install 'nircolor-tf[{extra}]'"
    )


def _last_line(error: Exception) -> str:
    """Returns the reason; ml_collections puts a traceback before it."""
    lines = str(error).splitlines() or [type(error).__name__]
    return lines[-1].strip()


def fail(message: str, status: int = 1) -> NoReturn:
    """Ends the program with a message."""
    print(f"error: {as_typed(message)}", file=sys.stderr)
    sys.exit(status)
