"""How far a pair has come: a fold of what was written into the checkpoint that a restart reads."""

from __future__ import annotations

from contracts.trade_frame import TradeFrame
from contracts.trades_checkpoint import TradesCheckpoint


def initial(exchange: str, pair: str, start_us: int, cursor: str) -> TradesCheckpoint:
    """Return the progress of a pair of which nothing was written yet; its input is to be complete from `start_us`."""
    return TradesCheckpoint(
        exchange=exchange,
        pair=pair,
        last_trade_id=None,
        last_timestamp_us=None,
        cursor=cursor,
        covered_to_us=start_us,
        history_complete=False,
    )


def after_frame(progress: TradesCheckpoint, frame: TradeFrame, cursor: str) -> TradesCheckpoint:
    """Return the progress after `frame` was written; late trades move no id and no time back."""
    newest_us = max(frame.timestamps_us)
    return progress.model_copy(
        update={
            "last_trade_id": max(frame.trade_ids[-1], progress.last_trade_id or 0),
            "last_timestamp_us": max(newest_us, progress.last_timestamp_us or 0),
            "cursor": cursor,
            "covered_to_us": max(newest_us, progress.covered_to_us),
        }
    )


def covered_to(progress: TradesCheckpoint, time_us: int) -> TradesCheckpoint:
    """Return the progress after the venue said that nothing before `time_us` is missing."""
    if time_us <= progress.covered_to_us:
        return progress
    return progress.model_copy(update={"covered_to_us": time_us})


def history_done(progress: TradesCheckpoint, time_us: int, cursor: str | None = None) -> TradesCheckpoint:
    """Return the progress after the history up to `time_us` was written."""
    update = {"history_complete": True, "cursor": progress.cursor if cursor is None else cursor}
    return covered_to(progress, time_us).model_copy(update=update)
