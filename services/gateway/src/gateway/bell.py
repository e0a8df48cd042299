"""A bell that one thread rings and another waits for."""

from __future__ import annotations

import os
from contextlib import suppress


class Bell:
    """Rung any number of times it is heard once; what is rung while nobody waits is heard by the next who does."""

    def __init__(self) -> None:
        self._hearing, self._rings = os.pipe()
        os.set_blocking(self._hearing, False)
        os.set_blocking(self._rings, False)

    def __del__(self) -> None:
        os.close(self._hearing)
        os.close(self._rings)

    def fileno(self) -> int:
        """Return what `select` waits for."""
        return self._hearing

    def ring(self) -> None:
        """Let who waits go on; of no use, and no harm, where it rings already for the 65,536th time."""
        with suppress(BlockingIOError):
            os.write(self._rings, b"!")

    def silence(self) -> None:
        """Forget what was rung so far."""
        with suppress(BlockingIOError):
            while os.read(self._hearing, 4_096):
                pass
