"""Coinbase's public REST calls, asynchronous."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from contracts.instrument import Instrument
from contracts.units import US_PER_SECOND
from exchanges.coinbase import rest_messages
from exchanges.coinbase.instruments import parse_instruments
from exchanges.coinbase.rest_messages import Window
from exchanges.page import Cursor, Page
from exchanges.rest_client import RestClient
from exchanges.venue import BadRow

_ROOT = "/api/v3/brokerage"
#: What the venue returns at most; it answers more than 2,500 with an error.
LIMIT = 1_000
_FIRST_WINDOW_SECONDS = 60
_LONGEST_WINDOW_SECONDS = 3_600


def cursor_at(time_us: int) -> Cursor:
    """Return the whole second of a time: the venue pages by those.

    Examples
    --------
    >>> cursor_at(1_772_445_601_448_120)
    '1772445601'
    """
    return str(time_us // US_PER_SECOND)


class CoinbaseRest(RestClient[str]):
    """A client of the public REST calls; the venue allows ten a second."""

    venue = "Coinbase"
    address = "https://api.coinbase.com"
    calls_per_second = 5.0
    headers: ClassVar = {"Cache-Control": "no-cache"}  # public answers are a second old otherwise

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._windows_seconds: dict[str, int] = {}
        self._venue_time_s = 0

    async def venue_time_us(self) -> int:
        """Return the venue's time in microseconds, whole milliseconds."""
        return await self._ask(f"{_ROOT}/time", {}, rest_messages.parse_time_us)

    async def trades(self, pair: str, since: Cursor) -> Page:
        """Return the trades from second `since` on, of a stretch that is as long as the venue can list.

        The newest `LIMIT` trades of a stretch are all one gets, so a stretch with as many is asked again, shorter.
        """
        product = (await self.find_pairs([pair]))[pair]
        start = int(since)
        seconds = self._windows_seconds.get(pair, _FIRST_WINDOW_SECONDS)
        while True:
            end = await self._end(start, seconds)
            window = await self._window(pair, product, start, end)
            if window.rows < LIMIT or end - start <= 1:
                break
            seconds = max(1, (end - start) // 4)
        longer = min(2 * seconds, _LONGEST_WINDOW_SECONDS)
        self._windows_seconds[pair] = longer if window.rows < LIMIT // 4 else seconds
        return self._page(pair, window, start, end)

    async def _end(self, start: int, seconds: int) -> int:
        """Return where a stretch ends: after its `seconds`, or with the second after the present one."""
        if start + seconds > self._venue_time_s:
            self._venue_time_s = await self.venue_time_us() // US_PER_SECOND
        return max(start + 1, min(start + seconds, self._venue_time_s + 1))

    async def _window(self, pair: str, product: str, start: int, end: int) -> Window:
        arguments = {"limit": str(LIMIT), "start": str(start), "end": str(end)}
        path = f"{_ROOT}/market/products/{product}/ticker"
        return await self._ask(path, arguments, lambda text: rest_messages.parse_trades(text, pair))

    def _page(self, pair: str, window: Window, start: int, end: int) -> Page:
        bad_rows = window.bad_rows
        if window.rows >= LIMIT:
            reason = f"{LIMIT} trades or more from second {start} to {end}: the venue does not list the oldest"
            bad_rows = [*bad_rows, BadRow(f"{start}-{end}", reason, pair)]
        more = end <= self._venue_time_s
        newest_s = window.trades[-1].timestamp_us // US_PER_SECOND if window.trades else start
        # The last second is asked for again: it may not have been over, or not be part of the stretch.
        resume = end if more else max(start, newest_s)
        return Page(window.trades, bad_rows, str(resume), more)

    async def _listing(self) -> tuple[dict[str, str], Mapping[str, str]]:
        return await self._ask(f"{_ROOT}/market/products", {"product_type": "SPOT"}, rest_messages.parse_products)

    async def _instruments(self, pairs: list[str]) -> dict[str, Instrument]:
        return await self._ask(
            f"{_ROOT}/market/products", {"product_type": "SPOT"}, lambda text: parse_instruments(text, pairs)
        )
