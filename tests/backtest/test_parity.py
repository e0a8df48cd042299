"""`tradestream backtest --of RUN`: what a run has published comes out again; what is altered is found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.backtest import ugly_markets as ugly
from tests.execution.operator_words import command

from backtest.again import RunTerms
from backtest.decided import NOTHING_SAID
from backtest.engine import Outcome
from backtest.market import market_of
from backtest.parity import parity
from backtest.said import said_to
from backtest.strategies_of import chosen
from backtest.tables import write_tables
from contracts.account import Account
from contracts.message import Message
from exchanges.paper import PaperBroker
from execution.core.account.portfolio import Portfolio
from execution.core.execute import run as live
from execution.core.policy import Policy
from results.report.data import load_table

PAIRS = ugly.PAIRS[:2]
ACCOUNT = Account(
    name="paper",
    pairs=PAIRS,
    strategy="sma_cross",
    parameters={"fast": 5, "slow": 50},
    position_pct=Decimal(40),
    max_position_pct=Decimal(50),
    max_daily_loss_pct=Decimal(50),
    max_total_loss_pct=Decimal(90),
)
TABLES = {
    "orders": "order",
    "fills": "fill",
    "positions": "position",
    "pnl": "pnl",
    "risk_alerts": "risk_alert",
}
TERMS = RunTerms((ACCOUNT,), PaperBroker(), Policy(), expiry_seconds=300, interval_s=60)


#: What operators said, after how many of the 1,000 signals: also within a minute, and twice in one.
WORDS = {3: "halt", 41: "resume", 200: "flatten", 201: "resume", 350: "reduce_only", 500: "resume", 733: "flatten"}


def with_words(signals: list[Any]) -> list[Any]:
    """Return the signals with what operators said between them."""
    events: list[Any] = []
    for number, each in enumerate(signals):
        events += [command(WORDS[number], number)] if number in WORDS else []
        events.append(each)
    return events


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tables of a run as the live fold makes them, signal by signal."""
    return written(tmp_path_factory.mktemp("run"))[0]


def written(folder: Path, between: Callable[[list[Any]], list[Any]] = list) -> tuple[Path, list[Any]]:
    """Write the tables of a run; return where, and what was on its topic of signals."""
    events = between(staged(folder, ACCOUNT))
    write_messages(folder, live(events, ACCOUNT, PaperBroker(), TERMS.policy))
    return folder, events


def staged(folder: Path, of: Account, holes: float = 0.02, seed: int = 5, length: int = 500) -> list[Any]:
    """Write signals and candles of a market; return the signals in the order in which they came."""
    rng = np.random.default_rng(seed)
    every = {p: ugly.bars(rng, p, length, ugly.BEGINNINGS_MS[0], jumps=0.0, holes=holes) for p in PAIRS}
    decided = {pair: chosen(of).decided(bars, TERMS.expiry_seconds) for pair, bars in every.items()}
    # Signals and candles: nothing has been traded in them.
    write_tables([Outcome(market_of(of, decided, TERMS.policy), Portfolio.opened(of))], folder)
    signals = [each.signal(of.name, place) for each in decided.values() for place in range(len(each.bars))]
    return sorted(signals, key=lambda signal: signal.window_start_ms)


def write_messages(folder: Path, messages: Iterable[Message]) -> None:
    """Write what came of it, a table for each kind."""
    by_name: dict[str, list[Mapping[str, object]]] = {}
    for message in messages:
        by_name.setdefault(message.schema_name, []).append(message.model_dump())
    for table, name in TABLES.items():
        schema = load_table(folder, table).schema
        pl.DataFrame(by_name.get(name, []), schema=schema).write_parquet(folder / f"{table}.parquet")


def test_signals_of_a_strategy_without_a_model_copy_no_prediction() -> None:
    bars = ugly.bars(np.random.default_rng(1), PAIRS[0], 30, ugly.BEGINNINGS_MS[0], jumps=0.0, holes=0.0)
    said = dict.fromkeys((*NOTHING_SAID, "reason"), [1] * len(bars))
    signal = chosen(ACCOUNT).decided(replace(bars, said=said), 300).signal("paper", 3)
    assert signal.prediction_id is None and signal.direction is None


def test_the_same_comes_out_again(run: Path) -> None:
    found = {each.table: each for each in parity(run, TERMS)}
    assert all(each.differences == () for each in found.values()), [each.differences[:3] for each in found.values()]
    assert all(each.published == each.backtested == each.equal for each in found.values())
    assert found["fills"].equal >= 10 and found["signals"].equal > 800 and found["pnl"].equal > 400


def test_what_operators_said_is_said_again_after_the_same_bars(tmp_path: Path) -> None:
    folder, events = written(tmp_path, with_words)
    said = list(said_to(ACCOUNT, events, TERMS.policy))
    assert [word.action for _, word in said] == list(WORDS.values())
    found = parity(folder, replace(TERMS, said={ACCOUNT.name: said}))
    assert [each.differences[:3] for each in found] == [()] * len(found)
    states = set(load_table(folder, "pnl")["trading_state"])
    assert states >= {"ACTIVE", "OPERATOR_HALT", "OPERATOR_REDUCE_ONLY", "OPERATOR_FLATTEN"}
    assert load_table(folder, "orders").filter(pl.col("reason") == "OPERATOR_FLATTEN").height > 0
    assert any(each.differences for each in parity(folder, TERMS)), "without what was said it is another run"
    late = [(None if bar is None else bar + 60_000, word) for bar, word in said]
    assert any(each.differences for each in parity(folder, replace(TERMS, said={ACCOUNT.name: late})))


@pytest.mark.parametrize(
    ("table", "alter", "named"),
    [
        ("candles", pl.col("close"), "signals"),
        ("fills", pl.col("price"), "fills"),
        ("orders", pl.col("quantity"), "orders"),
    ],
)
def test_what_is_altered_is_found(run: Path, table: str, alter: pl.Expr, named: str) -> None:
    path = run / f"{table}.parquet"
    rows = pl.read_parquet(path)
    name = alter.meta.output_name()
    place = rows.height // 2
    other = pl.when(pl.int_range(pl.len()) == place).then(pl.lit("123.45")).otherwise(alter).alias(name)
    changed = rows.with_columns(other)
    if table == "candles":  # a candle's close lies within its prices
        changed = changed.with_columns(
            pl.when(pl.int_range(pl.len()) == place).then(pl.lit("1")).otherwise("low").alias("low")
        )
    try:
        changed.write_parquet(path)
        differences = [each for one in parity(run, TERMS) for each in one.differences]
    finally:
        rows.write_parquet(path)
    assert any(each.table == named for each in differences)
