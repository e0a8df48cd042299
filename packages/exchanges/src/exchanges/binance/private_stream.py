"""Binance's user data stream, listened to by a thread of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from exchanges.binance.user_stream_messages import (
    OrderNews,
    StreamAnswer,
    StreamEnd,
    parse_user_event,
    ping,
    subscription,
)
from exchanges.private.listener import Listener, NotSubscribedError
from exchanges.private.stream import StreamNews, StreamOpened
from exchanges.resilience import Backoff


class BinanceUserStream(Listener):
    """Implements `exchanges.private.stream.PrivateStream`.

    Parameters
    ----------
    url
        Such as `exchanges.binance.user_stream_messages.ADDRESS`.
    names
        Pairs by symbol, of those that are listened to.
    silence_seconds
        After so long a quiet connection is asked whether it is there, and after so long again it is not.
    backoff
        How long is waited before a token is asked for again.
    heard
        Called by the thread when there is something to read.
    """

    def __init__(
        self,
        url: str,
        names: Mapping[str, str],
        *,
        silence_seconds: float = 5.0,
        backoff: Backoff | None = None,
        heard: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(url, lambda: _Events(names), silence_seconds=silence_seconds, backoff=backoff, heard=heard)


class _Events:
    """Implements `exchanges.private.listener.Conversation`."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names

    def opening(self, token: str) -> list[str]:
        return [subscription(token)]

    def hear(self, text: str | bytes) -> StreamOpened | StreamNews | None:
        said = parse_user_event(text, self._names)
        if isinstance(said, StreamEnd):
            raise NotSubscribedError(said.event)
        if isinstance(said, StreamAnswer):
            if said.error is not None:
                raise NotSubscribedError(said.error)
            return StreamOpened()
        if isinstance(said, OrderNews):
            return StreamNews(() if said.execution is None else (said.execution,), (said.change,))
        return None

    def question(self) -> str | None:
        return ping()
