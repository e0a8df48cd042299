"""The stream of executions as the gateway hears it: tokens in, events out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from loguru import logger

from exchanges.private.stream import PrivateStream, StreamEvent, StreamLost, StreamNews, StreamOpened
from gateway import metrics
from gateway.core.events import Event, StreamChanged, Told
from gateway.venue_calls import VenueCalls
from gateway.venue_clock import VenueClock

#: Between two questions for a token: each counts, and without one executions are asked for.
_TOKEN_SECONDS = 30.0


class Listening:
    """Gives the stream its tokens and makes events of what it says. Calls are made by who turns the gateway.

    Parameters
    ----------
    stream
        Of the venue, as it begins.
    calls
        Where tokens come from.
    clock
        The venue's time.
    """

    def __init__(self, stream: PrivateStream, calls: VenueCalls, clock: VenueClock) -> None:
        self._stream = stream
        self._calls = calls
        self._clock = clock
        self._asked_at: float | None = None

    def events(self) -> Iterator[Event]:
        """Ask for a token where one is needed; yield what was heard."""
        if self._stream.needs_token() and self._may_ask():
            self._asked_at = time.monotonic()
            token = self._calls.stream_token()
            if token is not None:
                self._asked_at = None
                self._stream.begin(token)
        for said in self._stream.read():
            yield self._event(said)

    def close(self) -> None:
        """Stop listening."""
        self._stream.close()

    def _may_ask(self) -> bool:
        return self._asked_at is None or time.monotonic() - self._asked_at >= _TOKEN_SECONDS

    def _event(self, said: StreamEvent) -> Event:
        now_ms = self._clock.now_ms()
        if isinstance(said, StreamNews):
            return Told(said.executions, said.changes, said.missed, now_ms)
        if isinstance(said, StreamLost):
            logger.warning("executions are asked for until they are told again: {}", said.reason)
        elif isinstance(said, StreamOpened):
            logger.info("the venue tells of executions")
        metrics.LISTENING.set(isinstance(said, StreamOpened))
        return StreamChanged(isinstance(said, StreamOpened), now_ms)


#: Makes the stream that a gateway listens to as long as it is at work; None: it only asks.
OpenStream = Callable[[], PrivateStream] | None
