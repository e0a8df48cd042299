"""Risk rules one by one, the order's life, and the trading day."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import pytest
from tests.execution.signal_stream import account, signal

import contracts.risk_rules
import execution.core.rules as rules_package
from contracts.order import Order, OrderStatus
from execution.core.order_id import order_id
from execution.core.order_lifecycle import BEGINNINGS, TRANSITIONS, OrderTransitionError, advance
from execution.core.rules import LOSS_RULES, ORDER_RULES, RULES, daily_loss, total_loss
from execution.core.rules.rule import AccountHealth, LossRule, OrderRequest, OrderRule, RiskViolation
from execution.core.trading_day import trading_day
from execution.risk_rules import render

#: Modules of the rules package that hold no rule.
SHARED = {"__init__", "rule"}


def health(equity: str, day_start: str = "103200") -> AccountHealth:
    return AccountHealth(account(), Decimal(100_000), Decimal(day_start), Decimal(equity))


def request(**changes: object) -> OrderRequest:
    fields = {
        "account": account(),
        "trading_state": "ACTIVE",
        "equity": Decimal(10_000),
        "value_quote": Decimal(2_000),
        "cost_quote": Decimal(2_010),
        "available_cash": Decimal(5_000),
    }
    return OrderRequest(**(fields | changes))  # type: ignore[arg-type]


def worst_of(rule: OrderRule) -> RiskViolation | None:
    """Return what a rule says of an order that nobody would let pass."""
    return rule.check(
        request(
            trading_state="DAILY_LOSS",
            equity=Decimal(1),
            value_quote=Decimal(10**9),
            cost_quote=Decimal(10**9),
            available_cash=Decimal(0),
        )
    )


def test_every_rule_file_is_in_the_registry() -> None:
    files = {path.stem for path in Path(rules_package.__path__[0]).glob("*.py")} - SHARED
    assert len(RULES) == len(files)
    assert {rule.code for rule in RULES} - {None} == set(get_args(contracts.risk_rules.RiskRule))


def test_what_contracts_say_of_the_rules_is_written_from_them() -> None:
    """`make schemas` writes it."""
    assert Path(contracts.risk_rules.__file__).read_text(encoding="utf-8") == render()


@pytest.mark.parametrize(
    ("equity", "severity"),
    [("99200.01", None), ("99200", "WARNING"), ("98200", "WARNING"), ("98199.99", "CRITICAL")],
)
def test_daily_loss_worked_number(equity: str, severity: str | None) -> None:
    """Initial 100,000, balance 103,200 at midnight, 5 %: the floor of the day is 98,200, the warning 1,000 above."""
    violation = daily_loss.RULE.check(health(equity))
    assert (violation and violation.severity) == severity


@pytest.mark.parametrize(
    ("equity", "severity"), [("92000.01", None), ("92000", "WARNING"), ("90000", "WARNING"), ("89999.99", "CRITICAL")]
)
def test_total_loss_worked_number(equity: str, severity: str | None) -> None:
    """Initial 100,000, 10 %: the floor is 90,000 whatever was earned since."""
    violation = total_loss.RULE.check(health(equity))
    assert (violation and violation.severity) == severity


@pytest.mark.parametrize("rule", LOSS_RULES, ids=lambda rule: rule.state)
def test_loss_limits_are_silent_in_good_health_and_monotone_in_loss(rule: LossRule) -> None:
    order: list[Any] = [None, "WARNING", "CRITICAL"]
    found = [rule.check(health(str(equity))) for equity in range(104_000, 0, -100)]
    ranks = [order.index(violation and violation.severity) for violation in found]
    assert ranks == sorted(ranks)
    assert {0, 1, 2} == set(ranks)
    assert {violation.reason for violation in found if violation} == {rule.state}


@pytest.mark.parametrize("rule", ORDER_RULES, ids=lambda rule: str(rule.code))
def test_order_rules_let_an_ordinary_order_pass_and_deny_one_beyond_all_limits(rule: OrderRule) -> None:
    assert rule.check(request()) is None
    violation = worst_of(rule)
    assert violation is not None
    assert violation.reason == (rule.code or "DAILY_LOSS")
    assert violation.message


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"trading_state": "DAILY_LOSS"}, "DAILY_LOSS"),
        ({"value_quote": Decimal("2500.01")}, "POSITION_SIZE"),
        ({"cost_quote": Decimal("5000.01")}, "EXPOSURE"),
    ],
)
def test_each_order_rule_denies_what_is_just_beyond_its_limit(changes: dict[str, object], reason: str) -> None:
    found = [violation.reason for rule in ORDER_RULES if (violation := rule.check(request(**changes)))]
    assert found == [reason]


def test_limits_are_inclusive() -> None:
    allowed = request(value_quote=Decimal(2_500), cost_quote=Decimal(5_000))
    assert all(rule.check(allowed) is None for rule in ORDER_RULES)


def an_order(status: OrderStatus) -> Order:
    one = signal(0, "buy")
    return Order(
        account="paper",
        order_id=order_id(one.message_id),
        signal_id=one.message_id,
        exchange="kraken",
        pair=one.pair,
        side="buy",
        order_type="market",
        quantity="1",
        status=status,
        reason=None,
        decided_at_ms=0,
        updated_at_ms=0,
    )


def test_the_lifecycle_table_knows_every_status_and_all_can_be_reached() -> None:
    assert set(TRANSITIONS) == set(get_args(OrderStatus))
    reached = set(BEGINNINGS)
    for _ in TRANSITIONS:
        reached |= {after for status in reached for after in TRANSITIONS[status]}
    assert reached == set(TRANSITIONS)


@pytest.mark.parametrize("before", get_args(OrderStatus))
@pytest.mark.parametrize("after", get_args(OrderStatus))
def test_orders_advance_as_the_table_says(before: OrderStatus, after: OrderStatus) -> None:
    if after in TRANSITIONS[before]:
        advanced = advance(an_order(before), after, 5, "why")
        assert (advanced.status, advanced.updated_at_ms, advanced.reason) == (after, 5, "why")
        return
    with pytest.raises(OrderTransitionError, match=f"after {before}, was {after}"):
        advance(an_order(before), after, 5)


def test_order_ids_are_stable_and_fit_a_venue() -> None:
    assert order_id("paper:kraken:BTC/USD:60:0") == "o-4d97bd25737b8a3b"
    assert len(order_id("x" * 500)) == 18


@pytest.mark.parametrize(
    ("day", "hours"),
    [("2026-03-28", 24), ("2026-03-29", 23), ("2026-10-25", 25)],
)
def test_the_trading_day_of_a_zone_with_summer_time(day: str, hours: int) -> None:
    """Prague's midnight is 23:00 UTC in winter and 22:00 in summer."""
    start_hour = 1_772_582_400_000 // 3_600_000
    all_hours = [trading_day(hour * 3_600_000, "Europe/Prague") for hour in range(start_hour, start_hour + 24 * 250)]
    assert all_hours.count(day) == hours
