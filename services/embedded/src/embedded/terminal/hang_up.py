"""After the terminal has gone: whatever is still printed goes nowhere instead of failing."""

from __future__ import annotations

import contextlib
import os
import stat
import sys


def leave_terminal() -> None:
    """Point standard output and error to nowhere where they led to a terminal that has gone."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # closed, or without a file behind it
            place = stream.fileno()
            # One that has gone is still a device, but no terminal any more.
            if stat.S_ISCHR(os.fstat(place).st_mode) and not os.isatty(place):
                os.dup2(nowhere, place)
    os.close(nowhere)
