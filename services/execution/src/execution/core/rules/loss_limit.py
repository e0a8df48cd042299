"""What the two loss limits have in common: a warning near the limit, a breach beyond it."""

from __future__ import annotations

from decimal import Decimal

from contracts.risk_alert import RiskRule
from contracts.units import decimal_string
from execution.core.rules.violation import WARNING_SHARE, RiskViolation


def judge_loss(reason: str, rule: RiskRule, loss: Decimal, limit: Decimal) -> RiskViolation | None:
    """Return a breach if `loss` exceeds `limit`, a warning from 80 % of it on, else nothing.

    A loss equal to the limit is no breach: equity must not drop *below* the floor.
    """
    if loss < limit * WARNING_SHARE:
        return None
    breached = loss > limit
    return RiskViolation(
        reason=reason,
        rule=rule,
        severity="CRITICAL" if breached else "WARNING",
        value=loss,
        limit=limit,
        message=f"{reason}: lost {decimal_string(loss)} of at most {decimal_string(limit)}",
    )
