"""The days of one pair, and what is known of them."""

from __future__ import annotations

import json
from collections import Counter, OrderedDict
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from contracts.errors import BadInputError
from contracts.message import Message
from contracts.trade_frame import TradeFrame
from contracts.units import US_PER_MS, US_PER_SECOND
from history.core import coverage as fold
from history.core.day_rows import US_PER_DAY, rows_by_day
from history.day_folder import DayFolder
from history.durable import write_durably

COVERAGE_FILE = "coverage.json"
#: So many days are kept open, the least recently used ones are opened anew when a late trade comes for them.
_OPEN_DAYS = 8
_EPOCH = date(1970, 1, 1)


class PairFolder:
    """Stores one pair's messages, in `date=YYYY-MM-DD` folders and a `coverage.json` beside them.

    Parameters
    ----------
    path
        Of the folder.
    exchange, pair
        Whose.
    compact_after_s
        How long after its end, in event time, a day's files become one.
    """

    def __init__(self, path: Path, exchange: str, pair: str, compact_after_s: int) -> None:
        self.path = path
        self._exchange = exchange
        self._pair = pair
        self._compact_after_us = compact_after_s * US_PER_SECOND
        self._days: OrderedDict[int, DayFolder] = OrderedDict()
        self._told: dict[str, Any] = self._read_coverage()
        self._loose = self._days_in_parts()
        for day in self._loose:  # a kill while merging left parts whose ids overlap: opening a day merges them
            self._day(day)

    @property
    def _coverage(self) -> fold.Coverage:
        return {name: self._told[name] for name in fold.initial()}  # type: ignore[return-value]

    @property
    def complete(self) -> tuple[int, int] | None:
        """Between which times every trade of the venue is stored, microseconds; None before anybody said so."""
        return fold.complete(self._coverage)

    def add(self, messages: Sequence[Message]) -> int:
        """Store what is new of `messages`, in the order of the topic.

        Returns
        -------
        int
            How many trades were new.

        Raises
        ------
        OSError
            If the disk does not take it; what was stored before it stays.
        """
        stored = 0
        touched = set[int]()
        coverage = self._coverage
        for day, rows in sorted(rows_by_day(m for m in messages if isinstance(m, TradeFrame)).items()):
            stored += self._day(day).add(rows)
            touched.add(day)
        for message in messages:
            coverage = fold.step(coverage, message)  # type: ignore[arg-type]
        self._loose |= touched
        self._compact(coverage, messages)
        self._tell(coverage, touched)
        return stored

    def _compact(self, coverage: fold.Coverage, messages: Sequence[Message]) -> None:
        newest_us = max(coverage["complete_to_us"] or 0, *(message.event_time_ms * US_PER_MS for message in messages))
        closed = (newest_us - self._compact_after_us) // US_PER_DAY
        for day in sorted(self._loose):
            if day < closed:
                self._day(day).compact()
                self._loose.discard(day)

    def _day(self, day: int) -> DayFolder:
        folder = self._days.get(day)
        if folder is None:
            folder = DayFolder(self.path / f"date={_date(day)}", self._exchange, self._pair)
            self._days[day] = folder
            while len(self._days) > _OPEN_DAYS:
                self._days.popitem(last=False)
        self._days.move_to_end(day)
        return folder

    def _days_in_parts(self) -> set[int]:
        files = Counter(file.parent.name.removeprefix("date=") for file in self.path.glob("date=*/*.parquet"))
        return {(date.fromisoformat(name) - _EPOCH).days for name, count in files.items() if count > 1}

    # -- coverage

    def _read_coverage(self) -> dict[str, Any]:
        file = self.path / COVERAGE_FILE
        try:
            known: dict[str, Any] = json.loads(file.read_bytes()) if file.exists() else {}
        except ValueError as error:
            raise BadInputError(str(file), "what history writes", str(error)) from error
        return {"exchange": self._exchange, "pair": self._pair, **fold.initial(), "days": {}, **known}

    def _tell(self, coverage: fold.Coverage, touched: set[int]) -> None:
        """Write `coverage.json`, if it says anything new."""
        days = dict(self._told["days"])
        for day in sorted(touched | self._days_reached(coverage)):
            days[_date(day)] = self._facts(coverage, day, days.get(_date(day)), day in touched)
        told = {**self._told, **coverage, "days": dict(sorted(days.items()))}
        if told != self._told:
            self.path.mkdir(parents=True, exist_ok=True)
            write_durably(self.path / COVERAGE_FILE, json.dumps(told, indent=1).encode())
            self._told = told

    def _days_reached(self, coverage: fold.Coverage) -> set[int]:
        """Return the days whose complete part has grown, at its end or at its beginning."""
        known, now = self.complete, fold.complete(coverage)
        if now is None or now == known:
            return set()
        grown = [now] if known is None else [(known[1], now[1]), (now[0], known[0])]
        return {day for since, until in grown for day in range(since // US_PER_DAY, (until - 1) // US_PER_DAY + 1)}

    def _facts(
        self, coverage: fold.Coverage, day: int, before: dict[str, Any] | None, touched: bool
    ) -> dict[str, Any]:
        ids = self._day(day).ids if touched or before is None else None
        counted = before or {}
        if ids is not None:
            first, last = (int(ids.firsts[0]), int(ids.lasts[-1])) if ids.total else (None, None)
            counted = {"trades": ids.total, "first_trade_id": first, "last_trade_id": last}
            holes = 0 if first is None or last is None else last - first + 1 - ids.total
            counted["missing_ids"] = holes if coverage["consecutive_ids"] else None
        complete = fold.of_day(coverage, day)
        from_us, to_us = complete or (None, None)
        return {**counted, "complete_from_us": from_us, "complete_to_us": to_us}


def _date(day: int) -> str:
    return (_EPOCH + timedelta(days=day)).isoformat()
