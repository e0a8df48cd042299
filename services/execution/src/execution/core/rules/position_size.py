"""The value of one pair's position against the account's equity."""

from __future__ import annotations

from contracts.units import decimal_string
from execution.core.rules.violation import PERCENT, OrderRequest, RiskViolation


def position_size(request: OrderRequest) -> RiskViolation | None:
    """Object when the position would be worth more than `max_position_pct` of equity."""
    limit = request.equity * request.account.max_position_pct * PERCENT
    if request.value_quote <= limit:
        return None
    return RiskViolation(
        reason="POSITION_SIZE",
        rule="POSITION_SIZE",
        severity="WARNING",
        value=request.value_quote,
        limit=limit,
        message=f"position of {decimal_string(request.value_quote)}, at most {decimal_string(limit)} allowed",
    )
