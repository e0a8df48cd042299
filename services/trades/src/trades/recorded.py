"""Recorded files instead of a venue: the same messages, as fast as they can be written."""

from __future__ import annotations

import asyncio
from pathlib import Path

from loguru import logger

from contracts.trade_frame import TradeFrame
from contracts.trades_checkpoint import TradesCheckpoint
from contracts.units import US_PER_MS
from exchanges.recorded import Recording, open_recording
from streaming.clients import MessageProducer
from trades.bad_rows import BadRows
from trades.checkpoints import read_checkpoints
from trades.core import progress as fold
from trades.pair_log import PairLog
from trades.settings import TradesSettings

#: The cursor of a file that was read to its end.
END_OF_FILE = "end"
_COLUMNS = ("trade_ids", "timestamps_us", "prices", "quantities", "sides")


async def run_recorded(settings: TradesSettings, producer: MessageProducer, bad_rows: BadRows) -> None:
    """Write each file's trades, or the part of them that the settings ask for, one file after the other.

    Raises
    ------
    BadInputError
        If a file is missing, or is none that can be read.
    """
    checkpoints = read_checkpoints(settings)
    for index, path in enumerate(settings.file):
        pair = settings.file_pair[index] if settings.file_pair else None
        exchange = settings.file_exchange[index] if settings.file_exchange else settings.exchange_label
        recording = open_recording(path, pair=pair, exchange=exchange)
        checkpoint = checkpoints.get((recording.exchange, recording.pair))
        await _Replay(path, recording, checkpoint, settings, producer, bad_rows).run()


class _Replay:
    """One file, from where it was left."""

    def __init__(
        self,
        path: Path,
        recording: Recording,
        checkpoint: TradesCheckpoint | None,
        settings: TradesSettings,
        producer: MessageProducer,
        bad_rows: BadRows,
    ) -> None:
        self._path = path
        self._recording = recording
        self._bad_rows = bad_rows
        self._saw_earlier = False
        self._from_us = (settings.file_from_ms or 0) * US_PER_MS
        self._until_us = None if settings.file_until_ms is None else settings.file_until_ms * US_PER_MS
        start = fold.initial(recording.exchange, recording.pair, self._from_us, "0")
        self._log = PairLog(
            producer, checkpoint or start, consecutive_ids=recording.consecutive_ids, cursor_at=lambda _time_us: 0
        )

    async def run(self) -> None:
        name = f"{self._path.name} ({self._recording.exchange} {self._recording.pair})"
        if self._is_done():
            logger.info("{}: written already", name)
            return
        ended_early = False
        for frame in self._recording.frames(self._bad_rows.add):
            ended_early = self._write(frame)
            if ended_early:
                break
            await asyncio.sleep(0)  # a signal is heard here
        self._end(ended_early)
        logger.info("{}: written up to trade {}", name, self._log.progress.last_trade_id)

    def _is_done(self) -> bool:
        progress = self._log.progress
        if progress.cursor == END_OF_FILE:
            return True
        return self._until_us is not None and progress.history_complete and progress.covered_to_us >= self._until_us

    def _write(self, frame: TradeFrame) -> bool:
        """Write the wanted part of a frame; return whether the end of the wanted part was reached."""
        first, end = self._first_wanted(frame), self._end_wanted(frame)
        if first < end:
            if self._log.progress.last_trade_id is None and self._saw_earlier:
                self._log.begin()  # the file goes back further, so input is complete from `file_from_ms` on
            self._log.frame(frame if end - first == len(frame.trade_ids) else _cut(frame, first, end))
            self._log.checkpoint()
        return end < len(frame.trade_ids)

    def _first_wanted(self, frame: TradeFrame) -> int:
        """Return the row after the one written last, or the first one of `file_from_ms` or later.

        Files are cut by position: the second part begins with the very row at which the first part ended.
        """
        rows, last_id = len(frame.trade_ids), self._log.progress.last_trade_id
        if last_id is not None:
            return next((row for row in range(rows) if frame.trade_ids[row] > last_id), rows)
        first = next((row for row in range(rows) if frame.timestamps_us[row] >= self._from_us), rows)
        self._saw_earlier = self._saw_earlier or first > 0
        return first

    def _end_wanted(self, frame: TradeFrame) -> int:
        """Return the first row that is no longer wanted."""
        rows, until_us = len(frame.trade_ids), self._until_us
        if until_us is None:
            return rows
        return next((row for row in range(rows) if frame.timestamps_us[row] >= until_us), rows)

    def _end(self, ended_early: bool) -> None:
        """Close the part: what follows is written by the next start, or nothing does."""
        progress = self._log.progress
        if ended_early and self._until_us is not None:
            self._log.end_of_history(self._until_us, final=False)
            return
        end_us = progress.last_timestamp_us or progress.covered_to_us
        self._log.end_of_history(end_us, final=True, cursor=END_OF_FILE)


def _cut(frame: TradeFrame, first: int, end: int) -> TradeFrame:
    """Return the rows `first` <= row < `end`."""
    return frame.model_copy(update={name: getattr(frame, name)[first:end] for name in _COLUMNS})
