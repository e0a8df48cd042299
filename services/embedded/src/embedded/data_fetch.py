"""Fetch trades into the files that history writes: what is missing of a range, and what is missing in the middle."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from contracts.heartbeat import Heartbeat
from contracts.message import Message
from embedded.data_pages import DISORDER_US, pages
from exchanges.rest_client import VenueRest
from exchanges.venue import BadRow, Trade, trade_frames
from exchanges.venues import Venue
from history.core.stretches import Stretch, earlier, later
from history.holes import Hole, holes_of
from history.pair_folder import PairFolder

BAD_ROWS_FILE = "bad_rows.jsonl"
#: So many trades are held before they become a file.
_BATCH_TRADES = 20_000


@dataclass
class Told:
    """What became of a pair.

    Attributes
    ----------
    read, trades
        That came, and that were not stored before.
    bad_rows
        Set aside beside the files, each with why.
    wanted_us, done_us
        Microseconds of event time that are to be fetched, and that have been.
    reached_us
        How far it is where it is now.
    """

    pair: str
    read: int = 0
    trades: int = 0
    bad_rows: int = 0
    wanted_us: int = 0
    done_us: int = 0
    reached_us: int = 0


Hear = Callable[[Told], None]


class PairFetch:
    """Fetches one pair into its folder; killed at any time, the same again goes on where the files end.

    Parameters
    ----------
    rest, market
        The venue.
    folder
        Of the pair.
    hear
        Is told how far it is, after each page.
    """

    def __init__(self, rest: VenueRest, market: Venue, pair: str, folder: PairFolder, hear: Hear) -> None:
        self._rest = rest
        self._market = market
        self._folder = folder
        self._hear = hear
        self.told = Told(pair)

    async def range(self, wanted: Stretch, venue_time_us: int) -> Told:
        """Fetch what is missing of a range; it is complete from there on.

        What lies between the range and what is stored is fetched too: files never have a gap that nobody knows of.

        Parameters
        ----------
        wanted
            Up to `venue_time_us` at most.
        venue_time_us
            The venue's time when it was last asked.

        Returns
        -------
        Told
            What was new.

        Raises
        ------
        VenueError
            If the venue cannot be asked.
        OSError
            If the disk does not take it; what was stored before stays.
        """
        complete = self._folder.complete and Stretch(*self._folder.complete)
        after, before = later(complete, wanted), earlier(complete, wanted)
        self.told.wanted_us = sum(each.until_us - each.from_us for each in [*before, *([after] if after else [])])
        if after is not None:
            if complete is None:
                self._store([], [self._complete_to(after.from_us)])
            await self._stretch(after, venue_time_us, grows=True)
        for day in before:
            await self._stretch(day, venue_time_us, grows=False)
            # Said last: a day that was broken off has not been fetched.
            self._store([], [self._complete_to(day.from_us)])
        return self.told

    async def _stretch(self, stretch: Stretch, venue_time_us: int, *, grows: bool) -> None:
        held = list[Trade]()
        begun_us = self.told.done_us
        async for past in pages(self._rest, self._market, self.told.pair, stretch, venue_time_us):
            held += past.trades
            self.told.read += len(past.trades)
            self._set_aside(past.bad_rows)
            if len(held) >= _BATCH_TRADES or past.reached_us == stretch.until_us:
                self._store(held, [self._complete_to(past.reached_us)] if grows else [])
                held = []
            self.told.reached_us, self.told.done_us = past.reached_us, begun_us + past.reached_us - stretch.from_us
            self._hear(self.told)

    async def hole(self, hole: Hole, venue_time_us: int) -> None:
        """Fetch the trades of a hole, as many as the venue has.

        Parameters
        ----------
        hole
            From `holes_of`.
        venue_time_us
            The venue's time when it was last asked.

        Raises
        ------
        VenueError, OSError
            As `range`.
        """
        beside_us = sorted((hole.after_us, hole.before_us))
        stretch = Stretch(beside_us[0] - DISORDER_US, beside_us[1] + DISORDER_US)
        async for past in pages(self._rest, self._market, self.told.pair, stretch, venue_time_us):
            found = [trade for trade in past.trades if hole.first_id <= trade.trade_id <= hole.last_id]
            self._set_aside(past.bad_rows)
            self._store(found, [])
            self.told.reached_us = past.reached_us
            self._hear(self.told)
            if past.trades and past.trades[-1].trade_id > hole.last_id:
                return

    def _store(self, trades: Sequence[Trade], more: Iterable[Message]) -> None:
        market = self._market
        frames = trade_frames(market.name, self.told.pair, trades, consecutive_ids=market.consecutive_ids)
        if messages := [*frames, *more]:
            self.told.trades += self._folder.add(messages)

    def _complete_to(self, time_us: int) -> Heartbeat:
        return Heartbeat(exchange=self._market.name, pair=self.told.pair, venue_time_us=time_us)

    def _set_aside(self, bad_rows: Sequence[BadRow]) -> None:
        if not bad_rows:
            return
        self._folder.path.mkdir(parents=True, exist_ok=True)
        with (self._folder.path / BAD_ROWS_FILE).open("a", encoding="utf-8") as file:
            for row in bad_rows:
                file.write(json.dumps({"text": row.text, "reason": row.reason}) + "\n")
        self.told.bad_rows += len(bad_rows)


async def repair(fetch: PairFetch, path: Path, venue_time_us: int) -> tuple[int, int]:
    """Fetch what the files of a pair lack in the middle.

    Parameters
    ----------
    fetch
        Of the pair.
    path
        Its folder.
    venue_time_us
        The venue's time when it was last asked.

    Returns
    -------
    tuple[int, int]
        How many trades were missing, and how many still are: the venue does not have them.

    Raises
    ------
    VenueError, OSError
        As `PairFetch.range`.
    """
    holes = list(holes_of(path))
    for hole in holes:
        await fetch.hole(hole, venue_time_us)
    missing = sum(hole.trades for hole in holes)
    return missing, missing - fetch.told.trades
