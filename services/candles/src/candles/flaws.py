"""Counts what the market data does to its readers: gaps, late trades, trades that come again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from candles.core.updates import Correction, Output, Refused, WindowUpdate
from contracts.candle import Candle
from contracts.trade_frame import TradeFrame
from streaming.telemetry.metrics import DATA_FLAWS, DUPLICATE, GAP, LATE

_GAPS = DATA_FLAWS.labels(kind=GAP)
_LATE = DATA_FLAWS.labels(kind=LATE)
_DUPLICATES = DATA_FLAWS.labels(kind=DUPLICATE)


def counted(candles: Iterable[Candle]) -> Iterator[Candle]:
    """Yield `candles`, counting those that come out as gaps."""
    for candle in candles:
        if candle.quality == "gap" and candle.revision == 0:
            _GAPS.inc()
        yield candle


def count_trades(message: object, outputs: Iterable[Sequence[Output]], waits: int, interval_s: int) -> None:
    """Count the trades of a frame that came late, and those that had been applied before.

    Parameters
    ----------
    outputs
        What the parts of `message` led to.
    waits
        How many trades more than before wait to go to the windows.
    interval_s
        Of the windows to count in: each trade is once in those of one interval.
    """
    if not isinstance(message, TradeFrame) or waits == len(message.trade_ids):
        return
    on_time, late, refused = waits, 0, 0
    for output in (each for part in outputs for each in part):
        if isinstance(output, Refused):
            refused += len(output.message.trade_ids) if isinstance(output.message, TradeFrame) else 0
        elif output.interval_s != interval_s:
            continue
        elif isinstance(output, WindowUpdate):
            on_time += output.partial["count"]
        elif isinstance(output, Correction):
            late += sum(partial["count"] for _, partial in output.windows)
    duplicates = len(message.trade_ids) - on_time - late - refused
    if late:
        _LATE.inc(late)
    if duplicates > 0:
        _DUPLICATES.inc(duplicates)
