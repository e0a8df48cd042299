"""How much is bought, and what bound it: worked out by hand on 10,000 at a price of 100."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from pydantic import ValidationError
from tests.execution.signal_stream import FREE, account, of, signal

from contracts.order import Order
from contracts.state import MemoryState
from exchanges.paper import PaperBroker
from execution.core.execute import run, step
from execution.core.policy import Policy


def ordered(fields: dict[str, Any], *, broker: PaperBroker = FREE, **said: Any) -> tuple[str, str | None] | None:
    """Return quantity and bound of the first order, None if there is none."""
    chance: dict[str, Any] = {name: said.pop(name) for name in ("probability_up", "confidence") if name in said}
    first = signal(0, "buy", **said).model_copy(update=chance)
    orders = of(Order, run([first], account(**fields), broker))
    return (orders[0].quantity, orders[0].size_bound) if orders else None


def test_percent_of_equity() -> None:
    assert ordered({"position_pct": 20}) == ("20", "position_pct")


@pytest.mark.parametrize(
    ("risk", "stop", "most", "expected"),
    [
        (1, 10, 25, ("10", "risk_pct")),  # 100 at risk, 10 % of it: 1,000
        (2, 8, 25, ("25", "risk_pct")),  # 200 / 8 % = 2,500, which is also the most
        (2, 2, 25, ("25", "max_position_pct")),  # 200 / 2 % = all of equity: the cap decides
        (2, 2, 100, ("100", "risk_pct")),
        (2, 1, 100, ("100", "max_position_pct")),
    ],
)
def test_what_a_stop_loses_is_a_share_of_equity(risk: int, stop: int, most: int, expected: Any) -> None:
    assert ordered({"sizing": "fixed_risk", "risk_pct": risk, "max_position_pct": most}, stop_pct=stop) == expected


def test_the_nearer_of_stop_and_trailing_stop_is_at_risk() -> None:
    fields = {"sizing": "fixed_risk", "risk_pct": 1}
    assert ordered(fields, stop_pct=10, trailing_pct=5) == ("20", "risk_pct")


def test_without_a_stop_nothing_is_bought_by_risk() -> None:
    assert ordered({"sizing": "fixed_risk"}) is None


@pytest.mark.parametrize(
    ("chance", "exits", "expected"),
    [
        (0.6, {}, ("10", "kelly")),  # 0.6 - 0.4 = 0.2, half of it: 10 %
        (0.6, {"stop_pct": 2, "target_pct": 4}, ("20", "kelly")),  # 0.6 - 0.4 / 2 = 0.4, half: 20 %
        (0.9, {}, ("25", "max_position_pct")),  # half of 0.8 is 40 %
        (0.5, {}, None),  # a coin
        (0.4, {"stop_pct": 3, "target_pct": 2}, None),
        (None, {}, None),
    ],
)
def test_kellys_share_is_halved_and_capped(chance: float | None, exits: dict[str, Any], expected: Any) -> None:
    assert ordered({"sizing": "kelly"}, probability_up=chance, **exits) == expected


@pytest.mark.parametrize(
    ("confidence", "expected"), [(0.75, ("10", "confidence")), (1, ("20", "confidence")), (0.5, None)]
)
def test_confidence_scales_the_usual_size(confidence: float, expected: Any) -> None:
    assert ordered({"sizing": "confidence"}, confidence=confidence) == expected


def closed(minutes: Sequence[int], closes: Sequence[float], gap_at: int | None = None, **fields: Any) -> Any:
    """Return quantity and bound of an order that is decided on the last of these bars, its state always JSON."""
    bars = [
        signal(minute, "buy" if minute == minutes[-1] else "none", close=close)
        for minute, close in zip(minutes, closes, strict=True)
    ]
    if gap_at is not None:
        bars.append(signal(gap_at, close=500, quality="gap", trades=0))
    usual = {"sizing": "volatility", "target_volatility_pct": 15, "volatility_bars": len(closes) - 1}
    state, whose = MemoryState(), account(**{**usual, **fields})
    stream = sorted(bars, key=lambda each: each.window_start_ms)
    orders = of(Order, [said for each in stream for said in step(state, each, whose, FREE, Policy())])
    return (orders[0].quantity, orders[0].size_bound) if orders else None


#: In 146 minutes, of which a year has 3,600 times as many, the price rises once, from 80 to 100: by a quarter. So it
#: moves by sqrt(0.25^2 x 3,600) = 15, 1,500 % a year: a target of 15 % is a hundredth of equity, 1 at a price of 100.
MINUTES, ROSE = range(147), [80] * 100 + [100] * 47


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, ("1", "target_volatility_pct")),
        ({"target_volatility_pct": 300}, ("20", "target_volatility_pct")),
        ({"target_volatility_pct": 450}, ("25", "max_position_pct")),  # 30 %
        ({"target_volatility_pct": 1_000, "max_position_pct": 100}, ("66.66666666", "target_volatility_pct")),
        ({"volatility_bars": 40}, None),  # of the last 40 none has moved
        ({"volatility_bars": 147}, None),  # one bar too few
    ],
)
def test_a_position_moves_as_much_as_the_target_says(fields: dict[str, Any], expected: Any) -> None:
    assert closed(MINUTES, ROSE, **fields) == expected


def test_missing_bars_and_gaps_make_no_other_volatility() -> None:
    """The same rise in the same 146 minutes, in ten bars that do not follow one another, and a gap that says 500."""
    minutes = [*range(0, 126, 14), 130, 146]
    assert closed(minutes, [80] * 6 + [100] * 5) == ("1", "target_volatility_pct")
    assert closed(minutes, [80] * 6 + [100] * 5, gap_at=75) == ("1", "target_volatility_pct")


def test_falls_count_as_rises_do() -> None:
    """Up by 15 % and down by 20 %: sqrt((0.15^2 + 0.2^2) x 3,600) = 15 again, so 100 of money, at a price of 92."""
    assert closed(MINUTES, [100] * 50 + [115] * 50 + [92] * 47) == ("1.08695652", "target_volatility_pct")


@pytest.mark.parametrize(("field", "value"), [("target_volatility_pct", 0), ("volatility_bars", 9)])
def test_what_cannot_be_is_refused_by_name(field: str, value: int) -> None:
    with pytest.raises(ValidationError, match=field):
        account(sizing="volatility", **{field: value})


def test_cash_bounds_what_costs_are_paid_from() -> None:
    """All of equity, and 40 bps of fee and 2 of slippage on it: one unit costs 100.02 x 1.004 = 100.42008."""
    fields = {"sizing": "fixed_risk", "risk_pct": 2, "max_position_pct": 100}
    assert ordered(fields, broker=PaperBroker(), stop_pct=2) == ("99.58167729", "cash")
