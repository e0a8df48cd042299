"""Feature rows and predictions for tests, as their services would write them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from itertools import chain
from typing import Any

from contracts.account import Account
from contracts.candle_mark import CandleMark
from contracts.feature_row import FeatureRow
from contracts.prediction import Prediction
from contracts.signal import Signal
from contracts.state import MemoryState
from features import feature_set_id
from signals.core.at_work import Streams
from signals.core.changes import Changes, NoChanges
from signals.core.decide import Told, step
from signals.core.followed import Decider, Desk
from signals.deciders import deciders_of

#: 2026-03-04 00:00:00 UTC.
MIDNIGHT_MS = 1_772_582_400_000


def prediction(minute: int, probability_up: float | None = 0.6, **changes: Any) -> Prediction:
    """Return what a model expects after a minute's candle; it could not speak where the probability is None."""
    spoke = probability_up is not None
    direction = 0 if probability_up in (None, 0.5) else 1 if probability_up > 0.5 else -1
    fields: dict[str, Any] = {
        "exchange": "kraken",
        "pair": "BTC/USD",
        "interval_s": 60,
        "window_start_ms": MIDNIGHT_MS + minute * 60_000,
        "model_name": "direction",
        "model_version": 3,
        "feature_set": "fs",
        "horizon_bars": 5,
        "probability_up": probability_up,
        "confidence": None if probability_up is None else max(probability_up, 1 - probability_up),
        "direction": direction,
        "reason": "ok" if spoke else "not_warm",
        "mark_open": "100",
        "mark_high": "101.5",
        "mark_low": "99",
        "mark_close": "101",
        "mark_trade_count": 7,
        "mark_quality": "complete",
    }
    return Prediction(**(fields | changes))


def row(minute: int, **changes: Any) -> FeatureRow:
    """Return the row of a minute's candle; its features are null."""
    fields: dict[str, Any] = {
        "exchange": "kraken",
        "pair": "BTC/USD",
        "interval_s": 60,
        "window_start_ms": MIDNIGHT_MS + minute * 60_000,
        "revision": 0,
        "open": "100",
        "high": "101.5",
        "low": "99",
        "close": "101",
        "volume": "2.5",
        "trade_count": 7,
        "first_trade_id": 1,
        "last_trade_id": 7,
        "quality": "complete",
        "feature_set": feature_set_id(),
    }
    return FeatureRow(**(fields | changes))


def minutes(*said: float | None, **of_row: Any) -> list[FeatureRow | Prediction]:
    """Return the row of each minute and what a model said of it, in the order in which they come about."""
    shared = {"mark_quality": "gap", "reason": "gap"} if of_row.get("quality") == "gap" else {}
    return [each for n, up in enumerate(said) for each in (row(n, **of_row), prediction(n, up, **shared))]


@cache
def _deciders(account: str) -> tuple[Decider, ...]:
    return deciders_of(Account.model_validate_json(account))


class Accounts:
    """Accounts and what is remembered of a pair: what the service keeps, in memory."""

    def __init__(self, *accounts: Account, state: MemoryState | None = None, **of_desk: Any) -> None:
        self.desk = Desk(tuple(chain(*(_deciders(each.model_dump_json()) for each in accounts))), **of_desk)
        self.state = state or MemoryState()
        self.streams: Streams = {}
        self.failed: list[str] = []
        self.changes: Changes = NoChanges()

    def take(self, message: FeatureRow | Prediction) -> Told:
        told = step(self.state, message, self.desk, self.streams, self.changes)
        self.failed += [str(error) for _, _, error in told.failed]
        return told

    def told(self, messages: Iterable[FeatureRow | Prediction]) -> list[Signal | CandleMark]:
        """Return all that the accounts are told."""
        return [each for message in messages for each in self.take(message).messages]

    def signals(self, messages: Iterable[FeatureRow | Prediction]) -> list[Signal]:
        """Return the decisions among it."""
        return [each for each in self.told(messages) if isinstance(each, Signal)]


def minute_of(message: Signal | CandleMark) -> int:
    """Return how many minutes after midnight the message's window begins."""
    return (message.window_start_ms - MIDNIGHT_MS) // 60_000
