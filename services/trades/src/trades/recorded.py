"""Recorded files instead of a venue: the same messages, as fast as they can be written."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import compress

from loguru import logger

from contracts.errors import BadInputError, BadSettingError
from contracts.trade_frame import TRADE_COLUMNS, TradeFrame
from contracts.trade_ids import not_above, starts_again
from contracts.trades_checkpoint import TradesCheckpoint
from contracts.units import US_PER_MS
from exchanges.recorded import BadRow as BadFileRow
from exchanges.recorded import Recording, Series, Steps, open_recording
from exchanges.recorded.series import Part
from exchanges.venue import BadRow, Trade
from streaming.producer import MessageProducer
from trades.bad_rows import BadRows
from trades.checkpoints import read_checkpoints, refuse_second_venue
from trades.core import progress as fold
from trades.pair_log import PairLog
from trades.settings import TradesSettings

_END_OF_FILE = "end"


async def run_recorded(settings: TradesSettings, producer: MessageProducer, bad_rows: BadRows) -> None:
    """Write the files' trades, or the part of them that the settings ask for, all pairs together in time order.

    Raises
    ------
    BadSettingError
        If a file is missing, or is none that can be read.
    """
    checkpoints = read_checkpoints(settings)
    by_pair: dict[tuple[str, str], list[Recording]] = {}
    for index in range(len(settings.file)):
        recording = _open(settings, index)
        by_pair.setdefault((recording.exchange, recording.pair), []).append(recording)
    refuse_second_venue(checkpoints, by_pair)
    replays = [
        _Replay(_series(recordings), checkpoints.get(key), settings, producer, bad_rows)
        for key, recordings in by_pair.items()
    ]
    # The pair whose next frame is oldest goes first, so that no pair runs ahead of the others.
    waiting = [(0, index) for index in range(len(replays))]
    while waiting:
        _, index = heapq.heappop(waiting)
        next_us = replays[index].advance()
        if next_us is not None:
            heapq.heappush(waiting, (next_us, index))
        await asyncio.sleep(0)  # a signal is heard here


def _open(settings: TradesSettings, index: int) -> Recording:
    pair = settings.file_pair[index] if settings.file_pair else None
    exchange = settings.file_exchange[index] if settings.file_exchange else settings.exchange_label
    steps = None if settings.file_steps is None else Steps.parse(settings.file_steps)
    with _as_setting():
        return open_recording(settings.file[index], pair=pair, exchange=exchange, steps=steps)


def _series(recordings: list[Recording]) -> Series:
    with _as_setting():
        return Series(recordings)


@contextmanager
def _as_setting() -> Iterator[None]:
    """Say which setting names what cannot be used."""
    try:
        yield
    except BadInputError as error:
        raise BadSettingError(f"TRADES_FILE: {error.field}", error.expected, error.got) from error


class _Replay:
    """One pair's files in order, from where they were left.

    Files are cut and resumed by position, not by time or id: the second part begins with the very row at which the
    first part ended, late rows included.
    """

    def __init__(
        self,
        series: Series,
        checkpoint: TradesCheckpoint | None,
        settings: TradesSettings,
        producer: MessageProducer,
        bad_rows: BadRows,
    ) -> None:
        first = series.recordings[0]
        self._series = series
        self._bad_rows = bad_rows
        self._complaints: list[BadFileRow] = []
        self._fresh = checkpoint is None
        self._from_us = (settings.file_from_ms or 0) * US_PER_MS
        self._until_us = None if settings.file_until_ms is None else settings.file_until_ms * US_PER_MS
        progress = checkpoint or fold.initial(first.exchange, first.pair, self._from_us, self._cursor(0, 0))
        self._log = PairLog(
            producer, progress, consecutive_ids=series.consecutive_ids, cursor_at=lambda _time_us: "0"
        )
        self._resume = self._position(progress.cursor)
        self._places = self._read()
        self._next: Part | None = None
        self._lost_to_us = 0

    def advance(self) -> int | None:
        """Write the frame at hand and return the time of the one after it; None at the end."""
        if self._is_done():
            logger.info("{}: written already", self._log.progress.pair)
            return None
        if self._next is not None and self._write(self._next):
            self._log.end_of_history(self._until_us or 0, final=False)
            return None
        self._next = next(self._places, None)
        if self._next is None:
            self._end_of_input()
            return None
        return self._next.frame.timestamps_us[0]

    def _position(self, cursor: str) -> tuple[int, int]:
        """Return (file, row) of the first row not written yet; a file no longer listed counts as not begun."""
        name, _, row = cursor.rpartition("#")
        for index in range(len(self._series.recordings)):
            if self._series.label(index) == name:
                return (index + 1, 0) if row == _END_OF_FILE else (index, int(row))
        return (0, 0)

    def _cursor(self, file: int, row: int | str) -> str:
        return f"{self._series.label(file)}#{row}"

    def _is_done(self) -> bool:
        progress = self._log.progress
        if self._resume[0] >= len(self._series.recordings):
            return True
        return self._until_us is not None and progress.history_complete and progress.covered_to_us >= self._until_us

    def _read(self) -> Iterator[Part]:
        """Return the frames, or their rest, that were not written yet."""
        file, skip = self._resume
        seen = self._series.seen_before(file) if file else None
        with _as_setting():
            for part in self._series.parts(self._complaints.append, first_file=file, seen=seen):
                rows = len(part.frame.trade_ids)
                first = max(0, skip - part.row) if part.file == file else 0
                if first:  # what was wrong around them was said when they were written
                    self._complaints.clear()
                if first < rows:
                    yield Part(part.file, part.row + first, _cut(part.frame, first, rows))

    def _complain(self) -> None:
        """Set aside the bad rows up to here: once, with the trades that they stand among."""
        for bad in self._complaints:
            text = f"line {bad.line_number}: {bad.reason}"
            self._bad_rows.add(BadRow(bad.text, text, self._log.progress.pair))
        self._complaints.clear()

    def _write(self, place: Part) -> bool:
        """Write the wanted part of a frame; return whether the end of what is wanted was reached."""
        frame, rows = place.frame, len(place.frame.trade_ids)
        begun = not self._fresh or self._log.progress.last_trade_id is not None
        first = 0 if begun else next((r for r in range(rows) if frame.timestamps_us[r] >= self._from_us), rows)
        end = rows
        if self._until_us is not None:
            end = next((r for r in range(rows) if frame.timestamps_us[r] >= self._until_us), rows)
        if first < end:
            if not begun and (place.row + first > 0 or place.file > 0):
                self._log.begin()  # the file goes back further, so input is complete from `file_from_ms` on
            cursor = self._cursor(place.file, place.row + end)
            self._complain()
            self._write_or_lose(_cut(frame, first, end), cursor)
            self._log.checkpoint()
        return end < rows

    def _write_or_lose(self, frame: TradeFrame, cursor: str) -> None:
        """Write a frame without those of its trades whose ids start again."""
        last_id, last_us = self._log.progress.last_trade_id or -1, self._log.progress.last_timestamp_us or 0
        if frame.trade_ids[0] > last_id:
            self._log.frame(frame, cursor=cursor)
            return
        rows = zip(frame.trade_ids, frame.timestamps_us, strict=True)
        again = [starts_again(trade_id, time_us, last_id, last_us) for trade_id, time_us in rows]
        if any(again):
            lost = [Trade(*row) for row, lost in zip(frame.rows(), again, strict=True) if lost]
            self._log.lost(lost, not_above(last_id), self._bad_rows, cursor)
            self._lost_to_us = max(self._lost_to_us, *(trade.timestamp_us for trade in lost))
        if not all(again):
            self._log.frame(_take(frame, [not each for each in again]), cursor=cursor)

    def _end_of_input(self) -> None:
        """Close what is open: nothing follows."""
        self._complain()
        for file, repeated in self._series.repeated.items():
            if repeated.rows:
                name = self._series.label(file)
                logger.warning("{}: {} rows repeat earlier files, left out", name, repeated.rows)
        progress = self._log.progress
        end_us = max(progress.last_timestamp_us or progress.covered_to_us, self._lost_to_us)
        self._log.end_of_history(
            end_us, final=True, cursor=self._cursor(len(self._series.recordings) - 1, _END_OF_FILE)
        )
        logger.info("{}: written up to trade {}", progress.pair, progress.last_trade_id)


def _cut(frame: TradeFrame, first: int, end: int) -> TradeFrame:
    """Return the rows `first` <= row < `end`."""
    if first == 0 and end == len(frame.trade_ids):
        return frame
    return frame.model_copy(update={name: getattr(frame, name)[first:end] for name in TRADE_COLUMNS})


def _take(frame: TradeFrame, wanted: list[bool]) -> TradeFrame:
    """Return the rows that are wanted."""
    return frame.model_copy(update={name: list(compress(getattr(frame, name), wanted)) for name in TRADE_COLUMNS})
