"""Coinbase's channel ``user``, listened to by a thread of its own."""

from __future__ import annotations

from collections.abc import Callable

from exchanges.coinbase.user_channel import UserError, parse_user, requests
from exchanges.private.listener import Listener, NotSubscribedError
from exchanges.private.stream import StreamNews, StreamOpened
from exchanges.resilience import Backoff


class CoinbaseOrders(Listener):
    """Implements `exchanges.private.stream.PrivateStream`.

    It tells of orders and of no execution. A message that cannot be read, or a ``sequence_num`` that jumps, is news
    that something was missed. A connection on which nothing comes is dead: heartbeats come every second.

    Parameters
    ----------
    url
        Such as `exchanges.coinbase.user_channel.ADDRESS`.
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
        self._listens = False

    def opening(self, token: str) -> list[str]:
        return requests(token)

    def hear(self, text: str | bytes) -> StreamOpened | StreamNews | None:
        said = parse_user(text)
        if isinstance(said, UserError):
            raise NotSubscribedError(said.text)
        missed = self._last is not None and said.sequence != self._last + 1
        self._last = said.sequence
        if said.listens and not self._listens:
            self._listens = True
            return StreamOpened()  # what was missed before is asked for in any case
        return StreamNews(changes=said.changes, missed=missed) if said.changes or missed else None

    def question(self) -> str | None:
        return None
