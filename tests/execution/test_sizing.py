"""How much is bought, and what bound it: worked out by hand on 10,000 at a price of 100."""

from __future__ import annotations

from typing import Any

import pytest
from tests.execution.signal_stream import FREE, account, of, signal

from contracts.order import Order
from exchanges.paper import PaperBroker
from execution.core.execute import run


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


def test_cash_bounds_what_costs_are_paid_from() -> None:
    """All of equity, and 40 bps of fee and 2 of slippage on it: one unit costs 100.02 x 1.004 = 100.42008."""
    fields = {"sizing": "fixed_risk", "risk_pct": 2, "max_position_pct": 100}
    assert ordered(fields, broker=PaperBroker(), stop_pct=2) == ("99.58167729", "cash")
