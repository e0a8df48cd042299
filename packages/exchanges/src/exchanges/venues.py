"""The venues: what each one is, and how to talk to it; whoever wants trades starts here."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from contracts.clock import Clock
from contracts.errors import BadInputError
from exchanges.binance import protocol as binance_protocol
from exchanges.binance import rest as binance_rest
from exchanges.coinbase import protocol as coinbase_protocol
from exchanges.coinbase import rest as coinbase_rest
from exchanges.feed import VenueFeed
from exchanges.kraken import protocol as kraken_protocol
from exchanges.kraken import rest as kraken_rest
from exchanges.page import Cursor
from exchanges.protocol import VenueProtocol
from exchanges.resilience import Backoff
from exchanges.rest_client import VenueRest
from exchanges.session import SessionState
from exchanges.sink import FeedSink


class _MakeRest(Protocol):
    def __call__(
        self, url: str, *, requests_per_second: float, give_up_seconds: float
    ) -> AbstractAsyncContextManager[VenueRest]: ...


@dataclass(frozen=True, slots=True)
class Venue:
    """One venue.

    Parameters
    ----------
    name
        As settings and messages write it.
    consecutive_ids
        Whether trade ids of a pair have no holes, so that a hole means lost data.
    rest_url, websocket_url
        Where it is.
    requests_per_second
        REST calls it allows with room to spare.
    cursor_at
        The REST paging position that includes every trade of a time in microseconds and later.
    make_rest, make_protocol
        Its REST client, and its frames for one feed.
    """

    name: str
    consecutive_ids: bool
    rest_url: str
    websocket_url: str
    requests_per_second: float
    cursor_at: Callable[[int], Cursor]
    make_rest: _MakeRest
    make_protocol: Callable[[], VenueProtocol]

    def open_rest(
        self,
        url: str | None = None,
        requests_per_second: float | None = None,
        give_up_seconds: float = 300.0,
    ) -> AbstractAsyncContextManager[VenueRest]:
        """Return the REST client, to be used with ``async with``.

        Parameters
        ----------
        url
            In place of the venue's own address.
        requests_per_second
            In place of the venue's own limit.
        give_up_seconds
            How long a request is repeated while the venue does not answer.

        Returns
        -------
        AbstractAsyncContextManager[VenueRest]
            What closes the connection at its end.
        """
        return self.make_rest(
            url or self.rest_url,
            requests_per_second=requests_per_second or self.requests_per_second,
            give_up_seconds=give_up_seconds,
        )

    def open_feed(
        self,
        rest: VenueRest,
        state: SessionState,
        sink: FeedSink,
        *,
        url: str | None = None,
        ping_interval_seconds: float = 1.0,
        silence_seconds: float = 5.0,
        backoff: Backoff | None = None,
        outage_seconds: float | None = None,
        clock: Clock | None = None,
    ) -> VenueFeed:
        """Return the live feed of the pairs in `state`; `run` it.

        Parameters
        ----------
        rest
            For the trades that the websocket does not bring.
        state
            Where each pair stands; changed as trades come.
        sink
            Takes what the feed says.
        url
            In place of the venue's own address.
        ping_interval_seconds, silence_seconds
            How often the venue is asked for its time, and how long it may be silent.
        backoff
            How long to wait between attempts to connect.
        outage_seconds
            How long the feed may be dead before it says so; None for ever.
        clock
            The wall clock, for waiting.

        Returns
        -------
        VenueFeed
            Not connected yet.
        """
        return VenueFeed(
            rest,
            self.make_protocol(),
            self.cursor_at,
            state,
            sink,
            url=url or self.websocket_url,
            ping_interval_seconds=ping_interval_seconds,
            silence_seconds=silence_seconds,
            backoff=backoff,
            outage_seconds=outage_seconds,
            clock=clock,
        )


VENUES: dict[str, Venue] = {
    v.name: v
    for v in (
        Venue(
            name="kraken",
            consecutive_ids=True,
            rest_url=kraken_rest.REST_URL,
            websocket_url=kraken_protocol.WEBSOCKET_URL,
            requests_per_second=1.0,
            cursor_at=kraken_rest.cursor_at,
            make_rest=kraken_rest.KrakenRest,
            make_protocol=kraken_protocol.KrakenProtocol,
        ),
        Venue(
            name="coinbase",
            consecutive_ids=True,
            rest_url=coinbase_rest.REST_URL,
            websocket_url=coinbase_protocol.WEBSOCKET_URL,
            requests_per_second=5.0,
            cursor_at=coinbase_rest.cursor_at,
            make_rest=coinbase_rest.CoinbaseRest,
            make_protocol=coinbase_protocol.CoinbaseProtocol,
        ),
        Venue(
            name="binance",
            consecutive_ids=True,
            rest_url=binance_rest.REST_URL,
            websocket_url=binance_protocol.WEBSOCKET_URL,
            requests_per_second=3.0,
            cursor_at=binance_rest.cursor_at,
            make_rest=binance_rest.BinanceRest,
            make_protocol=binance_protocol.BinanceProtocol,
        ),
    )
}


def venue(name: str) -> Venue:
    """Return the venue called `name`.

    Returns
    -------
    Venue
        With its addresses and parsers.

    Raises
    ------
    BadInputError
        If there is none; it names those there are.
    """
    if name not in VENUES:
        raise BadInputError("exchange", f"one of {', '.join(sorted(VENUES))}", name)
    return VENUES[name]
