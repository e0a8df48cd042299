"""What a person and the metrics are told while history is written."""

from __future__ import annotations

import time

from loguru import logger

from contracts.counted import counted
from contracts.units import US_PER_SECOND
from trades import metrics
from trades.core.pace import Pace

_LOG_SECONDS = 5.0
_US_PER_HOUR = 3_600 * US_PER_SECOND


class BackfillReport:
    """One pair's progress: percent, trades, market hours left and wall time left.

    Parameters
    ----------
    start_us, goal_us
        Event time at which the history begins, and that the venue has reached.
    reached_us
        How far it was written before; by default nothing was.
    """

    def __init__(self, pair: str, start_us: int, goal_us: int, reached_us: int | None = None) -> None:
        self._pair = pair
        reached_us = start_us if reached_us is None else max(start_us, reached_us)
        self._pace = Pace(start_us, goal_us).after(time.monotonic(), reached_us, trades=0)
        self._logged_at = time.monotonic()
        self._told = False

    def wrote(self, trades: int, reached_us: int, goal_us: int | None = None) -> None:
        """Note that `trades` more are written, and everything before `reached_us`; say so now and then."""
        now = time.monotonic()
        pace = self._pace = self._pace.after(now, reached_us, trades, goal_us)
        left_seconds = pace.left_seconds
        metrics.HISTORY_DONE.labels(pair=self._pair).set(pace.done_pct)
        metrics.HISTORY_LEFT.labels(pair=self._pair).set(pace.left_us / _US_PER_HOUR)
        metrics.HISTORY_TRADES.labels(pair=self._pair).set(pace.trades)
        if left_seconds is not None:
            metrics.HISTORY_LEFT_SECONDS.labels(pair=self._pair).set(left_seconds)
        if now - self._logged_at >= _LOG_SECONDS:
            self._logged_at, self._told = now, True
            logger.info("{}: {}", self._pair, _in_words(pace, left_seconds))

    def done(self, reached_us: int) -> None:
        """Note that nothing is left."""
        self._pace = self._pace.after(time.monotonic(), reached_us, trades=0)
        metrics.HISTORY_DONE.labels(pair=self._pair).set(100)
        metrics.HISTORY_LEFT.labels(pair=self._pair).set(0)
        metrics.HISTORY_LEFT_SECONDS.labels(pair=self._pair).set(0)
        if self._told:
            logger.info("{}: history is complete, {:,} trades", self._pair, self._pace.trades)


def _in_words(pace: Pace, left_seconds: float | None) -> str:
    hours = pace.left_us / _US_PER_HOUR
    left = "" if left_seconds is None else f", about {_duration(left_seconds)}"
    return f"history {pace.done_pct:.0f} %, {counted(pace.trades, 'trade')}, {hours:.1f} h of the market left{left}"


def _duration(seconds: float) -> str:
    """Return a length of time as people say it.

    Examples
    --------
    >>> _duration(42), _duration(200), _duration(8_000)
    ('42 s', '3 min', '2 h 13 min')
    """
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"
