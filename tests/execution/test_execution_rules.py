"""Risk rules one by one, the order's life, and the trading day."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import pytest
from tests.execution.signal_stream import account

import contracts.risk_rules
import execution.core.rules as rules_package
from contracts.instrument import default_instrument
from contracts.owner import Owner
from execution.core.account.today import Today
from execution.core.orders.ids import order_id
from execution.core.rules import LOSS_RULES, ORDER_RULES, RULES, below_minimum, daily_loss, total_loss
from execution.core.rules.rule import (
    AccountHealth,
    LossRule,
    OfOwner,
    OrderRequest,
    OrderRule,
    RiskViolation,
    of_owner,
)
from execution.core.steps.trading_day import trading_day
from execution.risk_rules import render

#: What orders say that rules without alerts deny.
SILENT = {
    "below_minimum": "BELOW_MINIMUM",
    "closing_pair": "CLOSING_PAIR",
    "cooldown": "COOLDOWN",
    "trading_state": "DAILY_LOSS",
    "operator_state": "OPERATOR_HALT",
    "entries_per_day": "ENTRIES_PER_DAY",
    "losing_pair": "LOSING_PAIR",
    "open_positions": "OPEN_POSITIONS",
    "stop_guard": "STOP_GUARD",
    "no_short": "NO_SHORT",
    "entry_rate": "ENTRY_RATE",
    "gross_exposure": "GROSS_EXPOSURE",
    "correlated_pairs": "CORRELATED_PAIRS",
    "owner_state": "OWNER_DAILY_LOSS",
    "owner_gross_exposure": "OWNER_GROSS_EXPOSURE",
}
#: Limits on activity, which an account has only where it says so.
ACTIVITY = {
    "max_open_positions": 2,
    "max_entries_per_day": 3,
    "max_stops_per_day": 2,
    "max_pair_loss_pct": Decimal(1),
    "max_entries_per_hour": 2,
    "max_gross_pct": Decimal(60),
    "correlated_pairs": (("BTC/USD",),),
}
#: With the order of 2,000 it is 6,000 of 10,000.
INVESTED = {"ETH/USD": Decimal(4_000)}
OWNER = Owner(name="anna", accounts=(account(owner="anna"),), max_gross_pct=Decimal(60))
#: Modules of the rules package that hold no rule.
SHARED = {"__init__", "rule"}


def health(equity: str, day_start: str = "103200") -> AccountHealth:
    return AccountHealth(account(), Decimal(100_000), Decimal(day_start), Decimal(equity))


def request(**changes: object) -> OrderRequest:
    fields = {
        "account": account(),
        "pair": "BTC/USD",
        "instrument": default_instrument("kraken", "BTC/USD"),
        "trading_state": "ACTIVE",
        "equity": Decimal(10_000),
        "quantity": Decimal(20),
        "price": Decimal(100),
        "cost_quote": Decimal(2_010),
        "available_cash": Decimal(5_000),
        "initial_balance": Decimal(10_000),
        "bars_since_fill": 5,
    }
    return OrderRequest(**(fields | changes))  # type: ignore[arg-type]


def worst_of(rule: OrderRule) -> RiskViolation | None:
    """Return what a rule says of an order that nobody would let pass: too large, too small, too early, unwanted."""
    return rule.check(
        request(
            account=account(closing_pairs=("BTC/USD",), **ACTIVITY),
            bars_since_fill=0,
            open_pairs=9,
            is_short=True,
            entries_in_hour=9,
            today=Today(entries=9, stops=9, earned={"BTC/USD": Decimal(-9_000)}),
            trading_state="DAILY_LOSS",
            operator_state="OPERATOR_HALT",
            owner_state="OWNER_DAILY_LOSS",
            of_owner=OfOwner(OWNER, equity=Decimal(1), invested_elsewhere=Decimal(0)),
            equity=Decimal(1),
            quantity=Decimal(0) if rule is below_minimum.RULE else Decimal(10**9),
            cost_quote=Decimal(10**9),
            available_cash=Decimal(0),
        )
    )


def test_every_rule_file_is_in_the_registry() -> None:
    files = {path.stem for path in Path(rules_package.__path__[0]).glob("*.py")} - SHARED
    assert len(RULES) == len(files)
    of_owners = {of_owner(rule.code) for rule in LOSS_RULES}
    assert {rule.code for rule in RULES} - {None} | of_owners == set(get_args(contracts.risk_rules.RiskRule))


def test_what_contracts_say_of_the_rules_is_written_from_them() -> None:
    """`make schemas` writes it."""
    assert Path(contracts.risk_rules.__file__).read_text(encoding="utf-8") == render()


@pytest.mark.parametrize(
    ("equity", "severity"),
    [
        ("100700.01", None),
        ("100700", "INFO"),
        ("99200.01", "INFO"),
        ("99200", "WARNING"),
        ("98200", "WARNING"),
        ("98199.99", "CRITICAL"),
    ],
)
def test_daily_loss_worked_number(equity: str, severity: str | None) -> None:
    """Initial 100,000, balance 103,200 at midnight, 5 %: the floor of the day is 98,200, the warning 1,000 above,
    half of the limit 2,500."""
    violation = daily_loss.RULE.check(health(equity))
    assert (violation and violation.severity) == severity


@pytest.mark.parametrize(
    ("equity", "severity"),
    [("95000.01", None), ("95000", "INFO"), ("92000", "WARNING"), ("90000", "WARNING"), ("89999.99", "CRITICAL")],
)
def test_total_loss_worked_number(equity: str, severity: str | None) -> None:
    """Initial 100,000, 10 %: the floor is 90,000 whatever was earned since."""
    violation = total_loss.RULE.check(health(equity))
    assert (violation and violation.severity) == severity


@pytest.mark.parametrize("rule", LOSS_RULES, ids=lambda rule: rule.state)
def test_loss_limits_are_silent_in_good_health_and_monotone_in_loss(rule: LossRule) -> None:
    order: list[Any] = [None, "INFO", "WARNING", "CRITICAL"]
    found = [rule.check(health(str(equity))) for equity in range(104_000, 0, -100)]
    ranks = [order.index(violation and violation.severity) for violation in found]
    assert ranks == sorted(ranks)
    assert {0, 1, 2, 3} == set(ranks)
    assert {violation.reason for violation in found if violation} == {rule.state}


@pytest.mark.parametrize("rule", ORDER_RULES, ids=lambda rule: rule.check.__module__)
def test_order_rules_let_an_ordinary_order_pass_and_deny_one_beyond_all_limits(rule: OrderRule) -> None:
    assert rule.check(request()) is None
    violation = worst_of(rule)
    assert violation is not None
    assert violation.reason == (rule.code or SILENT[rule.check.__module__.rpartition(".")[2]])
    assert violation.message


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"trading_state": "DAILY_LOSS"}, "DAILY_LOSS"),
        ({"operator_state": "OPERATOR_REDUCE_ONLY"}, "OPERATOR_REDUCE_ONLY"),
        ({"quantity": Decimal("25.0001")}, "POSITION_SIZE"),
        ({"quantity": Decimal("0.004999")}, "BELOW_MINIMUM"),
        ({"cost_quote": Decimal("5000.01")}, "EXPOSURE"),
        ({"bars_since_fill": 4}, "COOLDOWN"),
        ({"account": account(**ACTIVITY), "open_pairs": 2}, "OPEN_POSITIONS"),
        ({"account": account(**ACTIVITY), "today": Today(entries=3)}, "ENTRIES_PER_DAY"),
        ({"account": account(**ACTIVITY), "today": Today(stops=2)}, "STOP_GUARD"),
        ({"account": account(**ACTIVITY), "today": Today(earned={"BTC/USD": Decimal(-100)})}, "LOSING_PAIR"),
        ({"account": account(**ACTIVITY), "entries_in_hour": 2}, "ENTRY_RATE"),
        ({"account": account(**ACTIVITY), "invested": {"ETH/USD": Decimal("4000.01")}}, "GROSS_EXPOSURE"),
        ({"account": account(**ACTIVITY), "invested": {"BTC/USD": Decimal("3000.01")}}, "CORRELATED_PAIRS"),
        ({"is_short": True}, "NO_SHORT"),
        ({"account": account("BTC/USD", "ETH/USD", closing_pairs=("BTC/USD",))}, "CLOSING_PAIR"),
    ],
)
def test_each_order_rule_denies_what_is_just_beyond_its_limit(changes: dict[str, object], reason: str) -> None:
    found = [violation.reason for rule in ORDER_RULES if (violation := rule.check(request(**changes)))]
    assert found == [reason]


def test_limits_are_inclusive() -> None:
    busy = Today(entries=2, stops=1, earned={"BTC/USD": Decimal("-99.99"), "ETH/USD": Decimal(-5_000)})
    at_work = request(account=account(**ACTIVITY), open_pairs=1, today=busy, entries_in_hour=1, invested=INVESTED)
    assert all(rule.check(at_work) is None for rule in ORDER_RULES)
    allowed = request(quantity=Decimal(25), cost_quote=Decimal(5_000))
    assert all(rule.check(allowed) is None for rule in ORDER_RULES)
    least = request(quantity=Decimal("0.005"))
    assert least.value_quote == least.instrument.minimum_cost
    assert all(rule.check(least) is None for rule in ORDER_RULES)


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
