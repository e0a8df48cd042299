"""Fetching in any order, broken off anywhere, stores what the venue has, once, and promises no more than that."""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from unittest import mock

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import embedded.data_fetch as fetch_module
from contracts.errors import BadInputError
from embedded.data_fetch import BAD_ROWS_FILE, PairFetch, Told, repair
from exchanges.page import Page
from exchanges.rest_client import VenueRest
from exchanges.venue import BadRow, Trade, TransientVenueError
from exchanges.venues import Venue
from history.core.stretches import Stretch, earlier, later
from history.holes import holes_of
from history.listing import stored_in
from history.pair_folder import PairFolder
from history.tree import HistoryTree

PAIR = "BTC/USD"
DAY_US = 86_400_000_000
BEGIN_US = 20_000 * DAY_US
#: Three days and a bit: a trade every ten minutes, of which each fourth is a bit older than the one before it.
NOW_US = BEGIN_US + 3 * DAY_US + 7_000_000_000
TRADES = [
    Trade(100 + number, BEGIN_US + number * 600_000_000 - (number % 4 == 3) * 600_900_000, "10.5", "0.1", "buy")
    for number in range((NOW_US - BEGIN_US) // 600_000_000)
]


class FakeVenue:
    """Trades by page, in the order of their ids; some of them a few seconds older than the one before."""

    def __init__(
        self, page: int = 50, breaks_after: int | None = None, lacking: frozenset[int] = frozenset()
    ) -> None:
        self._page = page
        self._left = breaks_after
        self._lacking = lacking
        self.asked = 0

    async def trades(self, pair: str, since: str) -> Page:
        assert pair == PAIR
        if self._left is not None:
            if not self._left:
                raise TransientVenueError("the cable")
            self._left -= 1
        self.asked += 1
        first = int(since)
        rows = [each for each in TRADES if each.trade_id >= first and each.trade_id not in self._lacking]
        page = rows[: self._page]
        bad = [BadRow(f"[{each.trade_id}]", "price: expected a positive one, was -1", pair) for each in page[:1]]
        resume = page[-1].trade_id + 1 if page else first
        return Page(page, bad, str(resume), more=len(rows) > self._page)


def cursor_at(time_us: int) -> str:
    return str(next((each.trade_id for each in TRADES if each.timestamp_us >= time_us), 100 + len(TRADES)))


MARKET = cast(Venue, SimpleNamespace(name="kraken", consecutive_ids=True, cursor_at=cursor_at))


def fetch_of(root: Path, venue: FakeVenue, hear: Any = lambda _: None) -> PairFetch:
    # A new tree each time: nothing is known but what the files say.
    return PairFetch(cast(VenueRest, venue), MARKET, PAIR, HistoryTree(root, 3_600).pair("kraken", PAIR), hear)


def ids_in(root: Path) -> list[int]:
    files = sorted(root.glob("exchange=*/pair=*/date=*/*.parquet"))
    return sorted(number for file in files for number in pl.read_parquet(file, hive_partitioning=False)["trade_id"])


def ids_within(from_us: int, until_us: int) -> list[int]:
    return [each.trade_id for each in TRADES if from_us <= each.timestamp_us < until_us]


@contextmanager
def empty_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp())
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


times = st.integers(0, (NOW_US - BEGIN_US) // 60_000_000).map(lambda minute: BEGIN_US + minute * 60_000_000)
ranges = st.tuples(times, times).filter(lambda pair: pair[0] != pair[1]).map(lambda pair: Stretch(*sorted(pair)))


@settings(max_examples=8, deadline=None)
@example(tries=[(Stretch(BEGIN_US, BEGIN_US + 1_200_000_000), None)], page=3)  # the page ends with one too new
@example(tries=[(Stretch(BEGIN_US, NOW_US), 1)], page=3)  # broken off where an older one comes next
@given(
    tries=st.lists(st.tuples(ranges, st.none() | st.integers(0, 8)), min_size=1, max_size=4),
    page=st.sampled_from([3, 50]),
)
def test_files_hold_what_they_promise_and_no_trade_twice(tries: list[tuple[Stretch, int | None]], page: int) -> None:
    with empty_folder() as root, mock.patch.object(fetch_module, "_BATCH_TRADES", 3):
        for wanted, breaks_after in tries:
            with suppress(TransientVenueError):
                asyncio.run(fetch_of(root, FakeVenue(page, breaks_after)).range(wanted, NOW_US))
            [stored] = stored_in(root)
            assert stored.complete_from_us is not None and stored.complete_to_us is not None
            promised = ids_within(stored.complete_from_us, stored.complete_to_us)
            found = ids_in(root)
            assert len(found) == len(set(found)) == stored.trades and set(promised) <= set(found)
        for wanted, _ in tries:  # at last nothing breaks it off
            asyncio.run(fetch_of(root, FakeVenue(page)).range(wanted, NOW_US))
        hull = min(wanted.from_us for wanted, _ in tries), max(wanted.until_us for wanted, _ in tries)
        [stored] = stored_in(root)
        assert (stored.complete_from_us, stored.complete_to_us) == hull
        assert ids_in(root) == ids_within(*hull)


def test_what_is_stored_is_not_asked_for_again(tmp_path: Path) -> None:
    wanted = Stretch(BEGIN_US + DAY_US, BEGIN_US + 2 * DAY_US)
    asyncio.run(fetch_of(tmp_path, FakeVenue()).range(wanted, NOW_US))
    venue = FakeVenue()
    told = asyncio.run(fetch_of(tmp_path, venue).range(wanted, NOW_US))
    assert (venue.asked, told) == (0, Told(PAIR))


def test_it_says_how_far_it_is_and_sets_aside_what_it_cannot_read(tmp_path: Path) -> None:
    heard: list[tuple[int, int, int]] = []
    fetch = fetch_of(tmp_path, FakeVenue(), lambda told: heard.append((told.reached_us, told.done_us, told.read)))
    told = asyncio.run(fetch.range(Stretch(BEGIN_US, BEGIN_US + DAY_US), NOW_US))
    assert (
        heard == sorted(heard) and heard[-1] == (BEGIN_US + DAY_US, DAY_US, told.trades) and told.wanted_us == DAY_US
    )
    rows = (tmp_path / "exchange=kraken/pair=BTC-USD" / BAD_ROWS_FILE).read_text().splitlines()
    assert told.bad_rows == len(rows) == 3
    assert json.loads(rows[0]) == {"text": "[100]", "reason": "price: expected a positive one, was -1"}


def test_holes_are_found_in_the_files_and_filled(tmp_path: Path) -> None:
    """Within a day, over a midnight, and one that the venue has not either."""
    midnight = ids_within(BEGIN_US + DAY_US, NOW_US)[0]
    # 174 is newer than both beside it.
    lost, gone = {*range(120, 150), 174, *range(midnight - 2, midnight + 3)}, {160}
    wanted = Stretch(BEGIN_US, BEGIN_US + 2 * DAY_US)
    asyncio.run(fetch_of(tmp_path, FakeVenue(lacking=frozenset(lost | gone))).range(wanted, NOW_US))
    [stored] = stored_in(tmp_path)
    assert stored.missing_ids == len(lost | gone)
    assert [hole[:2] for hole in holes_of(stored.folder)] == [
        (120, 149),
        (160, 160),
        (174, 174),
        (midnight - 2, midnight + 2),
    ]
    fetch = fetch_of(tmp_path, FakeVenue(page=20, lacking=frozenset(gone)))
    assert asyncio.run(repair(fetch, stored.folder, NOW_US)) == (len(lost | gone), len(gone))
    found = ids_in(tmp_path)
    assert found == [number for number in range(found[0], found[-1] + 1) if number not in gone]
    assert [each.missing_ids for each in stored_in(tmp_path)] == [1]


@given(st.none() | ranges, ranges)
def test_stretches_and_what_is_stored_make_one(complete: Stretch | None, wanted: Stretch) -> None:
    after, before = later(complete, wanted), earlier(complete, wanted)
    spans = [*reversed(before), *([complete] if complete else []), *([after] if after else [])]
    assert all(one.until_us == next_.from_us for one, next_ in pairwise(spans))
    assert all(each.from_us < each.until_us <= each.from_us // DAY_US * DAY_US + DAY_US for each in before)
    both = [wanted, *([complete] if complete else [])]
    hull = min(each.from_us for each in both), max(each.until_us for each in both)
    assert (spans[0].from_us, spans[-1].until_us) == hull


def test_a_folder_that_says_something_else_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "exchange=kraken/pair=BTC-USD/coverage.json"
    file.parent.mkdir(parents=True)
    for text in ("", "[]", '{"days": {}}'):
        file.write_text(text)
        with pytest.raises(BadInputError, match=r"coverage\.json: expected what history writes"):
            list(stored_in(tmp_path))
    file.write_text("[")
    with pytest.raises(BadInputError, match=r"coverage\.json: expected what history writes"):
        fetch_of(tmp_path, FakeVenue())


def test_the_days_before_what_is_stored_say_that_they_are_complete(tmp_path: Path) -> None:
    folder = PairFolder(tmp_path, "kraken", PAIR, 3_600)
    fetch = PairFetch(cast(VenueRest, FakeVenue()), MARKET, PAIR, folder, lambda _: None)
    for day in (2, 0):
        wanted = Stretch(BEGIN_US + day * DAY_US, BEGIN_US + (day + 1) * DAY_US)
        asyncio.run(fetch.range(wanted, NOW_US))
    days = json.loads((tmp_path / "coverage.json").read_text())["days"].values()
    assert [(each["complete_from_us"], each["complete_to_us"]) for each in days] == [
        (BEGIN_US + day * DAY_US, BEGIN_US + (day + 1) * DAY_US) for day in range(3)
    ]
