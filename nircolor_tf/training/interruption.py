"""What ends a training early: Ctrl-C, SIGTERM, a scheduler, a lost terminal.

A first signal is only noted, so that the step can be finished and saved. A
second one acts as it would have without this module.
"""

import contextlib
import os
import shlex
import signal
import threading
from collections.abc import Callable, Iterator, Sequence

from nircolor_tf.errors import InterruptionError

# Slurm and Kubernetes send SIGTERM before they kill; Slurm's --signal=USR1@60
# sends SIGUSR1 that many seconds ahead. SIGHUP comes when ssh is cut off.
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGHUP)


class Interruption:
    """Whether a signal came.

    Attributes:
        signal: The one that was received; None so far.
    """

    def __init__(self):
        self.signal: signal.Signals | None = None

    def __bool__(self) -> bool:
        return self.signal is not None

    def is_agreed(self, gather: Callable[[int], Sequence[int]]) -> bool:
        """Returns whether a signal came to this process or another one.

        Every process gets the same answer; the signal is noted in all.

        Args:
            gather: Tells the processes that share the training a number of
                each: a method of `cluster.Agreement`.
        """
        number = max(gather(self.signal or 0))
        if number:
            self.signal = signal.Signals(number)
        return bool(number)

    def error(
        self, step: int, end: int, workdir: str | os.PathLike
    ) -> InterruptionError:
        """Says what ended a training, and how it goes on.

        Args:
            step: The last one, which is saved.
            end: Steps of the whole training.
            workdir: Of the training.
        """
        folder = shlex.quote(str(workdir))
        return InterruptionError(
            f"stopped by {self.signal.name} after step {step} of {end}; all "
            f"is saved\n  go on:    bin/train.py --workdir={folder}",
            self.signal,
        )

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """Notes the first signal instead of what it would do.

        Only the main thread receives signals; in another nothing changes.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.getsignal(number) for number in SIGNALS}
        if before[signal.SIGHUP] is signal.SIG_IGN:  # nohup
            del before[signal.SIGHUP]

        def restore():
            for number, handler in before.items():
                signal.signal(number, handler)

        def note(number, frame):
            del frame
            self.signal = signal.Signals(number)
            restore()

        for number in before:
            signal.signal(number, note)
        try:
            yield
        finally:
            restore()
