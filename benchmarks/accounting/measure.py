"""The same strategy in our books and in those of others: every fill, and equity at every close.

The others decide by their own means, size by their own equity, fill and book with their own arithmetic, floats all of
it. Only bars, fee and slippage are given.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from backtest.bar_files import bars_of_files
from backtest.bars import Bars
from backtest.books import curve_of
from backtest.decided import decide
from backtest.engine import run
from backtest.market import market_of
from benchmarks.backtests.measure import FAST, SLOW, bars_from
from benchmarks.scripts import command_of, version_of
from benchmarks.table import Goal, Table
from contracts.account import Account
from contracts.fill import Fill
from exchanges.paper import PaperBroker
from execution.core.policy import Policy
from strategies import Exits
from strategies.built_in.sma_cross import SmaCross

_HERE = Path(__file__).parent
_BARS = _HERE.parent.parent / "tests/data/bars"
_RECORDED = {
    "BTC/USD": _BARS / "ta4j_coinbase_BTC-USD_4h_20160518-20251028.csv.gz",
    "BTC/BUSD": _BARS / "lean_binance_btcbusd_minute_20221213-20221213.csv.gz",
}
_VECTORBT, _BACKTESTING = "vectorbt", "backtesting.py"
PEERS = {_VECTORBT: _HERE / "vectorbt_books.py", _BACKTESTING: _HERE / "backtesting_books.py"}
#: Of a position: it ends within a bar.
BRACKET = Exits(stop_pct=2, target_pct=3)
#: backtesting.py has a spread that entries alone pay: no slippage of ours. vectorbt has no stop in an entry's bar.
CASES = (
    (Decimal(0), _VECTORBT, None),
    (Decimal(0), _BACKTESTING, None),
    (Decimal(2), _VECTORBT, None),
    (Decimal(0), _BACKTESTING, BRACKET),
)
_FEE_BPS, _CASH, _SHARE_PCT = Decimal(40), Decimal(10_000), Decimal(20)
#: Relative, of equity; and of means, below which floats may call either the greater.
_SAME, _EQUAL_MEANS = 1e-9, 1e-12

#: A bar and a side, 1 bought and -1 sold.
At = tuple[int, int]


@dataclass(frozen=True)
class Books:
    """What was traded: by bar and side quantity, price and fee; and equity at each close."""

    fills: dict[At, tuple[float, float, float]]
    equity: NDArray[np.float64]


class Difference(NamedTuple):
    """A fill that only one has, and why."""

    at: At
    ours: bool
    cause: str


UNEXPLAINED = "unexplained"


def coarse_bars(length: int, seed: int) -> Bars:
    """Return a market of whole prices: means are often equal, it gaps at opens, and jumps."""
    rng = np.random.default_rng(seed)
    jumps = rng.choice([-40, 0, 40], length, p=(0.002, 0.996, 0.002))
    close = 1_000.0 + np.abs(np.cumsum(rng.choice([-1, 0, 1], length, p=(0.2, 0.6, 0.2)) + jumps))
    opened = np.append(close[:1], close[:-1] + rng.integers(-2, 3, length - 1))
    return bars_from("BTC/USD", opened, close, rng.integers(0, 3, (2, length)).astype(float))


def markets() -> dict[str, Bars]:
    """Return the bars that are traded, by what they are called."""
    return {
        **{
            f"{pair}, recorded": bars_of_files([path], "kraken", [pair]).pairs[pair]
            for pair, path in _RECORDED.items()
        },
        "whole prices, equal means": coarse_bars(20_000, 7),
    }


class Bracketed(SmaCross):
    """The same, out of a position within a bar."""

    exits = BRACKET


def ours(bars: Bars, slippage_bps: Decimal, exits: Exits | None = None) -> Books:
    """Run the engine, with limits that nothing reaches."""
    account = Account(
        name="books",
        pairs=(bars.pair,),
        initial_balance_quote=_CASH,
        position_pct=_SHARE_PCT,
        max_position_pct=Decimal(100),
        max_daily_loss_pct=Decimal(100),
        max_total_loss_pct=Decimal(100),
        cooldown_bars=0,
    )
    strategy = (Bracketed if exits else SmaCross)(fast=FAST, slow=SLOW)
    decided = {bars.pair: decide(strategy, "sma_cross", "0" * 12, bars, 300)}
    broker = PaperBroker(slippage_bps=slippage_bps, fee_bps=_FEE_BPS, maker_fee_bps=_FEE_BPS)
    outcome = run(market_of(account, decided, Policy()), broker, Policy())
    fills = [each for each in outcome.messages if isinstance(each, Fill)]
    places = (np.searchsorted(bars.starts_ms, [each.filled_at_ms for each in fills], "right") - 1).tolist()
    return Books(
        {
            (place, 1 if each.side == "buy" else -1): (float(each.quantity), float(each.price), float(each.fee_quote))
            for place, each in zip(places, fills, strict=True)
        },
        curve_of(outcome).equity,
    )


def theirs(peer: str, bars: Bars, slippage_bps: Decimal, exits: Exits | None = None) -> Books:
    """Run a peer in its environment.

    Raises
    ------
    CannotRunError
        Without uv.
    subprocess.CalledProcessError
        If it fails.
    """
    with tempfile.TemporaryDirectory(prefix="bench-accounting-") as folder:
        given, found = Path(folder, "bars.npz"), Path(folder, "books.npz")
        columns: dict[str, Any] = {"starts_ms": bars.starts_ms, **bars.columns}
        np.savez(given, **columns)
        rates = (_FEE_BPS / 10_000, slippage_bps / 10_000, _CASH, _SHARE_PCT / 100)
        ends = (exits.stop_pct, exits.target_pct) if exits else ()
        subprocess.run(command_of(PEERS[peer], given, found, FAST, SLOW, *rates, *ends), check=True, cwd=folder)
        with np.load(found) as told:
            places = zip(told["bar"].tolist(), told["side"].tolist(), strict=True)
            values = zip(*(told[name].tolist() for name in ("quantity", "price", "fee")), strict=True)
            return Books(dict(zip(places, values, strict=True)), told["equity"])


def differences(bars: Bars, mine: Books, other: Books) -> Iterator[Difference]:
    """Yield what only one of both has traded, with the cause where it is known."""
    close = bars.columns["close"]
    for at in sorted(mine.fills.keys() ^ other.fills.keys()):
        fast, slow = (close[at[0] - length : at[0]].mean() for length in (FAST, SLOW))
        equal = abs(fast - slow) <= _EQUAL_MEANS * slow
        yield Difference(at, at in mine.fills, "means equal but for rounding" if equal else UNEXPLAINED)


def measure() -> list[Table]:
    """Compare each market with each peer that can book it."""
    rows: list[tuple[str, ...]] = []
    listed: list[tuple[str, ...]] = []
    worst = 0.0
    for market, bars in markets().items():
        for slippage_bps, peer, exits in CASES:
            mine, other = ours(bars, slippage_bps, exits), theirs(peer, bars, slippage_bps, exits)
            apart, only = gaps(mine, other), list(differences(bars, mine, other))
            worst = max(worst, apart[-1])
            counts = (f"{len(mine.fills):,}", str(len(only)))
            title = f"{market}, {exits.stop_pct} % stop, {exits.target_pct} % target" if exits else market
            rows.append((title, f"{slippage_bps} bps", peer, *counts, *map("{:.0e}".format, apart)))
            listed += [(market, peer, str(bar), "ours" if own else "theirs", cause) for (bar, _), own, cause in only]
    unexplained = sum(cause == UNEXPLAINED for *_, cause in listed)
    goals = [
        Goal("fills that only one has, unexplained", unexplained, 0, False, ""),
        Goal("equity at any close, apart by", worst, _SAME, False, "of it"),
    ]
    notes = [
        f"sma_cross({FAST}, {SLOW}), {_SHARE_PCT} % of equity, {_FEE_BPS} bps a fill. Each decides, sizes, fills and "
        "books on its own.",
        "Others: " + ", ".join(f"{peer} {version_of(script)}" for peer, script in PEERS.items()) + ".",
    ]
    columns = ("", "slippage", "", "fills", "only one has", "quantity", "price", "fee", "equity")
    tables = [Table("Accounting by others: greatest relative difference", columns, rows, goals, notes)]
    if listed:
        tables.append(Table("Fills that only one has", ("", "", "bar", "whose", "cause"), listed))
    return tables


def gaps(mine: Books, other: Books) -> tuple[float, ...]:
    """Return the greatest relative difference of quantity, price and fee of fills that both have, and of equity."""
    both = sorted(mine.fills.keys() & other.fills.keys())
    pairs = np.array([[mine.fills[at], other.fills[at]] for at in both]).reshape(-1, 2, 3)
    found = np.abs(pairs[:, 1] / pairs[:, 0] - 1).max(axis=0, initial=0)
    return (*map(float, found), float(np.abs(other.equity / mine.equity - 1).max()))
