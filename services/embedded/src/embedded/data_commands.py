"""What `tradestream data` does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from contracts.counted import counted
from contracts.errors import BadInputError
from contracts.timestamps import iso_utc, parse_time
from contracts.units import US_PER_MS
from embedded.data_fetch import PairFetch, repair
from embedded.data_import import require_ids, series_of, take
from embedded.data_progress import Progress
from embedded.errors import StopRequestedError
from embedded.options import pairs_of
from embedded.terminal.rows import print_json, print_rows
from exchanges.rest_client import VenueRest
from exchanges.side_by_side import side_by_side
from exchanges.venues import Venue, venue
from history.core.stretches import Stretch
from history.listing import Stored, stored_in
from history.settings import HistorySettings
from history.tree import HistoryTree
from streaming.embedded.group import ExclusiveLock

#: What is done at a venue: its client, the files, and its time as it was last asked.
Work = Callable[[VenueRest, HistoryTree, int], Awaitable[None]]
_LOCK = ".fetching"
_BYTES_PER_MB = 1_000_000
_SHOWN = {
    "exchange": "Exchange",
    "pair": "Pair",
    "from": "From",
    "to": "To",
    "days": "Days",
    "trades": "Trades",
    "missing": "Missing",
    "megabytes": "MB",
}


def fetch_range(
    console: Console, folder: Path, exchange: str, pairs: str, start: str, end: str | None, rest_url: str | None
) -> None:
    """Fetch what the files do not have of a range of time, all pairs side by side.

    Parameters
    ----------
    console
        Is told how far it is.
    folder
        Of the files.
    exchange, pairs, start, end, rest_url
        As typed.

    Raises
    ------
    BadInputError
        If a venue, a pair or a time is none.
    VenueError
        If the venue cannot be asked.
    StopRequestedError
        At Ctrl-C.
    """
    market, names = venue(exchange), pairs_of(pairs)
    from_ms, to_ms = parse_time("--from", start), parse_time("--to", end)
    assert from_ms is not None
    progress = Progress(console, names)

    async def work(rest: VenueRest, tree: HistoryTree, venue_time_us: int) -> None:
        until_us = venue_time_us if to_ms is None else min(to_ms * US_PER_MS, venue_time_us)
        if from_ms * US_PER_MS >= until_us:
            raise BadInputError("--from", f"a time before {iso_utc(until_us)}", start)
        await rest.find_pairs(names)
        for pair in names:
            require_ids(tree.pair(market.name, pair).path)
        fetches = [PairFetch(rest, market, pair, tree.pair(market.name, pair), progress.hear) for pair in names]
        wanted = Stretch(from_ms * US_PER_MS, until_us)

        async def one(fetch: PairFetch) -> None:
            progress.done(await fetch.range(wanted, venue_time_us))

        await side_by_side(one(fetch) for fetch in fetches)

    _at_venue(folder, market, rest_url, work)
    show(console, folder)


def take_files(console: Console, folder: Path, files: Sequence[Path], exchange: str | None, pair: str | None) -> None:
    """Store the trades of files.

    Parameters
    ----------
    console
        Is told what was new and what was not right.
    folder
        Of the files that history writes.
    files, exchange, pair
        As typed.

    Raises
    ------
    BadInputError
        If a file cannot be used, or not with what is stored.
    StopRequestedError
        At Ctrl-C.
    """
    every = series_of(files, exchange, pair and pairs_of(pair)[0])
    with _alone(folder) as tree:
        for series in every:
            for line in take(tree, series).lines:
                console.print(line, highlight=False, soft_wrap=True)
    show(console, folder)


def fetch_missing(console: Console, folder: Path, pairs: str | None, rest_url: str | None) -> None:
    """Fetch what the files lack in the middle.

    Parameters
    ----------
    console
        Is told what was found.
    folder
        Of the files.
    pairs, rest_url
        As typed.

    Raises
    ------
    BadInputError
        If a pair is none that is stored.
    VenueError
        If a venue cannot be asked.
    StopRequestedError
        At Ctrl-C.
    """
    stored = _required(folder)
    names = sorted({each.pair for each in stored}) if pairs is None else pairs_of(pairs)
    if unknown := set(names) - {each.pair for each in stored}:
        raise BadInputError("--pairs", f"pairs stored in {folder}", ", ".join(sorted(unknown)))
    by_venue: dict[str, list[str]] = {}
    for each in stored:
        if each.pair in names and each.missing_ids is not None:
            by_venue.setdefault(each.exchange, []).append(each.pair)
    for exchange, lacking in by_venue.items():
        _at_venue(folder, venue(exchange), rest_url, _repair_work(console, venue(exchange), lacking))


def _repair_work(console: Console, market: Venue, pairs: Sequence[str]) -> Work:
    progress = Progress(console, pairs)

    async def work(rest: VenueRest, tree: HistoryTree, venue_time_us: int) -> None:
        await rest.find_pairs(pairs)
        for pair in pairs:
            folder = tree.pair(market.name, pair)
            fetch = PairFetch(rest, market, pair, folder, progress.hear)
            missing, left = await repair(fetch, folder.path, venue_time_us)
            words = f"{counted(missing, 'trade was', 'trades were')} missing, {missing - left:,} found"
            found = f"{words}; {market.name} does not have the others" if left else words
            console.print(f"{pair}: {found if missing else 'nothing is missing'}", highlight=False)

    return work


def show(console: Console, folder: Path, *, as_json: bool = False) -> None:
    """Show what the files hold.

    Parameters
    ----------
    console
        Where to.
    folder
        Of the files.
    as_json
        For programs, times in microseconds.

    Raises
    ------
    BadInputError
        If there are none.
    """
    stored = _required(folder)
    if as_json:
        print_json([{**asdict(each), "folder": str(each.folder)} for each in stored])
    else:
        print_rows(console, [_row(each) for each in stored], _SHOWN)


def _row(stored: Stored) -> Mapping[str, object]:
    return {
        **asdict(stored),
        "from": None if stored.complete_from_us is None else iso_utc(stored.complete_from_us),
        "to": None if stored.complete_to_us is None else iso_utc(stored.complete_to_us),
        "missing": stored.missing_ids,
        "megabytes": f"{stored.bytes / _BYTES_PER_MB:.1f}",
    }


def _required(folder: Path) -> list[Stored]:
    stored = list(stored_in(folder))
    if not stored:
        raise BadInputError("--folder", "a folder that history or tradestream data fetch has written", str(folder))
    return stored


def _at_venue(folder: Path, market: Venue, rest_url: str | None, work: Work) -> None:
    """Do something at a venue with the files to oneself.

    Raises
    ------
    TradestreamError
        If another process fetches into them.
    StopRequestedError
        At Ctrl-C.
    """

    async def run(tree: HistoryTree) -> None:
        async with market.open_rest(rest_url) as rest:
            await work(rest, tree, await rest.venue_time_us())

    with _alone(folder) as tree:
        asyncio.run(run(tree))


@contextmanager
def _alone(folder: Path) -> Iterator[HistoryTree]:
    """Yield the files, to oneself."""
    lock = ExclusiveLock(folder / _LOCK, f"{folder}: another process fetches trades into it; wait for it or stop it")
    try:
        yield HistoryTree(folder, HistorySettings.model_fields["compact_after_s"].default)
    except KeyboardInterrupt:
        raise StopRequestedError("stopped: what was stored stays, and the same command goes on from there") from None
    finally:
        lock.release()
