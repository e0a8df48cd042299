"""The thread that writes what a producer without an application has buffered."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class BackgroundWriter:
    """Calls `write` a moment after it was woken; the thread starts with the first call to `wake`.

    Parameters
    ----------
    linger_seconds
        The moment: messages that come meanwhile are written together.
    """

    def __init__(self, write: Callable[[], None], linger_seconds: float) -> None:
        self._write = write
        self._linger_seconds = linger_seconds
        self._woken = threading.Event()
        self._stopped = False
        self._thread: threading.Thread | None = None

    def wake(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="embedded-producer", daemon=True)
            self._thread.start()
        self._woken.set()

    def stop(self) -> None:
        """End the thread, and return when it has."""
        self._stopped = True
        self._woken.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while True:
            self._woken.wait()
            self._woken.clear()
            time.sleep(self._linger_seconds)
            if self._stopped:
                return
            self._write()
