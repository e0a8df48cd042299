"""`tradestream backtest --of RUN`: what a run has published comes out again; what is altered is found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.backtest import ugly_markets as ugly
from tests.backtest.test_asleep_equals_awake import lived

from backtest.decided import NOTHING_SAID
from backtest.engine import Outcome
from backtest.market import market_of
from backtest.parity import RunTerms, parity
from backtest.strategies_of import chosen
from backtest.tables import write_tables
from contracts.account import Account
from exchanges.paper import PaperBroker
from execution.core.account.portfolio import Portfolio
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


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tables of a run as the live fold makes them, signal by signal."""
    folder = tmp_path_factory.mktemp("run")
    rng = np.random.default_rng(5)
    every = {p: ugly.bars(rng, p, 500, ugly.BEGINNINGS_MS[0], jumps=0.0, holes=0.02) for p in PAIRS}
    decided = {pair: chosen(ACCOUNT).decided(bars, TERMS.expiry_seconds) for pair, bars in every.items()}
    # Signals and candles: nothing has been traded in them.
    write_tables([Outcome(market_of(ACCOUNT, decided, TERMS.policy), Portfolio.opened(ACCOUNT))], folder)
    messages: dict[str, list[Mapping[str, object]]] = {}
    for message in lived(ACCOUNT, decided, PaperBroker(), TERMS.policy):
        messages.setdefault(message.schema_name, []).append(message.model_dump())
    for table, name in TABLES.items():
        schema = load_table(folder, table).schema
        pl.DataFrame(messages.get(name, []), schema=schema).write_parquet(folder / f"{table}.parquet")
    return folder


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
