"""A venue's past trades, page by page, for one pair."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from contracts.trade_ids import not_above
from exchanges.absurd_times import without_absurd_times
from exchanges.rest_client import VenueRest
from exchanges.restarted_ids import split_restarted
from exchanges.venue import BadRow, Trade
from exchanges.venues import Venue
from history.core.stretches import Stretch

#: Venues give trades by id; one may be this much older than another before it.
DISORDER_US = 60_000_000


@dataclass(frozen=True)
class Past:
    """Trades of a page that are within a stretch, what could not be used, and how far that is.

    Attributes
    ----------
    reached_us
        Every trade of the stretch before it has come.
    """

    trades: list[Trade]
    bad_rows: list[BadRow]
    reached_us: int


async def pages(
    rest: VenueRest, market: Venue, pair: str, stretch: Stretch, venue_time_us: int
) -> AsyncIterator[Past]:
    """Yield a pair's trades of a stretch of time.

    Parameters
    ----------
    rest, market
        The venue.
    pair
        Which it lists.
    stretch
        Up to `venue_time_us` at most.
    venue_time_us
        The venue's time when it was asked before this.

    Yields
    ------
    Past
        The last one has reached the stretch's end.

    Raises
    ------
    VenueError
        As `VenueRest`.
    """
    cursor, newest_us, last_id = market.cursor_at(stretch.from_us), 0, None
    while True:
        page = await rest.trades(pair, cursor)
        believed, absurd = without_absurd_times(pair, page.trades, venue_time_us)
        wanted, again = split_restarted(believed, last_id, newest_us)
        lost = [] if again is None else [BadRow(repr(t), not_above(again.last_id), pair) for t in again.trades]
        if wanted:
            last_id = max(last_id or 0, wanted[-1].trade_id)
            newest_us = max(newest_us, *(trade.timestamp_us for trade in wanted))
        done = not page.more or newest_us >= stretch.until_us + DISORDER_US
        yield Past(
            [trade for trade in wanted if stretch.from_us <= trade.timestamp_us < stretch.until_us],
            [*page.bad_rows, *absurd, *lost],
            stretch.until_us if done else min(max(stretch.from_us, newest_us - DISORDER_US), stretch.until_us),
        )
        if done:
            return
        cursor = page.resume
