"""Where a process stands, asked from outside: SIGUSR1 writes the stack of each of its threads to stderr."""

from __future__ import annotations

import faulthandler
import signal
import sys

#: What is sent to a process to be told where it stands. It goes on afterwards.
STACKS_SIGNAL = signal.SIGUSR1


def write_stacks_on_signal() -> None:
    """Have `STACKS_SIGNAL` write the stacks of all threads to stderr, even where no Python code gets a turn."""
    try:
        faulthandler.register(STACKS_SIGNAL, file=sys.stderr, all_threads=True)
    except (OSError, ValueError):  # stderr is no file: a notebook's, or a test's
        return
