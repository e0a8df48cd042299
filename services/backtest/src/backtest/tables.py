"""What a backtest found, as the tables that a run exports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

import numpy as np
import polars as pl
from polars.io.plugins import register_io_source

from backtest.bars import EXACT_COLUMNS, Bars, Texts
from backtest.books import exact_books
from backtest.decided import DECISIONS, NOTHING_SAID, Decided, target_of
from backtest.engine import Outcome
from backtest.joined import parts_of
from contracts.candle import QUALITIES
from contracts.units import MS_PER_SECOND
from results.export.tables import TABLES, Table, table
from results.own_files import TABLE_MARK

_NAMES = {each.message: each.name for each in TABLES}
#: Those with rows for bars, in the order in which they are made; the others are of what was told.
_OF_BARS = ("candles", "signals", "pnl")


def write_tables(outcomes: Iterable[Outcome], out: Path) -> dict[str, int]:
    """Write ``<table>.parquet`` for each table of what a backtest has.

    Parameters
    ----------
    outcomes
        Of each account.
    out
        A folder of ours.

    Returns
    -------
    dict[str, int]
        Rows by table.
    """
    with Tables() as tables:
        tables.add(list(outcomes))
        return tables.write(out)


class Tables:
    """Tables of a backtest that comes stretch by stretch, in the order of time.

    They go to files as they come, so that of all that went before nothing is kept in memory. Nothing is written where
    results go before all is there.
    """

    def __init__(self) -> None:
        self._parts = {each.name: _Parts(each) for each in TABLES}
        self._folder: TemporaryDirectory[str] | None = None

    def __enter__(self) -> Self:
        self._folder = TemporaryDirectory(prefix="tradestream-tables-")
        return self

    def __exit__(self, *_: object) -> None:
        if self._folder is not None:
            self._folder.cleanup()

    def add(self, outcomes: Sequence[Outcome]) -> None:
        """Take what became of accounts in a stretch.

        Parameters
        ----------
        outcomes
            Of each account.
        """
        assert self._folder is not None  # within a `with`
        told: dict[str, list[dict[str, Any]]] = {}
        for outcome in outcomes:
            for message in outcome.messages:
                told.setdefault(_NAMES[type(message)], []).append(message.model_dump())
        traded = [(own, each) for each in outcomes for own in _traded(each)]
        bars = {(own.bars.exchange, own.bars.pair): own.bars for own, _ in traded}
        signals = (_signals(part, each) for own, each in traded for part in parts_of(own))
        of_bars = (map(_candles, bars.values()), signals, map(exact_books, outcomes))
        folder = Path(self._folder.name)
        for name, rows in told.items():
            self._parts[name].add(pl.DataFrame(rows, schema=table(name).schema), folder)
        for name, columns in zip(_OF_BARS, of_bars, strict=True):
            self._parts[name].add(_together(table(name), columns), folder)

    def write(self, out: Path) -> dict[str, int]:
        """Write ``<table>.parquet`` for each.

        Parameters
        ----------
        out
            A folder of ours.

        Returns
        -------
        dict[str, int]
            Rows by table.
        """
        return {name: parts.write(out / f"{name}.parquet") for name, parts in self._parts.items()}


class _Parts:
    """A table that comes in parts; the first stays in memory until there is another, which puts both into files.

    Files follow one another by the time that rows are sorted by first. What comes later than its time, as an order's
    next step in the following stretch, is kept until all is there and put where it belongs.
    """

    def __init__(self, of: Table) -> None:
        self._of = of
        self._time = of.sorting[0]
        self._only = pl.DataFrame(schema=of.schema)
        #: With the time of its last row.
        self._files: list[tuple[Path, int]] = []
        self._late = pl.DataFrame(schema=of.schema)
        self._rows = 0

    def add(self, part: pl.DataFrame, folder: Path) -> None:
        part = part.sort(self._of.sorting)
        if not self._rows:
            self._only = part
        else:
            for each in (self._only, part):
                self._put(each, folder)
            self._only = self._only.clear()
        self._rows += part.height

    def _put(self, part: pl.DataFrame, folder: Path) -> None:
        if self._files:
            is_late = pl.col(self._time) <= self._files[-1][1]
            self._late = pl.concat([self._late, part.filter(is_late)])
            part = part.filter(~is_late)
        if part.height:
            path = folder / f"{self._of.name}-{len(self._files):06}.parquet"
            part.write_parquet(path)
            self._files.append((path, part.item(-1, self._time)))

    def write(self, path: Path) -> int:
        if not self._files:
            self._only.write_parquet(path, metadata=TABLE_MARK)
            return self._rows
        for file, until in self._files if self._late.height else ():
            is_here = pl.col(self._time) <= until
            if (here := self._late.filter(is_here)).height:
                whole = pl.concat([pl.read_parquet(file), here]).sort(self._of.sorting)
                whole.write_parquet(file)
                self._late = self._late.filter(~is_here)
        _one_by_one([file for file, _ in self._files], self._of).sink_parquet(path, metadata=TABLE_MARK)
        return self._rows


def _one_by_one(files: Sequence[Path], of: Table) -> pl.LazyFrame:
    """Return the rows of files, of which one after another is read: a scan of many reads them ahead."""

    def rows(columns: list[str] | None, *_: object) -> Iterator[pl.DataFrame]:
        for file in files:
            yield pl.read_parquet(file, columns=columns)

    return register_io_source(rows, schema=pl.Schema(of.schema))


def _traded(outcome: Outcome) -> Iterator[Decided]:
    """Yield of each pair what was said on the bars that were traded."""
    market = outcome.market
    for each in market.pairs if market.first < len(market) else ():
        begin, end = int(market.starts_ms[market.first]), int(market.starts_ms[-1])
        starts = each.bars.starts_ms
        yield each[int(starts.searchsorted(begin)) : int(starts.searchsorted(end, side="right"))]


def _together(of: Table, parts: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    frames = [pl.DataFrame({name: part.get(name) for name in of.schema}, schema=of.schema) for part in parts]
    return pl.concat(frames) if frames else pl.DataFrame(schema=of.schema)


def _window(bars: Bars) -> dict[str, Any]:
    same = {"exchange": bars.exchange, "pair": bars.pair, "interval_s": bars.interval_s}
    return {**{name: [value] * len(bars) for name, value in same.items()}, "window_start_ms": bars.starts_ms}


def _quality(bars: Bars) -> list[str]:
    return [QUALITIES[each] for each in bars.qualities.tolist()]


def _candles(bars: Bars) -> dict[str, Any]:
    known = np.zeros(len(bars), np.int64)
    return {
        **_window(bars),
        **{name: _texts(bars.texts[name], len(bars)) for name in EXACT_COLUMNS},
        "quote_volume": ["0"] * len(bars),
        "trade_count": bars.trade_counts,
        "quality": _quality(bars),
        "revision": known,
    }


def _signals(decided: Decided, outcome: Outcome) -> dict[str, Any]:
    """Return every signal, those that say none included; but for what changes from bar to bar all are alike."""
    bars, account = decided.bars, outcome.market.account.name
    same = decided.signal(account, 0).model_dump() if len(bars) else {}
    ends = bars.starts_ms + bars.interval_s * MS_PER_SECOND
    return {
        **{name: [value] * len(bars) for name, value in same.items()},
        **_window(bars),
        **{name: list(values) for name, values in bars.said.items() if name in NOTHING_SAID},
        "target": [target_of(each) for each in decided.targets.tolist()],
        "decision": [DECISIONS[each] for each in decided.decisions.tolist()],
        "reason": [decided.reason(place) for place in range(len(bars))],
        "expires_at_ms": ends + decided.expiry_seconds * MS_PER_SECOND,
        **{f"mark_{name}": _texts(bars.texts[name], len(bars)) for name in EXACT_COLUMNS},
        "mark_trade_count": bars.trade_counts,
        "mark_quality": _quality(bars),
    }


def _texts(texts: Texts, length: int) -> Any:
    return [texts[place] for place in range(length)]
