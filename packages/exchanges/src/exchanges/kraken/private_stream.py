"""Kraken's channel ``executions``, listened to by a thread of its own."""

from __future__ import annotations

import json
from collections.abc import Callable

from exchanges.frames import Ignored
from exchanges.kraken.executions_channel import ExecutionsAnswer, executions_request, parse_executions
from exchanges.private.listener import Listener, NotSubscribedError
from exchanges.private.stream import StreamNews, StreamOpened
from exchanges.resilience import Backoff


class KrakenExecutions(Listener):
    """Implements `exchanges.private.stream.PrivateStream`.

    A frame that cannot be read, or a ``sequence`` that jumps, is news that something was missed. A connection
    on which nothing comes is dead: heartbeats come every second.

    Parameters
    ----------
    url
        Such as `exchanges.kraken.executions_channel.ADDRESS`.
    silence_seconds
        So long nothing may come.
    backoff
        How long is waited before a token is asked for again.
    heard
        Called by the thread when there is something to read.
    """

    def __init__(
        self,
        url: str,
        *,
        silence_seconds: float = 5.0,
        backoff: Backoff | None = None,
        heard: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(url, _Channel, silence_seconds=silence_seconds, backoff=backoff, heard=heard)


class _Channel:
    """Implements `exchanges.private.listener.Conversation`."""

    def __init__(self) -> None:
        self._last: int | None = None

    def opening(self, token: str) -> list[str]:
        return [json.dumps(executions_request(token, 1))]

    def hear(self, text: str | bytes) -> StreamOpened | StreamNews | None:
        said = parse_executions(text)
        if isinstance(said, Ignored):
            return None
        if isinstance(said, ExecutionsAnswer):
            if said.error is not None:
                raise NotSubscribedError(said.error)
            return StreamOpened()
        missed = self._last is not None and said.sequence != self._last + 1
        self._last = said.sequence
        return StreamNews(said.executions, said.changes, missed)

    def question(self) -> str | None:
        return None
