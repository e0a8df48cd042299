"""A process that has work and does none: it is asked where it stands, killed and started again like any other."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from loguru import logger

from embedded.process import ManagedProcess, ProcessSpec

#: Longer than anything between two steps of a service takes: a write waits thirty seconds for another's.
PATIENCE_S = 180.0
_LOOK_EVERY_S = 5.0


class StallWatch:
    """What a liveness probe is in a cluster, by what a process has done instead of by what it says.

    Parameters
    ----------
    processes
        Asks for those that are looked after.
    has_work
        Whether a process that runs has something to do.
    progress_of
        How far it has come, another value for every step; None: nobody can say, so it is left alone.
    patience_s
        For how long it may take no step.
    monotonic
        The clock for it.
    """

    def __init__(
        self,
        processes: Callable[[], Iterable[ManagedProcess]],
        has_work: Callable[[ManagedProcess], bool],
        progress_of: Callable[[ProcessSpec], object],
        patience_s: float = PATIENCE_S,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._processes = processes
        self._has_work = has_work
        self._progress_of = progress_of
        self._patience_s = patience_s
        self._monotonic = monotonic
        self._looked_at_s = float("-inf")
        self._seen: dict[str, tuple[object, float]] = {}

    def look(self) -> None:
        """Look at all of them now and then, and kill what has stood still for too long."""
        now_s = self._monotonic()
        if now_s - self._looked_at_s < _LOOK_EVERY_S:
            return
        self._looked_at_s = now_s
        for process in self._processes():
            self._look_at(process, now_s)

    def _look_at(self, process: ManagedProcess, now_s: float) -> None:
        name = process.spec.name
        progress = self._progress_of(process.spec)
        if progress is None or not process.running or not self._has_work(process):
            self._seen.pop(name, None)
            return
        now = (process.pid, progress)
        before, since_s = self._seen.get(name, (None, now_s))
        if before != now:
            self._seen[name] = now, now_s
            return
        if now_s - since_s < self._patience_s:
            return
        del self._seen[name]
        logger.warning(
            "{} (pid {}) has work and has done none for {:.0f} s: it is killed; where it stood is in {}",
            name,
            process.pid,
            now_s - since_s,
            process.log_path,
        )
        process.tell_stacks()
        process.kill()
