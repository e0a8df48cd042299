"""The value of one pair's position against the account's equity."""

from __future__ import annotations

from contracts.units import decimal_string
from execution.core.rules.rule import PERCENT, Limit, OrderRequest, OrderRule, RiskViolation


def check(request: OrderRequest) -> RiskViolation | None:
    """Deny when the position would be worth more than `max_position_pct` of equity."""
    limit = request.equity * request.account.max_position_pct * PERCENT
    if request.value_quote <= limit:
        return None
    message = f"position of {decimal_string(request.value_quote)}, at most {decimal_string(limit)} allowed"
    return RiskViolation("POSITION_SIZE", "WARNING", request.value_quote, limit, message)


RULE = OrderRule(
    code="POSITION_SIZE", place=2, check=check, limit=Limit("max_position_pct", 25, "limit on one pair's value")
)
