"""How every binary starts and fails."""

import os
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

from absl import app, flags, logging

from nircolor_tf.errors import NirColorError


class _Terminated(KeyboardInterrupt):
    """SIGTERM: systemd or `docker stop` wants the program to end."""


def run(main: Callable[..., None], takes: str = "") -> None:
    """Parses the flags, calls `main`, turns bad input into exit status 1.

    A wrong flag, a NirColorError, what the system refuses (OSError: no such
    file, no space left) and Ctrl-C are reported in one message without a
    traceback. SIGTERM does what Ctrl-C does, with exit status 143.

    Args:
        main: Reads absl flags and makes one library call. Arguments that are
            no flags are passed on.
        takes: What such arguments are; without it there may be none.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

    def guarded(argv):
        # TensorFlow reports every file that it saves.
        logging.set_verbosity(logging.WARNING)
        if len(argv) > 1 and not takes:
            raise app.UsageError(
                f"unexpected argument {argv[1]!r}; every option is a "
                "--flag=value, see --help"
            )
        signal.signal(signal.SIGTERM, _terminate)
        try:
            main(*argv[1:])
        except NirColorError as error:
            _fail(str(error))
        except OSError as error:
            _fail(_last_line(error))
        except _Terminated:
            # What a shell reports of a program that the signal ended.
            _fail("terminated", 128 + signal.SIGTERM)
        except KeyboardInterrupt:
            _fail("interrupted")

    app.run(guarded, flags_parser=_parse_flags)


def require(*names: str) -> None:
    """Makes string flags of the main module mandatory."""
    for name in names:
        flags.mark_flag_as_required(name)


def _terminate(number: int, frame: FrameType | None) -> NoReturn:
    # Left to itself, the signal would end the program without its cleanup.
    raise _Terminated


def _parse_flags(argv: list[str]) -> list[str]:
    """As absl does, but no traceback where ml_collections finds a mistake."""
    try:
        return flags.FLAGS(argv)
    except (flags.Error, OSError) as error:
        _fail(f"{_last_line(error)}\nSee --help for the flags.")
    except (KeyError, AttributeError) as error:
        # An override of a key that the config does not have. The first line
        # is the key, the second, if any, what may have been meant.
        while isinstance(error.args[0], Exception):
            error = error.args[0]
        _fail(f"--config has no key {'. '.join(error.args[0].splitlines())}")


def _last_line(error: Exception) -> str:
    """What went wrong: ml_collections puts a traceback or attempts before."""
    return str(error).splitlines()[-1].strip()


def _fail(message: str, status: int = 1) -> NoReturn:
    print(f"error: {message}", file=sys.stderr)
    sys.exit(status)
