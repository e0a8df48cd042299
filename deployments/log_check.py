"""What is on a log, held against itself: trades or windows missing between two others, ids with two values.

    TRADESTREAM_BROKER_ADDRESS=127.0.0.1:31092 python deployments/log_check.py

Repeats of identical value are counted and are no fault: transport is at-least-once. What `tradestream verify` asks,
whether the values are right, is not asked here.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from contracts import topics
from contracts.services import SERVICE_NAMES
from contracts.topics import TopicSpec
from contracts.trade_frame import TradeFrame
from contracts.units import MS_PER_SECOND
from contracts.window import WindowMessage
from streaming.clients import read_dead_letters, read_topic
from streaming.settings import ServiceSettings

WINDOWS = (topics.CANDLES, topics.TECHNICAL_INDICATORS, topics.PREDICTIONS)
ACTS = (topics.SIGNALS, topics.ORDERS, topics.FILLS, topics.POSITIONS, topics.PNL, topics.RISK_ALERTS)


@dataclass
class Series:
    """Positions that should follow one another by `step`, each with one value."""

    step: int
    values: dict[int, object] = field(default_factory=dict)
    repeats: int = 0
    two_values: int = 0

    def add(self, position: int, value: object) -> None:
        """Note what stands at `position`."""
        if position in self.values:
            self.repeats += 1
            self.two_values += self.values[position] != value
        else:
            self.values[position] = value

    @property
    def holes(self) -> int:
        """How many positions are missing between the first and the last."""
        return sum((after - before) // self.step - 1 for before, after in pairwise(sorted(self.values)))


def trades(settings: ServiceSettings) -> dict[str, Series]:
    """Return the trades of each pair by id."""
    series: dict[str, Series] = {}
    for record in read_topic(settings, topics.TRADES):
        frame = record.message()
        if isinstance(frame, TradeFrame):
            pair = series.setdefault(frame.pair, Series(step=1))
            for number, *trade in frame.rows():
                pair.add(number, tuple(trade))
    return series


def windows(settings: ServiceSettings, spec: TopicSpec) -> dict[str, Series]:
    """Return the windows of each pair and interval, first revisions only."""
    series: dict[str, Series] = {}
    for record in read_topic(settings, spec):
        window = record.message()
        if isinstance(window, WindowMessage) and not getattr(window, "revision", 0):
            name = f"{window.pair} {window.interval_s} s"
            each = series.setdefault(name, Series(step=window.interval_s * MS_PER_SECOND))
            each.add(window.window_start_ms, record.value)
    return series


def acts(settings: ServiceSettings, spec: TopicSpec) -> Series:
    """Return messages by id, in the order of their first appearance: nothing can be missing between them."""
    numbers: dict[tuple[str, str], int] = {}
    series = Series(step=1)
    for record in read_topic(settings, spec):
        message = record.message()
        number = numbers.setdefault((message.key, message.message_id), len(numbers))
        series.add(number, record.value)
    return series


def everything(settings: ServiceSettings) -> Iterator[tuple[str, Series]]:
    """Yield all series of the log by name."""
    for pair, series in sorted(trades(settings).items()):
        yield f"trades {pair}", series
    for spec in WINDOWS:
        for name, series in sorted(windows(settings, spec).items()):
            yield f"{spec.name} {name}", series
    for spec in ACTS:
        yield spec.name, acts(settings, spec)


def main() -> int:
    """Print a line for each series; the exit code is 1 if anything is missing or has two values."""
    settings = ServiceSettings()
    print(f"{'':36}{'ids':>9}{'repeats':>9}{'missing':>9}{'two values':>12}")
    wrong = 0
    for name, series in everything(settings):
        print(f"{name:36}{len(series.values):>9,}{series.repeats:>9,}{series.holes:>9,}{series.two_values:>12,}")
        wrong += series.holes + series.two_values
    for service in SERVICE_NAMES[1:]:
        letters = sum(1 for _ in read_dead_letters(settings, service))
        if letters:
            print(f"dead letters of {service}: {letters:,}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
