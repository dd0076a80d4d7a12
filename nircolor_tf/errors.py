"""Errors that a user can mend; binaries print them without a traceback."""


class NirColorError(Exception):
    """Base of what binaries report in one message, with exit status 1."""


class InputError(NirColorError, ValueError):
    """Bad input.

    The message names the file or flag, the value found and what was expected.
    """


class DiskFullError(InputError):
    """What is written does not fit on the disk, or into a quota.

    The message names the file, and says how much is missing where that can be
    known. What stood there stays.
    """


class NonFiniteLossError(NirColorError):
    """A loss is NaN or infinite; the message names the step and the term."""


class ExportError(NirColorError):
    """A written file does not hold or compute what the method does."""


class InterruptionError(NirColorError):
    """A signal ended the program early, and nothing is lost.

    Args:
        message: Says how to go on.
        signal: The number of the signal.
    """

    def __init__(self, message: str, signal: int):
        super().__init__(message)
        self.signal = signal
