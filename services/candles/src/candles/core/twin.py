"""The whole service without a log: the same cores around windows in memory, for research, backtests and tests.

`tests/candles` checks that it gives the candles that the service gives.
"""

from __future__ import annotations

from candles.core import admit, revise
from candles.core.pair import Pair
from candles.core.partial import NO_TRADES, Partial, merge
from candles.core.rules import Rules
from candles.core.updates import ClosedWindow, Correction, Refused, TradesMessage, Update
from contracts.candle import Candle
from contracts.state import MemoryState


class TumblingWindows:
    """Windows of one key as QuixStreams' `tumbling_window(...).final("key")` keeps them."""

    def __init__(self, interval_ms: int, grace_ms: int) -> None:
        self._interval_ms = interval_ms
        self._grace_ms = grace_ms
        self._latest_ms = 0
        self.open: dict[int, Partial] = {}

    def update(self, time_ms: int, partial: Partial) -> list[tuple[int, Partial]]:
        """Merge `partial` into its window and return the windows that this closes.

        Raises
        ------
        ValueError
            If its window has closed.
        """
        start_ms = time_ms - time_ms % self._interval_ms
        self._latest_ms = max(self._latest_ms, time_ms)
        last_closed_ms = self._latest_ms - self._grace_ms - self._interval_ms
        if start_ms <= last_closed_ms:
            raise ValueError(f"time_ms: expected a window that is open, was {time_ms} at {self._latest_ms}")
        self.open[start_ms] = merge(self.open.get(start_ms, NO_TRADES), partial)
        return [(start, self.open.pop(start)) for start in sorted(self.open) if start <= last_closed_ms]


class CandlesTwin:
    """The candles of one pair.

    Attributes
    ----------
    pair
        What is known of its market.
    refused
        What the service would have written to its dead letters.
    """

    def __init__(self, rules: Rules) -> None:
        self.pair: Pair | None = None
        self.refused: list[Refused] = []
        self.lost: list[tuple[int, Partial]] = []
        self.state = MemoryState()
        self.windows = {
            interval_s: TumblingWindows(interval_ms, rules.grace_ms)
            for interval_s, interval_ms in zip(rules.intervals_s, rules.intervals_ms, strict=True)
        }
        self._rules = rules

    def feed(self, message: TradesMessage) -> list[Candle]:
        """Return the candles that `message` leads to.

        Returns
        -------
        list[Candle]
            In the order in which the service writes them; corrections have a revision above 0.
        """
        candles: list[Candle] = []
        for pair, outputs in admit.step(self.pair, message, self._rules):
            self.pair = pair
            for output in outputs:
                if isinstance(output, Refused):
                    self.refused.append(output)
                    continue
                for event in self._events(output):
                    revised = revise.step(self.state, event, pair, self._rules)
                    self.lost += revised.lost
                    candles += revised.candles
        return candles

    def _events(self, update: Update) -> list[ClosedWindow | Correction]:
        if isinstance(update, Correction):
            return [update]
        closed = self.windows[update.interval_s].update(update.time_ms, update.partial)
        return [ClosedWindow(update.interval_s, start_ms, partial) for start_ms, partial in closed]
