"""The wish that the process end, said by a signal."""

from __future__ import annotations

import os
import select

from gateway.bell import Bell


class Stop:
    """Whether the end was asked for. A signal's handler may ask at any moment.

    A `threading.Event` may not be set there: where the main thread holds its lock as the signal comes, it waits for
    itself, for ever.
    """

    def __init__(self) -> None:
        self._asked = False
        self._hearing, self._told = os.pipe()

    def ask(self) -> None:
        """Ask for the end; who waits goes on at once."""
        if not self._asked:
            self._asked = True
            os.write(self._told, b"!")

    def __del__(self) -> None:
        os.close(self._hearing)
        os.close(self._told)

    def is_asked(self) -> bool:
        """Return whether it was asked for."""
        return self._asked

    def wait(self, seconds: float, bell: Bell | None = None) -> bool:
        """Wait until it is asked for or `bell` rings, at most so long; return whether it was asked for."""
        if not self._asked:
            select.select([self._hearing, *([] if bell is None else [bell.fileno()])], [], [], seconds)
        return self._asked
