"""What a dialect must be able to say on a socket."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol

from exchanges.simulator.market import Market
from exchanges.simulator.venue import Venue


class Line(Protocol):
    """The connection a dialect speaks on."""

    @property
    def subscribed(self) -> Mapping[str, int]:
        """Return the pairs that stream, and how many of their trades were seen to."""

    def subscribe(self, pair: str) -> int:
        """Stream `pair` from now on; return how many trades came before."""

    def unsubscribe(self, pair: str) -> None:
        """Stream `pair` no more."""

    async def flush(self, now_us: int) -> None:
        """Send every trade up to `now_us`."""

    async def send_trades(self, pair: str, indices: range | list[int], *, snapshot: bool = False) -> None:
        """Send these trades of a pair."""

    async def send(self, text: str) -> None:
        """Send a frame."""


class Dialect(ABC):
    """One venue's protocol on one connection.

    Parameters
    ----------
    venue
        The market, the clock and the settings.
    line
        Where to send.
    """

    path: ClassVar[str]
    not_json: ClassVar[str]
    trades_per_frame: ClassVar[int] = 200

    def __init__(self, venue: Venue, line: Line) -> None:
        self._venue = venue
        self._line = line

    async def greet(self) -> None:  # noqa: B027 - most venues say nothing first
        """Say what the venue says on connecting."""

    @property
    def in_use(self) -> bool:
        """Say whether the client has subscribed to anything; a connection without is closed after a while."""
        return bool(self._line.subscribed)

    @abstractmethod
    async def answer(self, data: str | bytes) -> None:
        """Answer a message of the client."""

    @abstractmethod
    async def too_fast(self) -> None:
        """Answer a message beyond the rate limit."""

    async def beat(self, quiet_seconds: float) -> None:  # noqa: B027 - not every venue does
        """Send a heartbeat if one is due; nothing was sent for `quiet_seconds`. Called every batch."""

    @abstractmethod
    def trades(
        self, market: Market, indices: Sequence[int], snapshot: bool, negative: set[int] | frozenset[int]
    ) -> str:
        """Return one frame with these trades, those in `negative` with a negative price."""


def json_object(data: str | bytes) -> dict[str, Any]:
    """Return the request a client sent; an empty one for what is none."""
    try:
        request = json.loads(data)
    except ValueError:
        return {}
    return request if isinstance(request, dict) else {}
