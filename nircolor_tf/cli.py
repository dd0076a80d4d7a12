"""How every binary starts and fails."""

import os
import sys
from collections.abc import Callable

from absl import app, flags

from nircolor_tf.errors import NirColorError


def run(main: Callable[[], None]) -> None:
    """Parses the flags, calls `main()`, turns NirColorError into exit status 1.

    A wrong flag exits with status 1 too, after absl's own message.

    Args:
        main: Reads absl flags and makes one library call.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

    def guarded(argv):
        if len(argv) > 1:
            raise app.UsageError(
                f"unexpected argument {argv[1]!r}; every option is a "
                "--flag=value, see --help"
            )
        try:
            main()
        except NirColorError as error:
            print(f"error: {error}", file=sys.stderr)
            sys.exit(1)

    app.run(guarded)


def require(*names: str) -> None:
    """Makes string flags of the main module mandatory."""
    for name in names:
        flags.mark_flag_as_required(name)
