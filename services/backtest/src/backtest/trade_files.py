"""Candles of recorded trades, made as the service makes them: files, or the tree of Parquet that `history` writes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import polars as pl

from backtest.candle_frames import bars_of_candles
from backtest.history import History
from candles.core.rules import Rules
from candles.core.twin import CandlesTwin
from contracts.candle import Candle
from contracts.counted import counted
from contracts.end_of_history import EndOfHistory
from contracts.errors import BadInputError
from contracts.trade_frame import TradeFrame
from exchanges.recorded import BadRow, Recording, Series, open_recording
from results.export.tables import table

#: A day's files of a pair, below the folder that `history` is told of.
_TREE = "exchange=*/pair=*/date=*/*.parquet"
#: Candles become columns in such portions: columns need a tenth of the memory of messages.
_AT_ONCE = 10_000


def bars_of_trades(paths: Sequence[Path], interval_s: int, pairs: Iterable[str] = ()) -> History:
    """Return the candles of recorded trades as they first come: late trades correct the record and no decision.

    Files of one pair are one series, each trade once. Trades are read one file at a time.

    Parameters
    ----------
    paths
        Files of any kind that `exchanges.recorded` reads, and folders as `history` writes them.
    interval_s
        Length of the candles.
    pairs
        Which pairs; by default all. A file that does not say its pair is of the one that is named.

    Returns
    -------
    History
        With a note on what could not be read or used.

    Raises
    ------
    BadInputError
        If a file holds no trades or other ones than those beside it, or nothing is there of a pair.
    """
    wanted = tuple(pairs)
    by_pair: dict[str, list[Recording]] = {}
    for recording in _recordings(paths, wanted):
        by_pair.setdefault(recording.pair, []).append(recording)
    if missing := [pair for pair in wanted if pair not in by_pair]:
        raise BadInputError(
            "--pairs", f"pairs of {', '.join(sorted(by_pair))}, which there are trades of", missing[0]
        )
    notes = [note for each in by_pair.values() for recording in each for note in recording.notes]
    found = {}
    for pair in sorted(by_pair):
        if len(venues := {recording.exchange for recording in by_pair[pair]}) > 1:
            raise BadInputError("--trades", f"trades of {pair} of one venue", " and ".join(sorted(venues)))
        read = _Read(Series(by_pair[pair]), interval_s)
        found[pair] = bars_of_candles(read.candles(), pair)
        notes += read.notes
    return History(found, tuple(dict.fromkeys(notes)))


def _recordings(paths: Sequence[Path], pairs: tuple[str, ...]) -> Iterator[Recording]:
    for path in paths:
        if not path.is_dir():
            yield open_recording(path, pair=pairs[0] if len(pairs) == 1 else None)
            continue
        files = sorted(path.glob(_TREE))
        if not files:
            raise BadInputError(
                "--trades", f"a file of trades, or a folder with {_TREE}, as history writes", str(path)
            )
        folders = {f"pair={pair.replace('/', '-')}" for pair in pairs}
        yield from (open_recording(file) for file in files if not pairs or file.parts[-3] in folders)


class _Read:
    """The trades of a pair, read once."""

    def __init__(self, series: Series, interval_s: int) -> None:
        self._series = series
        self._twin = CandlesTwin(Rules((interval_s,)))
        self._bad: list[BadRow] = []

    def candles(self) -> pl.DataFrame:
        """Return the first revision of each candle."""
        schema = table("candles").schema
        first = (candle for candle in self._all() if candle.revision == 0)
        parts = []
        while portion := [candle.model_dump() for candle in islice(first, _AT_ONCE)]:
            parts.append(pl.DataFrame(portion, schema=schema))
        if not parts:
            raise BadInputError(self._series.label(0), "at least one trade", "none")
        return pl.concat(parts).sort("window_start_ms")

    @property
    def notes(self) -> list[str]:
        """What a reader must know."""
        notes = []
        if self._bad:
            rows = counted(len(self._bad), "row is no trade", "rows are no trades")
            notes.append(
                f"{self._series.pair}: {rows}. The first, line {self._bad[0].line_number}: {self._bad[0].reason}."
            )
        if self._twin.refused:
            refused = counted(len(self._twin.refused), "trade was", "trades were")
            notes.append(f"{self._series.pair}: {refused} set aside, as the service would have done.")
        return notes

    def _all(self) -> Iterator[Candle]:
        last: TradeFrame | None = None
        newest_us, last_id = 0, 0
        for part in self._series.parts(self._bad.append, refuse=True):
            last = part.frame
            newest_us, last_id = max(newest_us, *last.timestamps_us), max(last_id, last.trade_ids[-1])
            yield from self._twin.feed(last)
        if last is not None:  # as the service writes it at the end of a file: what is open then is cut off
            end = EndOfHistory(
                exchange=last.exchange, pair=last.pair, venue_time_us=newest_us, last_trade_id=last_id, final=True
            )
            yield from self._twin.feed(end)
