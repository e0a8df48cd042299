"""A strategy of two means over the same bars in several engines: the same trades first, then CPU time."""

from __future__ import annotations

import gc
import json
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from backtest.bars import COMPLETE, EXACT_COLUMNS, Bars, FloatTexts
from backtest.books import curve_of
from backtest.decided import decide
from backtest.engine import DENSE, Outcome, run
from backtest.market import market_of
from benchmarks.backtests.live_folds import traded
from benchmarks.logs import CannotRunError
from benchmarks.scripts import command_of, version_of
from benchmarks.table import Goal, Table, rate
from contracts.account import Account
from contracts.fill import Fill
from contracts.message import Message
from exchanges.paper import PaperBroker
from execution.core.policy import Policy
from execution.core.sleep import PARTS
from features.blocks import Floats
from strategies.built_in import STRATEGIES

_OURS, _AWAKE, _WORST, _FIVE = "ours, asleep", "ours, never asleep", "ours, a decision each bar", "ours, five pairs"
#: The services' own folds on each candle, as they are chained by topics.
_FOLDS = "ours, the live folds chained"
_NAUTILUS, _BACKTESTING = "NautilusTrader", "backtesting.py"
_HERE = Path(__file__).parent
_PEERS = {_NAUTILUS: _HERE / "nautilus_engine.py", _BACKTESTING: _HERE / "backtesting_engine.py"}
#: So small that 500,000 bars leave enough to buy a whole coin, the least that backtesting.py buys.
_FEE_BPS = Decimal(1)
STRATEGY, FAST, SLOW = "sma_cross", 20, 50
BROKER = PaperBroker(slippage_bps=Decimal(0), fee_bps=_FEE_BPS)
_BEGIN_MS, _MINUTE_MS = 1_680_480_000_000, 60_000
_CASH = Decimal(1_000_000_000)
_PAIRS = ("BTC/USD", "ETH/USD", "SOL/USD", "ADA/USD", "XRP/USD")
#: So many times as fast as each.
_GOALS = {_FOLDS: 30.0, _NAUTILUS: 10.0, _BACKTESTING: 2.0}

Fills = list[tuple[int, str]]


@dataclass(frozen=True)
class Size:
    """How many bars for those that sleep and for those that do not, and how often."""

    bars: int = 500_000
    awake: int = 20_000
    rounds: int = 5
    peers: tuple[str, ...] = tuple(_PEERS)


def bars_of(pair: str, length: int, seed: int) -> Bars:
    """Return bars that open where the one before closed, so that all engines fill at one price."""
    rng = np.random.default_rng(seed)
    close = np.round(30_000 * np.exp(np.cumsum(rng.normal(0, 0.0007, length))), 2)
    opened = np.append(close[:1], close[:-1])
    return bars_from(pair, opened, close, np.round(rng.exponential(5, (2, length)), 2))


def bars_from(pair: str, opened: Floats, close: Floats, reach: Floats) -> Bars:
    """Return minutes of much volume that reach so far above and below their open and close."""
    length = len(close)
    columns = {
        "open": opened,
        "high": np.round(np.maximum(opened, close) + reach[0], 2),
        "low": np.round(np.maximum(np.minimum(opened, close) - reach[1], 0.01), 2),
        "close": close,
        "volume": np.full(length, 1e7),
        "trade_count": np.full(length, 100.0),
        "taker_buy_volume": np.full(length, 5e6),
    }
    starts = _BEGIN_MS + _MINUTE_MS * np.arange(length, dtype=np.int64)
    texts = {name: FloatTexts(columns[name]) for name in EXACT_COLUMNS}
    counts, complete = np.full(length, 100, np.int64), np.full(length, COMPLETE, np.int8)
    return Bars("kraken", pair, 60, starts, texts, columns, counts, complete)


def account_of(pairs: tuple[str, ...], strategy: str = STRATEGY) -> Account:
    """Return one whose limits are looked at and never reached."""
    return Account(
        name="bench",
        pairs=pairs,
        strategy=strategy,
        initial_balance_quote=_CASH,
        position_pct=Decimal(95) / len(pairs),
        max_position_pct=Decimal(100),
        max_daily_loss_pct=Decimal(100),
        max_total_loss_pct=Decimal(100),
        cooldown_bars=0,
    )


def ours(every: Mapping[str, Bars], parts: Any = PARTS, *, flip: bool = False) -> Outcome:
    """Run the account, from bars to the curve of its equity."""
    account = account_of(tuple(every))
    strategy = STRATEGIES[STRATEGY].made({"fast": FAST, "slow": SLOW})
    decided = {pair: decide(strategy, STRATEGY, "0" * 12, bars, 300) for pair, bars in every.items()}
    if flip:  # bought on each second bar, sold on the others
        for each in decided.values():
            each.decisions[:] = 1 + np.arange(len(each.decisions)) % 2
            each.targets[:] = 2 - each.decisions
    outcome = run(market_of(account, decided, Policy()), BROKER, Policy(), parts)
    curve_of(outcome)
    return outcome


def fills_of(outcome: Outcome) -> Fills:
    return _fills(outcome.messages)


def _fills(messages: Iterable[Message]) -> Fills:
    return [(each.filled_at_ms, each.side) for each in messages if isinstance(each, Fill)]


def _chained(every: Mapping[str, Bars]) -> list[Message]:
    [bars] = every.values()
    return traded(bars, account_of(tuple(every)), BROKER)


class Peer:
    """Another engine, in a process and an environment of its own."""

    def __init__(self, name: str, bars: Path) -> None:
        self._name = name
        self._process = subprocess.Popen(
            command_of(_PEERS[name], bars, FAST, SLOW, _FEE_BPS / 10_000),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=bars.parent,
        )

    def run(self) -> tuple[float, Fills]:
        """Return the CPU seconds of a round, and its fills."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write("again\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise CannotRunError(f"{self._name} ended with {self._process.wait()}")
        answer = json.loads(line)
        return answer["seconds"], [(at_ms, side) for at_ms, side in answer["fills"]]

    def close(self) -> None:
        self._process.communicate()


def require_same_trades(name: str, theirs: Fills, expected: Fills, end_ms: int) -> None:
    """Refuse an engine that trades on other bars: its time would say nothing.

    Raises
    ------
    AssertionError
        Naming the first bar.
    """
    found, wanted = (sorted({fill for fill in fills if fill[0] < end_ms}) for fills in (theirs, expected))
    if found != wanted:
        raise AssertionError(f"{name}: expected our fills, first other one {sorted(set(found) ^ set(wanted))[0]}")


def measure(size: Size) -> list[Table]:
    """Let each trade in turn; refuse anybody who trades otherwise."""
    every = {pair: bars_of(pair, size.bars, seed) for seed, pair in enumerate(_PAIRS)}
    one, few = {_PAIRS[0]: every[_PAIRS[0]]}, {_PAIRS[0]: every[_PAIRS[0]][: size.awake]}
    ways: dict[str, tuple[int, Callable[[], object]]] = {
        _OURS: (size.bars, lambda: ours(one)),
        _FIVE: (5 * size.bars, lambda: ours(every)),
        _AWAKE: (size.awake, lambda: ours(few, DENSE)),
        _WORST: (size.awake, lambda: ours(few, flip=True)),
        _FOLDS: (size.awake, lambda: _chained(few)),
    }
    awake = fills_of(ours(few))  # compiled once, for all processes of this machine
    require_same_trades(_FOLDS, _fills(_chained(few)), awake, _BEGIN_MS + size.awake * _MINUTE_MS)
    expected, seconds = fills_of(ours(one)), {name: [0.0] * 0 for name in (*ways, *size.peers)}
    with ExitStack() as stack, tempfile.TemporaryDirectory(prefix="bench-backtest-") as folder:
        path = Path(folder, "bars.npz")
        columns: dict[str, Any] = {"starts_ms": one[_PAIRS[0]].starts_ms, **one[_PAIRS[0]].columns}
        np.savez(path, **columns)
        peers = {name: Peer(name, path) for name in size.peers}
        for peer in peers.values():
            stack.callback(peer.close)
        for _ in range(size.rounds):
            for name, (_, way) in ways.items():
                seconds[name].append(_timed(way))
            for name, peer in peers.items():
                took, fills = peer.run()
                require_same_trades(name, fills, expected, _BEGIN_MS + size.bars * _MINUTE_MS)
                seconds[name].append(took)
    bars = {**{name: bars for name, (bars, _) in ways.items()}, **dict.fromkeys(size.peers, size.bars)}
    return [_table(size, {name: bars[name] / median(each) for name, each in seconds.items()}, len(expected))]


def _timed(way: Callable[[], object]) -> float:
    gc.collect()
    began = time.process_time()
    way()
    return time.process_time() - began


def _table(size: Size, speeds: Mapping[str, float], fills: int) -> Table:
    ratio = {name: speeds[_OURS] / speed for name, speed in speeds.items()}
    goals = [Goal(f"as fast as {name}", ratio[name], _GOALS[name], True, "times") for name in (_FOLDS, *size.peers)]
    goals.append(Goal("a decision each bar, to the live folds", speeds[_WORST] / speeds[_FOLDS], 1.0, True, "times"))
    goals.append(Goal("five pairs, pair-bars against one pair", 1 / ratio[_FIVE], 0.6, True, "times"))
    notes = [
        f"{size.bars:,} bars, {fills:,} fills, the same in each engine; fees, and with ours limits and the curve of "
        "equity bar by bar.",
        f"Never asleep, a decision each bar, and the live folds: {size.awake:,} bars. Bars of five pairs are counted "
        "for each pair.",
        "Other engines: " + ", ".join(f"{name} {version_of(_PEERS[name])}" for name in size.peers) + ".",
    ]
    rows = [(name, rate(speed), f"{ratio[name]:.2f}") for name, speed in speeds.items()]
    title = f"Backtest of sma_cross({FAST}, {SLOW}): CPU time, medians of {size.rounds} rounds in turn"
    return Table(title, ("", "bars/s", "ours to it"), rows, goals, notes)
