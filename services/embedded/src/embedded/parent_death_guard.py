"""Start a command that dies with its parent: ``python parent_death_guard.py PARENT_PID COMMAND...``.

Run as a file, without site packages, so it costs a few milliseconds. It asks Linux to kill this process when the
supervisor dies (`PR_SET_PDEATHSIG` survives the exec that follows), then becomes the command. Doing this between
fork and exec of a process with threads could hang it, which is why it is a step of its own.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Tie this process to its parent and become the command."""
    parent_pid, command = int(arguments[0]), arguments[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent_pid:  # the parent died before the line above: nobody would tell us
            sys.exit(1)
    os.execv(command[0], command)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main(sys.argv[1:])
