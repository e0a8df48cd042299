"""What waits to be written: a thread talks to the log, so that the event loop never waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from trades import metrics


class Outbox:
    """Does work for the log in order, one piece after the other, on a thread of its own.

    A broker that is slow or away makes work wait here and nowhere else: whoever puts work in asks `is_full`, or waits
    for `room`. After the first failure nothing more is done: a checkpoint must not speak of a frame that was lost.

    Parameters
    ----------
    limit
        How many trades may wait.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._thread = ThreadPoolExecutor(1, "outbox")
        self._moved = asyncio.Event()
        self._broken = False
        self.waiting = 0
        self.failure: BaseException | None = None

    def put(self, *work: Callable[[], None], trades: int = 1) -> None:
        """Have `work` done, one after the other, after all that was put in before."""
        self.waiting += trades
        metrics.WAITING.set(self.waiting)
        future = asyncio.get_running_loop().run_in_executor(self._thread, self._do, work)
        future.add_done_callback(lambda done: self._done(done, trades))

    @property
    def is_full(self) -> bool:
        """Whether more waits than should."""
        return self.waiting > self._limit

    async def room(self) -> None:
        """Return when it is not full."""
        await self._until(lambda: not self.is_full)

    async def emptied(self) -> None:
        """Return when everything that was put in is done."""
        await self._until(lambda: not self.waiting)

    async def broken(self) -> None:
        """Never return; raise what broke it."""
        await self._until(lambda: False)

    async def close(self) -> None:
        """Do what is left, then end the thread.

        Raises
        ------
        EmbeddedLogError, KafkaException
            What broke it, as by `room` and `emptied`.
        """
        try:
            await self.emptied()
        finally:
            self._thread.shutdown(wait=False, cancel_futures=True)

    async def _until(self, condition: Callable[[], bool]) -> None:
        while self.failure is None and not condition():
            self._moved.clear()
            await self._moved.wait()
        if self.failure is not None:
            raise self.failure

    def _do(self, work: tuple[Callable[[], None], ...]) -> None:
        if self._broken:
            return
        try:
            for each in work:
                each()
        except BaseException:
            self._broken = True
            raise

    def _done(self, future: asyncio.Future[None], trades: int) -> None:
        self.waiting -= trades
        metrics.WAITING.set(self.waiting)
        if not future.cancelled() and (error := future.exception()) is not None:
            self.failure = self.failure or error
        self._moved.set()
