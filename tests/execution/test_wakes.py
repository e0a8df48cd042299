"""What a rule says of its `wakes` is never later than the rule itself: held here for each alone."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from tests.execution.signal_stream import account

from contracts.wakes import ALWAYS, Wakes
from execution.core.rules import LOSS_RULES, PAIR_RULES
from execution.core.rules.rule import AccountHealth, LossRule, PairView

HEALTH = AccountHealth(account(), Decimal(10_000), Decimal("10321.5"), Decimal(10_000))
LEAST = Decimal("0.00000001")
every_loss_rule = pytest.mark.parametrize("rule", LOSS_RULES, ids=lambda rule: rule.code)


@every_loss_rule
@pytest.mark.parametrize(("told", "then"), [(None, "INFO"), ("INFO", "WARNING"), ("WARNING", "CRITICAL")])
def test_a_loss_rule_wakes_where_it_has_something_new_to_say(rule, told, then) -> None:
    wakes = rule.wakes(HEALTH, "ACTIVE", told=told)
    if wakes == ALWAYS:
        return
    level = wakes.equity_at_most
    assert level is not None
    above, below = (rule.check(replace(HEALTH, equity=level + change)) for change in (LEAST, -LEAST))
    assert (above and above.severity) == told
    assert below.severity == then


def test_a_rule_that_acts_before_a_breach_wakes_there() -> None:
    """Begun with 10,321.5; 60 % of 5 % of 10,000 is 300."""
    rule = next(rule for rule in LOSS_RULES if rule.code == "DAILY_LOSS")
    cautious = replace(HEALTH, account=account(daily_loss_act_at_pct=60))
    assert rule.wakes(cautious, "ACTIVE", told="INFO").equity_at_most == Decimal("10021.5")
    assert rule.wakes(cautious, rule.near_state, told="INFO").equity_at_most == Decimal("9921.5")


@every_loss_rule
def test_a_loss_rule_without_a_level_keeps_awake(rule: LossRule) -> None:
    assert replace(rule, equity_at=None).wakes(HEALTH, "ACTIVE", told=None) == ALWAYS


@pytest.mark.parametrize("rule", [rule for rule in PAIR_RULES if rule.wakes], ids=lambda rule: rule.code)
def test_a_rule_of_pairs_is_silent_where_it_does_not_wake(rule) -> None:
    view = PairView("BTC/USD", 0, 60_000, has_complete_candle=True, marked_at_ms=60_000)
    if rule.wakes(view.pair) == Wakes(incomplete=frozenset({view.pair})):
        assert rule.check(view) is None
        assert rule.check(replace(view, has_complete_candle=False)) is not None
