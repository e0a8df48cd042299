"""Many accounts of many strategies: what signals and execution do a second, beside accounts that have one each."""

from __future__ import annotations

import gc
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from statistics import median
from typing import TypeVar

import numpy as np
from tests.signals.market_stream import row

from benchmarks.table import Goal, Table, rate
from contracts.account import Account
from contracts.account_strategy import AccountStrategy
from contracts.candle_mark import CandleMark
from contracts.feature_row import FeatureRow
from contracts.fill import Fill
from contracts.signal import Signal
from contracts.state import MemoryState
from contracts.units import decimal_string
from exchanges.paper import PaperBroker
from execution.core.execute import fold
from execution.core.policy import Policy
from signals.core.at_work import Streams
from signals.core.decide import step
from signals.core.followed import Desk
from signals.deciders import deciders_of

_PAIRS = tuple(f"P{number}/USD" for number in range(10))
#: One for each pair; short ones, so that there is something to trade.
_STRATEGIES = tuple({"fast": 5 + number, "slow": 50 + number} for number in range(len(_PAIRS)))
_NAME, _WARM_UP_BARS = "sma_cross", 60
_ONE, _ONE_EACH, _TEN_EACH = (
    "1 account, 1 strategy",
    "{} accounts, 1 strategy each",
    "{} accounts, 10 strategies each",
)
#: An account of ten strategies may cost so much of one that has one.
_LEAST_SHARE = 0.9

Told = list[Signal | CandleMark]
Done = TypeVar("Done")


@dataclass(frozen=True)
class Size:
    """How many accounts, bars that are measured, and how often."""

    accounts: int = 100
    bars: int = 30
    rounds: int = 5


@dataclass(frozen=True)
class Speed:
    """Messages of signals, and what execution does with them, a second."""

    messages: int
    fills: int
    signals: float
    execution: float


def measure(size: Size) -> list[Table]:
    """Let all accounts trade the same ten pairs, in turn; each account of ten strategies has one for each pair."""
    rows = _market(_WARM_UP_BARS + size.bars)
    ways = {
        _ONE: [_of_one(0)],
        _ONE_EACH.format(size.accounts): [_of_one(number) for number in range(size.accounts)],
        _TEN_EACH.format(size.accounts): [_of_ten(number) for number in range(size.accounts)],
    }
    found = {label: _speed(accounts, rows, size.rounds) for label, accounts in ways.items()}
    return [_table(size, found)]


def _of_one(number: int) -> Account:
    parameters = _STRATEGIES[number % len(_STRATEGIES)]
    return Account(name=f"a{number}", pairs=_PAIRS, strategy=_NAME, parameters=parameters)


def _of_ten(number: int) -> Account:
    tables = [
        AccountStrategy(strategy=_NAME, parameters=_STRATEGIES[(number + at) % len(_STRATEGIES)], pairs=(pair,))
        for at, pair in enumerate(_PAIRS)
    ]
    return Account(name=f"a{number}", pairs=_PAIRS, strategies=tuple(tables))


def _market(bars: int) -> list[FeatureRow]:
    """Return minutes of all pairs, in the order of time."""
    rng = np.random.default_rng(7)
    closes = np.round(100 * np.exp(np.cumsum(rng.normal(0, 0.004, (bars + 1, len(_PAIRS))), axis=0)), 2)
    return [
        row(
            minute,
            pair=pair,
            open=_text(opened),
            high=_text(max(opened, close) + 0.01),
            low=_text(min(opened, close) - 0.01),
            close=_text(close),
            volume="100000",
        )
        for minute in range(bars)
        for pair, opened, close in zip(_PAIRS, closes[minute], closes[minute + 1], strict=True)
    ]


def _text(price: float) -> str:
    return decimal_string(Decimal(f"{price:.2f}"))


def _speed(accounts: Sequence[Account], rows: Sequence[FeatureRow], rounds: int) -> Speed:
    """Return the medians of some rounds, each from nothing on; what warms up is not measured."""
    warm = _WARM_UP_BARS * len(_PAIRS)
    speeds = []
    for _ in range(rounds):
        signals, execution = _Signals(accounts), _Execution(accounts)
        execution.take(signals.take(rows[:warm]))
        told, signals_seconds = _timed(lambda s=signals: s.take(rows[warm:]))  # type: ignore[misc]
        fills, execution_seconds = _timed(lambda e=execution, t=told: e.take(t))  # type: ignore[misc]
        speeds.append(Speed(len(told), fills, len(told) / signals_seconds, len(told) / execution_seconds))
    return Speed(
        speeds[0].messages,
        speeds[0].fills,
        median(each.signals for each in speeds),
        median(each.execution for each in speeds),
    )


class _Signals:
    """The fold of signals over a state for each pair."""

    def __init__(self, accounts: Sequence[Account]) -> None:
        self._desk = Desk(tuple(chain.from_iterable(map(deciders_of, accounts))))
        self._states: defaultdict[str, MemoryState] = defaultdict(MemoryState)
        self._streams: Streams = {}

    def take(self, rows: Sequence[FeatureRow]) -> Told:
        told = (step(self._states[each.pair], each, self._desk, self._streams).messages for each in rows)
        return list(chain.from_iterable(told))


class _Execution:
    """The fold of execution over a state for each account."""

    def __init__(self, accounts: Sequence[Account]) -> None:
        self._accounts = {each.name: each for each in accounts}
        self._states: defaultdict[str, MemoryState] = defaultdict(MemoryState)
        self._broker, self._policy = PaperBroker(), Policy()

    def take(self, told: Told) -> int:
        """Let accounts act on what they are told; return how many fills that gave."""
        fills = 0
        for each in told:
            account = self._accounts[each.account]
            outputs = fold(self._states[each.account], each, account, self._broker, self._policy)
            fills += sum(isinstance(output, Fill) for output in outputs)
        return fills


def _timed(do: Callable[[], Done]) -> tuple[Done, float]:
    gc.collect()
    started = time.process_time()
    done = do()
    return done, time.process_time() - started


def _table(size: Size, found: dict[str, Speed]) -> Table:
    one, ten = found[_ONE_EACH.format(size.accounts)], found[_TEN_EACH.format(size.accounts)]
    cells = [
        (label, f"{speed.messages:,}", f"{speed.fills:,}", rate(speed.signals), rate(speed.execution))
        for label, speed in found.items()
    ]
    goals = [
        Goal("signals, ten strategies to one", ten.signals / one.signals, _LEAST_SHARE, at_least=True, unit="x"),
        Goal(
            "execution, ten strategies to one", ten.execution / one.execution, _LEAST_SHARE, at_least=True, unit="x"
        ),
    ]
    title = f"Decisions and marks of {len(_PAIRS)} pairs, {size.bars} bars: CPU time, medians of {size.rounds} rounds"
    columns = ("", "messages", "fills", "signals, messages/s", "execution, messages/s")
    return Table(title, columns, cells, goals)
