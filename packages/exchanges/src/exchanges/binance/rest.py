"""Binance's public REST calls, asynchronous."""

from __future__ import annotations

from collections.abc import Mapping

from contracts.errors import BadInputError
from contracts.instrument import Instrument
from contracts.units import US_PER_MS
from exchanges.binance import rest_messages
from exchanges.binance.instruments import parse_instruments
from exchanges.binance.rest_messages import PAGE_ROWS
from exchanges.page import Cursor, Page
from exchanges.rest_client import RestClient


def cursor_at(time_us: int) -> Cursor:
    """Return the paging position that includes every trade of a time and later.

    A page is asked for by trade id; the id of a time is looked up first.

    Examples
    --------
    >>> cursor_at(1_772_445_601_448_120)
    'ms:1772445601448'
    """
    return f"ms:{time_us // US_PER_MS}"


class BinanceRest(RestClient[str]):
    """A client of the public REST calls.

    A page of old trades costs 25 of the 6,000 a minute that an address has: four a second.
    """

    venue = "Binance"
    address = "https://api.binance.com"
    calls_per_second = 3.0

    async def venue_time_us(self) -> int:
        """Return the venue's time in microseconds, whole milliseconds; cheap, so it waits for no turn."""
        return await self._ask("/api/v3/time", {}, rest_messages.parse_time_us, spaced=False)

    async def trades(self, pair: str, since: Cursor) -> Page:
        """Return the oldest trades from the cursor `since` on, at most `PAGE_ROWS`."""
        symbol = (await self.find_pairs([pair]))[pair]
        kind, _, number = since.partition(":")
        if kind not in ("ms", "id") or not (number.isascii() and number.isdigit()):
            raise BadInputError("cursor", "'ms:' or 'id:' and a whole number", since)
        first: int | None = int(number)
        if kind == "ms":
            first = await self._first_id(symbol, number)
        if first is None:
            return Page([], [], since, more=False)
        arguments = {"symbol": symbol, "fromId": str(first), "limit": str(PAGE_ROWS)}
        return await self._ask(
            "/api/v3/historicalTrades", arguments, lambda text: rest_messages.parse_trades(text, pair, first)
        )

    async def _first_id(self, symbol: str, from_ms: str) -> int | None:
        arguments = {"symbol": symbol, "startTime": from_ms, "limit": "1"}
        return await self._ask("/api/v3/aggTrades", arguments, rest_messages.parse_first_id)

    async def _listing(self) -> tuple[dict[str, str], Mapping[str, str]]:
        return await self._ask("/api/v3/exchangeInfo", {}, rest_messages.parse_symbols)

    async def _instruments(self, pairs: list[str]) -> dict[str, Instrument]:
        return await self._ask("/api/v3/exchangeInfo", {}, lambda text: parse_instruments(text, pairs))
