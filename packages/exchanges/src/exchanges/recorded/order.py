"""Rows in the order of time: what cannot be set right is refused, what stands alone is set aside.

Times may fall back a little, as venues write them. A single row far from all that follow it has a wrong time and is
set aside before it moves anybody's clock; where the rows that follow agree with it, the file is not in order.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import islice, pairwise
from operator import le, lt
from typing import NamedTuple, NoReturn

from contracts.errors import BadInputError
from contracts.units import MS_PER_DAY, US_PER_MS, US_PER_SECOND
from exchanges.recorded.bad_row import BadRow
from exchanges.recorded.column_format import Row
from exchanges.recorded.tables import Line

#: A row with the line it stands on.
Placed = tuple[Line, Row]

#: So far times may fall back, and a time may be ahead of those that follow it.
DISORDER_US = 60 * US_PER_SECOND
#: A late row that stands alone still corrects its candle; what is older does not (the candles service's default).
LATE_US = 7_200 * US_PER_SECOND
#: As far ahead no time is believed (the candles service's default).
JUMP_US = 400 * MS_PER_DAY * US_PER_MS
#: So many of the following rows decide.
FOLLOWING = 11
#: In a file of at least so many rows the holes that are usual are known.
FEW = 100
#: So many of the last rows are remembered to find out whether rows come again.
REMEMBERED = 10_000

_LIKE_THE_OTHERS = "a time like those of the rows around it"


#: What tells rows without ids apart: time, price, quantity.
_Content = tuple[int, str, str]


class _IdsAt(NamedTuple):
    """The highest id by a time."""

    time_us: int
    highest: int


class InOrder:
    """Checks the rows of one file while they pass.

    Parameters
    ----------
    name
        Of the file.
    has_ids, consecutive
        Whether ids are the venue's, and without holes.
    on_bad_row
        Told of rows that are set aside.
    refuse_restarts
        Whether ids that start again are refused here; otherwise whoever reads the rows judges them.
    """

    def __init__(
        self,
        name: str,
        *,
        has_ids: bool,
        consecutive: bool,
        on_bad_row: Callable[[BadRow], None],
        refuse_restarts: bool = False,
    ) -> None:
        self._name = name
        self._has_ids = has_ids
        self._consecutive = consecutive
        self._refuse_restarts = refuse_restarts
        self._on_bad_row = on_bad_row
        self._newest_us: int | None = None
        self._newest_line = 0
        self._highest_id = -1
        self._ids_at: deque[_IdsAt] = deque(maxlen=10_000)
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._recent: dict[_Content, int] = {}
        self._older: dict[_Content, int] = {}
        self._count = 0
        self._longest_us = MS_PER_DAY * US_PER_MS

    def rows(self, batches: Iterator[list[Placed]]) -> Iterator[Row]:
        """Yield the rows that are used.

        Raises
        ------
        BadInputError
            Naming the line at which time falls back, ids start again or rows come again.
        """
        waiting: deque[Placed] = deque()
        for batch in batches:
            left = len(waiting)
            waiting.extend(batch)
            for _ in range(left):
                yield from self._next(waiting)
            if self._is_plain(batch):
                waiting.clear()
                yield from self._pass_all(batch)
            while len(waiting) > FOLLOWING:
                yield from self._next(waiting)
        while waiting:
            yield from self._next(waiting)

    def _is_plain(self, batch: list[Placed]) -> bool:
        """Say whether a batch goes on where the last ended, so that no row needs a look of its own.

        In rising times a wrong one could only be among the last, as those that follow it would fall back.
        """
        if self._newest_us is None or not batch:
            return not batch
        times = [self._newest_us, *(row[1] for _, row in batch)]
        ids = [row[0] for _, row in batch]
        return (
            self._highest_id < ids[0]
            and all(map(le, times, islice(times, 1, None)))
            and times[-1] - times[0] <= JUMP_US
            and all(later - earlier <= DISORDER_US for earlier, later in pairwise(times[-FOLLOWING - 2 :]))
            and all(map(lt, ids, islice(ids, 1, None)))
        )

    def _pass_all(self, batch: list[Placed]) -> Iterator[Row]:
        """Let a plain batch pass, remembered at once."""
        rows = [row for _, row in batch]
        first, last = rows[0], rows[-1]
        self._newest_us, self._newest_line = last[1], batch[-1][0][0]
        self._count += len(rows)
        self._highest_id = last[0]
        if not self._has_ids:
            self._keep({_content(row): line[0] for line, row in batch})
        else:
            self._ids_at.append(_IdsAt(last[1], last[0]))
            whole = last[0] - first[0] == len(rows) - 1
            for low, high in [(first[0], last[0])] if whole else [(row[0], row[0]) for row in rows]:
                self._see(low, high)
        yield from rows

    def _next(self, waiting: deque[Placed]) -> Iterator[Row]:
        """Judge the first of the waiting rows by those behind it."""
        placed = waiting.popleft()
        following = list(islice(waiting, FOLLOWING))
        complaint = self._time_complaint(placed, following) or self._id_complaint(placed, following)
        if complaint is None:
            self._remember(placed)
            yield placed[1]
        else:
            (number, text, _), _ = placed
            self._on_bad_row(BadRow(number, text, complaint.field, complaint.expected, complaint.got))

    def _time_complaint(self, placed: Placed, following: list[Placed]) -> BadInputError | None:
        """Return why a row's time is not believed; refuse the file if the rows that follow are as far off."""
        (number, _, _), row = placed
        time_us, newest_us = row[1], self._newest_us
        times = [other[1] for _, other in following]
        is_alone = _most(times, lambda other: other < time_us - DISORDER_US)
        if newest_us is None and is_alone:
            return BadInputError("time", _LIKE_THE_OTHERS, _utc(time_us))
        if newest_us is None:
            # The first row may be long before all others: then the others are right.
            if _most(times, lambda other: other > time_us + JUMP_US):
                return BadInputError("time", _LIKE_THE_OTHERS, _utc(time_us))
            return None
        goes_back = _most(times, lambda other: other < newest_us - DISORDER_US)
        next_is_as_before = bool(times) and newest_us - DISORDER_US <= times[0] < time_us - DISORDER_US
        if (is_alone or next_is_as_before) and not goes_back and time_us > newest_us + DISORDER_US:
            return BadInputError("time", _LIKE_THE_OTHERS, _utc(time_us))
        if time_us > newest_us + JUMP_US:
            if not _most(times, lambda other: other > newest_us + JUMP_US):
                return BadInputError("time", f"at most 400 days after {_utc(newest_us)}", _utc(time_us))
            self._refuse(number, "time", "no hole of more than 400 days (replay the parts on their own)", time_us)
        alone = len(following) < FOLLOWING // 2 and self._count > FEW
        if alone and time_us > newest_us + 4 * self._longest_us:
            return BadInputError("time", f"a time nearer to {_utc(newest_us)}, at the end of a file", _utc(time_us))
        if time_us < newest_us and not self._has_ids:
            self._refuse_repeats(placed, following)
        if time_us >= newest_us - DISORDER_US or self._was_seen(row[0]):
            return None
        if following and not _most(times, lambda other: other >= newest_us - DISORDER_US):
            self._refuse(number, "time", "trades in the order of time (sort the file by it)", time_us)
        if time_us >= newest_us - LATE_US:
            return None
        return BadInputError("time", f"a time not long before {_utc(newest_us)}", _utc(time_us))

    def _refuse(self, number: int, field: str, expected: str, time_us: int) -> NoReturn:
        newest_us = self._newest_us or 0
        ahead = "ahead" if time_us > newest_us else "back"
        off = f"{_span(time_us - newest_us)} {ahead}"
        came = f"{_utc(time_us)} after {_utc(newest_us)} in line {self._newest_line}, {off}"
        raise BadInputError(f"{self._name}, line {number}: {field}", expected, _Words(came))

    def _refuse_repeats(self, placed: Placed, following: list[Placed]) -> None:
        """Refuse rows without ids that come again: nothing else tells them from trades of their own."""
        seen = [self._line_of(row) for _, row in (placed, *following)]
        again = [line for line in seen if line is not None]
        if seen[0] is None or len(again) * 2 <= len(seen) or len(seen) < 3:
            return
        number, time_us = placed[0][0], placed[1][1]
        back = _span(time_us - (self._newest_us or 0))
        came = f"the rows of line {again[0]} on again, from {_utc(time_us)}, {back} back"
        expected = "each trade once, as there are no ids to tell repeats by (leave the repeated rows out)"
        raise BadInputError(f"{self._name}, line {number}: rows", expected, _Words(came))

    def _id_complaint(self, placed: Placed, following: list[Placed]) -> BadInputError | None:
        """Return why an id is not believed: low, and yet new by its time; refuse the file if ids start again."""
        (number, _, _), row = placed
        if not (self._has_ids and self._refuse_restarts) or self._newest_us is None or row[0] > self._highest_id:
            return None
        minute_ago = row[1] - DISORDER_US
        before = next((at.highest for at in reversed(self._ids_at) if at.time_us <= minute_ago), -1)
        if row[0] > before or row[1] < self._newest_us - DISORDER_US:
            return None
        if _most([other[0] for _, other in following], lambda other: other <= before):
            expected = (
                "ids that go on rising with time (ids that start again belong to another series: replay the parts "
                "on their own)"
            )
            came = f"{row[0]} at {_utc(row[1])} after {self._highest_id} in line {self._newest_line}"
            raise BadInputError(f"{self._name}, line {number}: trade id", expected, _Words(came))
        return BadInputError("trade id", f"an id above {before}, as it is newer", row[0])

    def _was_seen(self, trade_id: int) -> bool:
        """Say whether a venue's id came before: such a row is a repeat, which its id makes harmless."""
        if not self._consecutive:
            return False
        place = bisect_right(self._starts, trade_id) - 1
        return place >= 0 and trade_id <= self._ends[place]

    def _see(self, low: int, high: int) -> None:
        """Note the ids from `low` to `high`, where they go on from what was seen."""
        if self._consecutive:
            if self._ends and low == self._ends[-1] + 1:
                self._ends[-1] = high
            elif not self._ends or low > self._ends[-1]:
                self._starts.append(low)
                self._ends.append(high)

    def _keep(self, rows: dict[_Content, int]) -> None:
        """Remember what rows say, and on which line, for at least `REMEMBERED` rows."""
        if len(self._recent) > REMEMBERED:
            self._older, self._recent = self._recent, {}
        self._recent.update(rows)

    def _line_of(self, row: Row) -> int | None:
        content = _content(row)
        return self._recent.get(content) or self._older.get(content)

    def _remember(self, placed: Placed) -> None:
        (number, _, _), row = placed
        trade_id, time_us = row[0], row[1]
        self._count += 1
        if self._newest_us is None or time_us >= self._newest_us:
            self._longest_us = max(self._longest_us, time_us - (self._newest_us or time_us))
            self._newest_us, self._newest_line = time_us, number
        if not self._has_ids:
            self._highest_id = trade_id
            self._keep({_content(row): number})
            return
        self._see(trade_id, trade_id)
        if trade_id > self._highest_id:
            self._highest_id = trade_id
            if not self._ids_at or time_us >= self._ids_at[-1].time_us + US_PER_SECOND:
                self._ids_at.append(_IdsAt(time_us, trade_id))


class _Words(str):
    """Words that stand in an error as they are, without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def _most(values: list[int], condition: Callable[[int], bool]) -> bool:
    return sum(map(condition, values)) * 2 > len(values)


def _content(row: Row) -> _Content:
    return row[1], row[2], row[3]


def _utc(time_us: int) -> str:
    return datetime.fromtimestamp(time_us / US_PER_SECOND, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _span(span_us: int) -> str:
    seconds = abs(span_us) // US_PER_SECOND
    for size, unit in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
