"""The venues: what each one is, and how to talk to it; whoever wants trades starts here."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from contracts.clock import Clock
from contracts.errors import BadInputError
from contracts.nearest import did_you_mean
from exchanges.binance import rest as binance_rest
from exchanges.binance.protocol import BinanceProtocol
from exchanges.coinbase import rest as coinbase_rest
from exchanges.coinbase.protocol import CoinbaseProtocol
from exchanges.feed import VenueFeed
from exchanges.kraken import rest as kraken_rest
from exchanges.kraken.protocol import KrakenProtocol
from exchanges.page import Cursor
from exchanges.protocol import VenueProtocol
from exchanges.resilience import Backoff
from exchanges.rest_client import RestClient, VenueRest
from exchanges.session import SessionState
from exchanges.sink import FeedSink


@dataclass(frozen=True, slots=True)
class Venue:
    """One venue.

    Parameters
    ----------
    name
        As settings and messages write it.
    consecutive_ids
        Whether trade ids of a pair have no holes, so that a hole means lost data.
    cursor_at
        The REST paging position that includes every trade of a time in microseconds and later.
    rest, protocol
        Its REST client, and its frames for one feed; each says where it is.
    """

    name: str
    consecutive_ids: bool
    cursor_at: Callable[[int], Cursor]
    rest: type[RestClient[Any]]
    protocol: type[VenueProtocol]

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
        return self.rest(url, requests_per_second=requests_per_second, give_up_seconds=give_up_seconds)

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
        protocol = self.protocol()
        return VenueFeed(
            rest,
            protocol,
            self.cursor_at,
            state,
            sink,
            url=url or protocol.address,
            ping_interval_seconds=ping_interval_seconds,
            silence_seconds=silence_seconds,
            backoff=backoff,
            outage_seconds=outage_seconds,
            clock=clock,
        )


VENUES: dict[str, Venue] = {
    v.name: v
    for v in (
        Venue("kraken", True, kraken_rest.cursor_at, kraken_rest.KrakenRest, KrakenProtocol),
        Venue("coinbase", True, coinbase_rest.cursor_at, coinbase_rest.CoinbaseRest, CoinbaseProtocol),
        Venue("binance", True, binance_rest.cursor_at, binance_rest.BinanceRest, BinanceProtocol),
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
        raise unknown_venue(name)
    return VENUES[name]


def unknown_venue(name: str, field: str = "exchange") -> BadInputError:
    """Return the complaint about a venue that there is none of.

    Returns
    -------
    BadInputError
        It names those there are.
    """
    return BadInputError(field, f"one of {', '.join(sorted(VENUES))}{did_you_mean(name, VENUES)}", name)
