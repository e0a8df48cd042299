"""Every strategy that comes along, and each kind of exit: asleep is awake, byte for byte, on recorded bars."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from tests.backtest.test_golden import FOUR_HOURS, MINUTES
from tests.backtest.ugly_markets import PLANS

from backtest.bar_files import bars_of_files
from backtest.bars import Bars
from backtest.books import exact_books
from backtest.decided import Decided
from backtest.engine import DENSE, Outcome, run
from backtest.market import market_of
from backtest.strategies_of import chosen
from contracts.account import Account
from exchanges.paper import PaperBroker
from execution.core.policy import Policy
from execution.core.sleep import PARTS
from strategies.built_in import STRATEGIES

PAIR = "BTC/USD"
#: What looks at bars longer than its own, and shorter than four hours.
OF_MINUTES = frozenset({"multi_timeframe"})
BARS = 1_440


def account(strategy: str) -> Account:
    """Return one that is never stopped for long: what is to be seen are strategy and exits."""
    return Account(
        name="law",
        pairs=(PAIR,),
        strategy=strategy,
        max_daily_loss_pct=Decimal(90),
        max_total_loss_pct=Decimal(90),
        cooldown_bars=3,
    )


def with_predictions(bars: Bars, names: list[str]) -> Bars:
    """Return the bars with what a model might have said of them, sure and unsure."""
    rng = np.random.default_rng(5)
    up = np.clip(0.5 + np.cumsum(rng.normal(0, 0.03, len(bars))) % 0.6 - 0.3, 0, 1)
    of_field = {"probability_up": up, "confidence": np.maximum(up, 1 - up), "direction": np.sign(up - 0.5)}
    return bars.with_given({name: of_field[name.rpartition(".")[2]] for name in names})


def decided_by(strategy: str) -> Decided:
    path = MINUTES if strategy in OF_MINUTES else FOUR_HOURS
    bars = bars_of_files([path], "binance", [PAIR]).pairs[PAIR][:BARS]
    each = chosen(account(strategy))
    asked = [name for name in each.only.formulas(bars.interval_s).given if "." in name]
    return each.decided(with_predictions(bars, asked), 300)


def same(found: Outcome, expected: Outcome) -> bool:
    told = [[message.to_json() for message in each.messages] for each in (found, expected)]
    return told[0] == told[1] and exact_books(found) == exact_books(expected)


@pytest.mark.parametrize("number", range(len(STRATEGIES)), ids=list(STRATEGIES))
def test_asleep_is_awake_with_each_strategy(number: int) -> None:
    strategy = list(STRATEGIES)[number]
    decided = replace(decided_by(strategy), exits=PLANS[number % len(PLANS)])
    market = market_of(account(strategy), {PAIR: decided}, Policy())
    asleep, awake = (run(market, PaperBroker(), Policy(), parts) for parts in (PARTS, DENSE))
    assert same(asleep, awake)
    assert asleep.messages, "it never traded: nothing was shown"
    assert len(asleep.awake) < len(market)
