"""Kraken's public REST calls, asynchronous."""

from __future__ import annotations

from collections.abc import Mapping

from contracts.instrument import Instrument
from exchanges.kraken import rest_messages
from exchanges.kraken.instruments import parse_instruments
from exchanges.kraken.pairs import PairNames, other_names
from exchanges.kraken.rest_messages import PAGE_ROWS
from exchanges.page import Cursor, Page
from exchanges.rest_client import RestClient

_NS_PER_US = 1_000


def cursor_at(time_us: int) -> Cursor:
    """Return the `since` that includes every trade of `time_us` and later.

    Kraken's `since` is exclusive and counts nanoseconds; our times are cut to microseconds, and REST's may be one
    too high, so the cursor is a microsecond earlier and what comes twice is dropped by id.

    Examples
    --------
    >>> cursor_at(1_772_445_601_448_120)
    '1772445601448118999'
    """
    return str(max(0, (time_us - 1) * _NS_PER_US - 1))


class KrakenRest(RestClient[PairNames]):
    """A client of the public REST calls; Kraken says one a second is safe."""

    venue = "Kraken"
    address = "https://api.kraken.com"
    calls_per_second = 1.0

    async def venue_time_us(self) -> int:
        """Return the venue's time, whole seconds, in microseconds."""
        return await self._ask("/0/public/Time", {}, rest_messages.parse_time_us)

    async def trades(self, pair: str, since: Cursor) -> Page:
        """Return the oldest trades after the cursor `since`, at most `PAGE_ROWS`."""
        names = (await self.find_pairs([pair]))[pair]
        arguments = {"pair": names.altname, "since": since, "count": str(PAGE_ROWS)}
        return await self._ask(
            "/0/public/Trades", arguments, lambda text: rest_messages.parse_trades(text, pair, int(since))
        )

    async def _listing(self) -> tuple[dict[str, PairNames], Mapping[str, str]]:
        listed = await self._ask("/0/public/AssetPairs", {}, rest_messages.parse_asset_pairs)
        return listed, other_names(listed)

    async def _instruments(self, pairs: list[str]) -> dict[str, Instrument]:
        return await self._ask("/0/public/AssetPairs", {}, lambda text: parse_instruments(text, pairs))
