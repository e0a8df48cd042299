"""The kernel of searches against the engine: the same fills on the same bars, or it says that it does not know."""

from __future__ import annotations

import doctest
from dataclasses import fields, replace
from decimal import Decimal as D
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.backtest import ugly_markets
from tests.backtest.ugly_markets import BEGINNINGS_MS, PLANS

from backtest.achieved import equity_of
from backtest.bars import Bars, FloatTexts
from backtest.core import kernel
from backtest.decided import Decided
from backtest.engine import Outcome, run
from backtest.market import market_of
from backtest.plan import Terms
from backtest.search import in_floats as module
from backtest.search.in_floats import (
    IDLE,
    READ,
    InFloats,
    KernelDiffersError,
    bars_read,
    in_floats,
    plan_of,
    refusal,
    require_same,
)
from contracts.account import Account
from exchanges.paper import PaperBroker
from execution.core.policy import Policy
from execution.core.rules import LOSS_RULES, ORDER_RULES
from strategies.exits import Exits

PAIR = "BTC/USD"


def both(said: Decided, account: Account, terms: Terms) -> tuple[InFloats | None, Outcome]:
    assert isinstance(terms.broker, PaperBroker)
    assert refusal(account, terms.broker, terms.expiry_seconds) is None
    outcome = run(market_of(account, {PAIR: said}, terms.policy), terms.broker, terms.policy)
    columns = bars_read(said.bars, terms.broker, terms.policy)
    plan = plan_of(account, said.exits, terms, said.bars)
    return in_floats(columns, said.decisions, plan, said.bars), outcome


def generated(seed: int) -> tuple[Decided, Account, Terms]:
    """Return decisions on an ugly market, an account of all that the kernel reads, and costs."""
    rng = np.random.default_rng(seed)
    holes = float(rng.choice([0, 0.02]))
    begin_ms = int(rng.choice(BEGINNINGS_MS))
    jumps = float(rng.choice([0.002, 0.03]))
    bars = ugly_markets.bars(rng, PAIR, 300, begin_ms, jumps=jumps, holes=holes, each=1e6)
    if rng.random() < 0.5:  # a price of cents, or of millionths
        bars = scaled(bars, float(rng.choice([1e-3, 1e-7])))
    said = ugly_markets.said(rng, bars, float(rng.choice([0.1, 0.5, 0.9])))
    said = replace(said, exits=PLANS[int(rng.integers(len(PLANS)))])
    position = D(int(rng.choice([5, 40, 95, 100])))
    account = Account(
        name="kernel",
        pairs=(PAIR,),
        position_pct=position,
        max_position_pct=D(int(rng.choice([30, 100]))),
        max_daily_loss_pct=D(int(rng.choice([2, 8, 100]))),
        max_total_loss_pct=D(int(rng.choice([6, 20, 100]))),
        cooldown_bars=int(rng.choice([0, 1, 5])),
        collar_pct=None if rng.random() < 0.3 else D(str(rng.choice([0.1, 1, 5]))),
    )
    broker = PaperBroker(slippage_bps=D(int(rng.choice([0, 2, 30]))), fee_bps=D(int(rng.choice([0, 10, 40]))))
    policy = Policy(
        day_timezone=str(rng.choice(["UTC", "Europe/Prague"])), risk_mark="low" if rng.random() < 0.5 else "close"
    )
    return said, account, Terms(broker, policy, said.expiry_seconds)


def scaled(bars: Bars, by: float) -> Bars:
    prices = {name: np.round(bars.columns[name] * by, 12) for name in ("open", "high", "low", "close")}
    volume = bars.columns["volume"] / by
    columns = {**bars.columns, **prices, "volume": volume}
    texts = {name: FloatTexts(columns[name]) for name in bars.texts}
    return replace(bars, columns=columns, texts=texts)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_it_trades_as_the_engine_or_says_that_it_does_not_know(seed: int) -> None:
    found, outcome = both(*generated(seed))
    if found is not None:
        require_same("a made-up account", found, outcome, equity_of(outcome)[1:])
        assert found.ended == outcome.portfolio.trading_state
        assert found.passed.fees == pytest.approx(float(outcome.portfolio.fees), rel=1e-9)


def test_it_seldom_does_not_know() -> None:
    assert sum(both(*generated(seed))[0] is None for seed in range(40)) <= 4


#: By what is done to the kernel: an account that it was right about, and on which the engine now does otherwise.
PLANTED = {
    "stop": (0.9, {"stop_pct": 1.5}),
    "target": (1.02, {"target_pct": 0.8}),
    "trailing": (0.9, {"trailing_pct": 0.7}),
    "taker": (1.001, {}),
    "slippage": (1.01, {}),
    "cooldown_ms": (3, {}),
    "daily_loss": (0.1, {}),
    "total_loss": (0.1, {}),
    "position": (0.999, {}),
    "collar": (0.001, {}),
}


@pytest.mark.parametrize("name", PLANTED)
def test_what_is_planted_in_it_is_found_with_its_bar(name: str) -> None:
    factor, exits = PLANTED[name]
    rng = np.random.default_rng(5)
    bars = ugly_markets.bars(rng, PAIR, 400, BEGINNINGS_MS[0], jumps=0.03, holes=0, each=1e6)
    said = replace(ugly_markets.said(rng, bars, 0.9), exits=exits)
    limits = {"max_daily_loss_pct": D(5), "max_total_loss_pct": D(40), "collar_pct": D(5)}
    account = Account(
        name="kernel", pairs=(PAIR,), position_pct=D(90), max_position_pct=D(95), cooldown_bars=2, **limits
    )
    terms = Terms(PaperBroker(slippage_bps=D(2), fee_bps=D(10)), Policy())
    found, outcome = both(said, account, terms)
    assert found is not None
    equity = equity_of(outcome)[1:]
    require_same("it", found, outcome, equity)
    plan = plan_of(account, exits, terms, bars)
    wrong = plan._replace(**{name: type(getattr(plan, name))(getattr(plan, name) * factor)})
    other = in_floats(bars_read(bars, terms.broker, terms.policy), said.decisions, wrong, bars)  # type: ignore[arg-type]
    assert other is not None
    with pytest.raises(KernelDiffersError, match=r"it: .* bar \d+ \(20.*Please report it"):
        require_same("it", other, outcome, equity)


def test_the_first_bar_that_differs_is_named() -> None:
    found, outcome = both(*generated(10))
    assert found is not None and len(found.passed.bars) > 3
    bars = found.passed.bars.copy()
    bars[2] += 1
    wrong = replace(found, passed=found.passed._replace(bars=bars))
    with pytest.raises(KernelDiffersError) as raised:
        require_same("it", wrong, outcome, equity_of(outcome)[1:])
    assert f"from bar {bars[2] - 1} (" in str(raised.value) and "nothing in the kernel" in str(raised.value)


def test_what_an_account_is_told_is_known_to_the_kernel_or_asks_the_engine() -> None:
    """A field that is new is neither read nor idle, so an account that sets it is the engine's."""
    fields, usual = Account.model_fields, Account(name="usual", pairs=(PAIR,))
    assert set(fields) >= READ | IDLE and not READ & IDLE
    assert refusal(usual, PaperBroker(), 300) is None
    others = {name: other_than(name, getattr(usual, name)) for name in fields if name not in READ | IDLE}
    for name, value in others.items():
        said = refusal(usual.model_copy(update={name: value}), PaperBroker(), 300)
        assert said is not None and said.startswith(f"{name} = ")
    assert refusal(usual.model_copy(update={"pairs": (PAIR, "ETH/USD")}), PaperBroker(), 300) == (
        "2 pairs share its money"
    )
    assert refusal(usual, PaperBroker(latency_bars=1), 300) and refusal(usual, PaperBroker(), 0)


def other_than(name: str, value: Any) -> Any:
    return ((PAIR,),) if name.endswith("pairs") else "other" if value is None or isinstance(value, str) else not value


def test_the_rules_it_was_written_for_are_all_there_are() -> None:
    """Of a rule that is new nobody has said what the kernel does where it speaks."""
    names = {rule.check.__module__.rpartition(".")[2] for rule in ORDER_RULES}
    assert names == {
        # of which the kernel does the same
        "trading_state",
        "cooldown",
        "position_size",
        "exposure",
        "below_minimum",
        # which speak of accounts that are refused, of several pairs, or of operators, who are silent in a search
        "closing_pair",
        "correlated_pairs",
        "entries_per_day",
        "entry_rate",
        "gross_exposure",
        "losing_pair",
        "no_short",
        "open_positions",
        "operator_state",
        "stop_guard",
        # which speak of owners, whose accounts no search runs
        "owner_state",
        "owner_gross_exposure",
    }
    assert [rule.check.__module__ for rule in ORDER_RULES if rule.exits_too] == ["execution.core.rules.below_minimum"]
    assert [rule.state for rule in LOSS_RULES] == list(kernel.STATES[1:])
    assert {each.name for each in fields(Exits)} == {"stop_pct", "target_pct", "trailing_pct", "maximum_bars"}


def test_examples_of_its_words() -> None:
    found = doctest.testmod(module)
    assert found.attempted and not found.failed
