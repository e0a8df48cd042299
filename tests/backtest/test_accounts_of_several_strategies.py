"""An account whose pairs follow different strategies: asleep is awake is live, a run comes out again, books agree."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.backtest import ugly_markets as ugly

from backtest.again import RunTerms
from backtest.decided import Decided
from backtest.engine import DENSE, run
from backtest.market import market_of
from backtest.parity import parity
from backtest.strategies_of import Chosen, chosen
from backtest.tables import write_tables
from contracts.account import Account
from contracts.account_strategy import AccountStrategy
from contracts.fill import Fill
from contracts.message import Message
from contracts.pnl import Pnl
from contracts.signal import Signal, strategy_in
from exchanges.paper import PaperBroker
from execution.core.execute import run as live
from execution.core.policy import Policy
from execution.core.sleep import PARTS
from results.books import books
from results.report.data import load_table

PAIRS = ugly.PAIRS[:3]
#: Each warm within a few bars, and each of another mind.
KNOWN = (
    ("sma_cross", {"fast": 5, "slow": 50}),
    ("momentum", {}),
    ("mean_reversion", {}),
    ("sma_cross", {"fast": 9, "slow": 60}),
)
BARS = 300
NAMES = tuple(name for name, _ in KNOWN[: len(PAIRS)])


def account_of(numbers: tuple[int, ...], **fields: object) -> Account:
    """Return an account whose pairs follow those of `KNOWN`; the first by its own `strategy`."""
    every = [
        AccountStrategy(strategy=KNOWN[n][0], parameters=KNOWN[n][1], pairs=(PAIRS[i],))
        for i, n in enumerate(numbers)
    ]
    first = every[0]
    return Account(
        name="mixed",
        pairs=PAIRS,
        strategy=first.strategy,
        parameters=first.parameters,
        strategies=tuple(every[1:]),
        position_pct=Decimal(20),
        max_daily_loss_pct=Decimal(60),
        max_total_loss_pct=Decimal(90),
        cooldown_bars=1,
        **fields,
    )


def decided_by(made: Chosen, seed: int) -> dict[str, Decided]:
    rng = np.random.default_rng(seed)
    every = {p: ugly.bars(rng, p, BARS, ugly.BEGINNINGS_MS[2], jumps=0.02, holes=0.02) for p in PAIRS}
    return {pair: made.decided(bars, 300) for pair, bars in every.items()}


def events_of(decided: dict[str, Decided]) -> list[Signal]:
    every = [each.signal("mixed", place) for each in decided.values() for place in range(len(each.bars))]
    return sorted(every, key=lambda signal: signal.window_start_ms)


def told(messages: list[Message]) -> list[bytes]:
    return [each.to_json() for each in messages if not isinstance(each, Pnl)]


@settings(max_examples=6, deadline=None)
@given(
    numbers=st.tuples(*[st.integers(0, len(KNOWN) - 1)] * len(PAIRS)),
    seed=st.integers(0, 10_000),
    stop_at=st.sampled_from([None, 1, 3]),
)
def test_asleep_is_awake_is_live(numbers: tuple[int, ...], seed: int, stop_at: int | None) -> None:
    account = account_of(numbers, max_open_positions=stop_at)
    decided = decided_by(chosen(account), seed)
    market = market_of(account, decided, Policy())
    asleep, awake = (run(market, PaperBroker(), Policy(), parts) for parts in (PARTS, DENSE))
    assert told(asleep.messages) == told(awake.messages) == told(live(events_of(decided), account, PaperBroker()))


def test_each_fill_is_of_the_strategy_of_its_pair(tmp_path: Path) -> None:
    account = account_of((0, 1, 2))
    made = chosen(account)
    outcome = run(market_of(account, decided_by(made, 5), Policy()), PaperBroker(), Policy())
    fills = [each for each in outcome.messages if isinstance(each, Fill)]
    assert {(each.pair, strategy_in(each.signal_id)) for each in fills} == set(zip(PAIRS, NAMES, strict=True))
    write_tables([outcome], tmp_path)
    of = books(*(load_table(tmp_path, name) for name in ("fills", "signals", "pnl")))
    assert {(row["pair"], row["strategy"], row["fills"]) for row in of.iter_rows(named=True)} == {
        (pair, name, sum(each.pair == pair for each in fills)) for pair, name in zip(PAIRS, NAMES, strict=True)
    }


def test_a_run_of_it_comes_out_again_and_another_strategy_is_found(tmp_path: Path) -> None:
    account = account_of((0, 1, 3))
    outcome = run(market_of(account, decided_by(chosen(account), 5), Policy()), PaperBroker(), Policy())
    write_tables([outcome], tmp_path)
    terms = RunTerms((account,), PaperBroker(), Policy(), expiry_seconds=300, interval_s=60)
    assert [each.differences[:2] for each in parity(tmp_path, terms)] == [()] * 6
    other = RunTerms((account_of((0, 1, 0)),), PaperBroker(), Policy(), expiry_seconds=300, interval_s=60)
    found = {each.table: each for each in parity(tmp_path, other)}
    assert {row.id.split(":")[-3] for row in found["signals"].differences} == {PAIRS[2]}
