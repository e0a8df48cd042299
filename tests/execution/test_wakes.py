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
@pytest.mark.parametrize("is_warned", [False, True])
def test_a_loss_rule_wakes_where_it_has_something_new_to_say(rule, is_warned) -> None:
    wakes = rule.wakes(HEALTH, "ACTIVE", is_warned=is_warned)
    if wakes == ALWAYS:
        return
    level = wakes.equity_at_most
    assert level is not None
    above, below = (rule.check(replace(HEALTH, equity=level + change)) for change in (LEAST, -LEAST))
    assert (above and above.severity) == ("WARNING" if is_warned else None)
    assert below.severity == ("CRITICAL" if is_warned else "WARNING")


@every_loss_rule
def test_a_loss_rule_without_a_level_keeps_awake(rule: LossRule) -> None:
    assert replace(rule, equity_at=None).wakes(HEALTH, "ACTIVE", is_warned=False) == ALWAYS


@pytest.mark.parametrize("rule", [rule for rule in PAIR_RULES if rule.wakes], ids=lambda rule: rule.code)
def test_a_rule_of_pairs_is_silent_where_it_does_not_wake(rule) -> None:
    view = PairView("BTC/USD", 0, 60_000, has_complete_candle=True, marked_at_ms=60_000)
    if rule.wakes(view.pair) == Wakes(incomplete=frozenset({view.pair})):
        assert rule.check(view) is None
        assert rule.check(replace(view, has_complete_candle=False)) is not None
