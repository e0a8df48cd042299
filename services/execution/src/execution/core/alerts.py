"""A violation of a rule as the message that tells of it."""

from __future__ import annotations

from contracts.account import Account
from contracts.risk_alert import RiskAlert
from contracts.risk_rules import RiskRule
from contracts.units import decimal_string
from execution.core.rules.rule import RiskViolation


def alert(
    account: Account,
    code: RiskRule,
    violation: RiskViolation,
    time_ms: int,
    pair: str | None = None,
    fill_id: str | None = None,
) -> RiskAlert:
    """Return the report of a violation."""
    return RiskAlert(
        account=account.name,
        rule=code,
        severity=violation.severity,
        pair=pair,
        fill_id=fill_id,
        value=decimal_string(violation.value),
        limit=decimal_string(violation.limit),
        message=violation.message,
        time_ms=time_ms,
    )
