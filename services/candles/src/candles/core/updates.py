"""What the admit step says to the steps after it."""

from __future__ import annotations

from typing import NamedTuple

from candles.core.fold import Windows
from candles.core.outage import Span
from candles.core.pair import Pair
from candles.core.partial import Partial
from contracts.end_of_history import EndOfHistory
from contracts.feed_outage import FeedOutage
from contracts.heartbeat import Heartbeat
from contracts.trade_frame import TradeFrame

#: What the trades topic carries.
TradesMessage = TradeFrame | Heartbeat | FeedOutage | EndOfHistory


class WindowUpdate(NamedTuple):
    """Trades on time, or the passing of time, for the tumbling window of `interval_s` that `time_ms` is in."""

    interval_s: int
    time_ms: int
    partial: Partial


class Correction(NamedTuple):
    """Late trades, or new knowledge, about windows of `interval_s` that have closed.

    Attributes
    ----------
    time_ms
        Of the newest message so far.
    windows
        What late trades add.
    changed_us
        In this span the quality of closed candles may have changed.
    closed_to_ms
        Every window that ends by then has closed.
    """

    interval_s: int
    time_ms: int
    windows: Windows
    changed_us: Span | None
    closed_to_ms: int


class ClosedWindow(NamedTuple):
    """A window of `interval_s` that has closed, with all its trades on time."""

    interval_s: int
    start_ms: int
    partial: Partial


class Refused(NamedTuple):
    """A message, or the part of a frame, that cannot be used: for the dead letters.

    Attributes
    ----------
    reason
        One of a few words; it becomes a metric's label.
    error
        What was expected and what came.
    """

    message: TradesMessage
    reason: str
    error: str


Update = WindowUpdate | Correction
Output = Update | Refused
#: The state after a part of a message, and what that part leads to.
Step = tuple[Pair, list[Output]]
