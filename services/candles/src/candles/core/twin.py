"""The whole service without a log: the same cores around windows in memory, for research, backtests and tests.

`tests/candles` checks that it gives the candles that the service gives.
"""

from __future__ import annotations

from candles.core.admit import steps
from candles.core.candle_history import CandleHistory, Entry, Head
from candles.core.knowledge import Pair
from candles.core.partial import NO_TRADES, Partial, merge
from candles.core.revise import revise, settle
from candles.core.rules import Rules
from candles.core.updates import Refused, TradesMessage, Update, WindowUpdate
from contracts.candle import Candle
from contracts.units import MS_PER_SECOND


class MemoryEntries:
    """Entries of closed candles in a dict, at a fixed number of places."""

    def __init__(self, interval_s: int, size: int) -> None:
        self.size = size
        self.places: dict[int, Entry] = {}
        self._interval_ms = interval_s * MS_PER_SECOND

    def get(self, start_ms: int) -> Entry | None:
        """Return the entry of the window that starts at `start_ms`, if there is one."""
        entry = self.places.get(start_ms // self._interval_ms % self.size)
        return entry if entry is not None and entry["start"] == start_ms else None

    def put(self, entry: Entry) -> None:
        """Keep `entry`."""
        self.places[entry["start"] // self._interval_ms % self.size] = entry


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
        self.heads: dict[int, Head | None] = dict.fromkeys(rules.intervals_s)
        self.entries: dict[int, MemoryEntries] = {}
        self.windows: dict[int, TumblingWindows] = {}
        for interval_s, interval_ms in zip(rules.intervals_s, rules.intervals_ms, strict=True):
            self.entries[interval_s] = MemoryEntries(interval_s, rules.closed_windows_kept(interval_ms))
            self.windows[interval_s] = TumblingWindows(interval_ms, rules.grace_ms)
        self._rules = rules

    def feed(self, message: TradesMessage) -> list[Candle]:
        """Return the candles that `message` leads to, in the order in which the service writes them."""
        candles: list[Candle] = []
        for pair, outputs in steps(self.pair, message, self._rules):
            self.pair = pair
            for output in outputs:
                if isinstance(output, Refused):
                    self.refused.append(output)
                else:
                    candles += self._apply(pair, output)
        return candles

    def _apply(self, pair: Pair, update: Update) -> list[Candle]:
        interval_s = update.interval_s
        history = CandleHistory(pair, interval_s, self.entries[interval_s])
        if not isinstance(update, WindowUpdate):
            revised = revise(history, self.heads[interval_s], update)
            self.heads[interval_s] = revised.head
            self.lost += revised.lost
            return list(revised.candles)
        candles: list[Candle] = []
        for start_ms, partial in self.windows[interval_s].update(update.time_ms, update.partial):
            settled = settle(history, self.heads[interval_s], start_ms, partial)
            self.heads[interval_s] = settled.head
            self.lost += settled.lost
            candles += settled.candles
        return candles
