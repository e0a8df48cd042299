"""Every strategy that comes along, on every odd market: one more file in the folder is tested the day it is added."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from tests.strategies.markets import for_strategy, markets
from tests.support.bar_series import simulated
from tests.support.quiet_markets import quiet_night

from strategies.built_in import STRATEGIES
from strategies.checks.bounds import at_bounds, in_words
from strategies.checks.laws import LAWS, prefix_invariance, stream_equals_batch
from strategies.formulas import formulas_of, settled_bars
from strategies.running import Rows, targets

MARKETS = markets()
BOUNDS = [
    pytest.param(name, given, id=f"{name}-{in_words(given)}")
    for name, file in STRATEGIES.items()
    for given in at_bounds(file.kind)
]
REQUIRED = {
    *("sma_cross", "rsi", "macd", "momentum", "mean_reversion"),
    *("regime_filter", "multi_timeframe", "ensemble", "prediction"),
}


def test_those_that_are_asked_for_are_there() -> None:
    assert set(STRATEGIES) >= REQUIRED


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("market", MARKETS)
@pytest.mark.parametrize("name", STRATEGIES)
def test_laws(name: str, market: str, law: str) -> None:
    file = STRATEGIES[name]
    assert LAWS[law](file, {}, for_strategy(market, MARKETS[market], file.made())) is None


@pytest.mark.parametrize(("name", "given"), BOUNDS)
def test_parameters_at_their_bounds(name: str, given: dict[str, Any]) -> None:
    file = STRATEGIES[name]
    market = for_strategy("gappy", MARKETS["gappy"][-1_600:], file.made(given))
    assert stream_equals_batch(file, given, market) is None
    assert prefix_invariance(file, given, market) is None


@pytest.mark.parametrize("name", STRATEGIES)
def test_each_says_something(name: str) -> None:
    """Long, and not long, once warm: a law over targets that are all unknown would say nothing."""
    strategy = STRATEGIES[name].made()
    bars = simulated(8_000, seed=4)
    said = targets(strategy, for_strategy("walk", Rows(bars.starts_ms, bars.columns), strategy).rows)
    warm = said[settled_bars(formulas_of(strategy)) :]
    assert set(np.unique(warm[~np.isnan(warm)])) >= {0.0, 1.0}
    assert np.isin(said[~np.isnan(said)], (-1.0, 0.0, 1.0)).all()


@pytest.mark.parametrize("name", STRATEGIES)
def test_the_size_of_a_tick_changes_nothing(name: str) -> None:
    """Not even where two means are equal up to rounding."""
    strategy = STRATEGIES[name].made()
    said = []
    for tick in ("1", "0.1", "1e-8"):
        bars = replace(quiet_night(2), tick=Decimal(tick)).series()
        said.append(targets(strategy, for_strategy(tick, Rows(bars.starts_ms, bars.columns), strategy).rows))
    np.testing.assert_array_equal(said[0], said[1])
    np.testing.assert_array_equal(said[0], said[2])
