"""A history stretch by stretch is the history at once: every message, row and table, wherever it is cut."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.backtest import test_asleep_equals_awake as law
from tests.backtest.test_golden import FOUR_HOURS

from backtest.bar_files import bars_of_files
from backtest.books import exact_books
from backtest.engine import Outcome, run
from backtest.history import History
from backtest.market import market_of
from backtest.plan import Terms, outcomes_of
from backtest.strategies_of import chosen
from backtest.stretches import AccountInStretches, PairInStretches, over_stretches, stretches_of
from backtest.tables import Tables, write_tables
from contracts.account import Account
from exchanges.paper import PaperBroker
from execution.core.account.closes import most_kept
from execution.core.policy import Policy
from results.report.data import load_table

MINUTE_MS = 60_000
#: Of the examples of sleep: one pair and five, gaps, jumps, days of 23 hours, a day's loss by equity, exits.
SEEDS = (1, 3, 8)
PAIR = "BTC/USD"
#: Windows; what is opened anew at each anchor; features of the row.
STRATEGIES = ("sma_cross", "macd", "regime_filter")
TRADED = 1_500


def told(outcomes: list[Outcome]) -> list[bytes]:
    return [message.to_json() for each in outcomes for message in each.messages]


def booked(outcomes: list[Outcome]) -> list[tuple[Any, ...]]:
    return [row for each in outcomes for row in zip(*exact_books(each).values(), strict=True)]


def require_same(found: list[Outcome], whole: Outcome) -> None:
    for of in (told, booked):
        mine, theirs = of(found), of([whole])
        # One by one: a list of thousands would be told in full where it is another one.
        first = next((each for each in zip(mine, theirs, strict=False) if each[0] != each[1]), None)
        assert first is None
        assert len(mine) == len(theirs)
    assert found[-1].portfolio == whole.portfolio


@settings(max_examples=20, deadline=None)
@given(
    seed=st.sampled_from(SEEDS),
    bars=st.integers(1, 320),
    later=st.integers(0, 150),
    earlier=st.integers(0, 100),
    by_price=st.booleans(),
)
def test_an_account_goes_on_wherever_it_is_cut(
    seed: int, bars: int, later: int, earlier: int, *, by_price: bool
) -> None:
    """Also where a pair begins later than the others, or ends before them, and where sizes look back."""
    of = law.example(seed, sizing="volatility" if by_price else None)
    decided = {each.bars.pair: each for each in of.market.pairs}
    last = of.market.pairs[-1]
    decided[last.bars.pair] = last[later : len(last.bars) - earlier]
    account, terms = of.market.account, Terms(of.broker, of.policy)
    pairs = [
        PairInStretches(each.bars, 0, len(each.bars), most_kept(account) + 1, 0, each) for each in decided.values()
    ]
    parts = AccountInStretches(cast(Any, SimpleNamespace(account=account)), tuple(pairs))
    found = [outcome for stretch in over_stretches([parts], terms, bars * MINUTE_MS) for outcome in stretch]
    require_same(found, run(market_of(account, decided, of.policy), of.broker, of.policy))


@pytest.fixture(scope="module")
def history() -> History:
    return bars_of_files([FOUR_HOURS], "binance", [PAIR])


def account_of(strategy: str) -> Account:
    wide = {"max_daily_loss_pct": Decimal(90), "max_total_loss_pct": Decimal(90), "cooldown_bars": 1}
    return Account(name=strategy, pairs=(PAIR,), strategy=strategy, **cast(Any, wide))


def terms_of(history: History, last: int) -> Terms:
    starts = history.pairs[PAIR].starts_ms
    return Terms(PaperBroker(), Policy(), from_ms=int(starts[last - TRADED]), to_ms=int(starts[last]))


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_what_a_strategy_says_is_the_same_from_each_stretch_on(strategy: str, history: History) -> None:
    rng = np.random.default_rng(len(strategy))
    each, terms = chosen(account_of(strategy)), terms_of(history, int(rng.integers(8_000, 20_000)))
    [whole] = outcomes_of(history, [each], terms)
    assert len(whole.messages) > 20
    for bars in rng.integers(50, TRADED, 2).tolist():
        found = [outcome for stretch in stretches_of(history, [each], terms, bars) for outcome in stretch]
        assert len(found) == -(-TRADED // bars)
        require_same(found, whole)


def test_tables_that_come_in_parts_are_those_at_once(tmp_path: Path, history: History) -> None:
    """Of two accounts, whose rows stand among each other's."""
    accounts = [chosen(account_of(strategy)) for strategy in STRATEGIES[:2]]
    terms = replace(terms_of(history, 12_000))
    at_once, in_parts = tmp_path / "at-once", tmp_path / "in-parts"
    at_once.mkdir()
    in_parts.mkdir()
    rows = write_tables(outcomes_of(history, accounts, terms), at_once)
    with Tables() as tables:
        for stretch in stretches_of(history, accounts, terms, bars=700):
            tables.add(stretch)
        assert tables.write(in_parts) == rows
    for name in rows:
        assert load_table(in_parts, name).equals(load_table(at_once, name)), name
    assert rows["pnl"] == 2 * TRADED
