"""Something is held or ordered of a pair that is not among the account's any more: nobody brings its prices."""

from __future__ import annotations

from decimal import Decimal

from execution.core.rules.rule import PairRule, PairView, RiskViolation, never


def check(pair: PairView) -> RiskViolation | None:
    """Report it: it stays as it is until the pair is among `pairs` again, and `closing_pairs` sells it."""
    if pair.is_traded:
        return None
    message = f"{pair.pair} is none of the account's pairs; to sell what is held, name it in pairs and closing_pairs"
    return RiskViolation("REMOVED_PAIR", "CRITICAL", Decimal(1), Decimal(0), message)


RULE = PairRule(code="REMOVED_PAIR", check=check, wakes=never)
