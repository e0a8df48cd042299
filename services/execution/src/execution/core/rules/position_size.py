"""The value of one pair's position against the account's equity."""

from __future__ import annotations

from contracts.units import decimal_string
from execution.core.rules.finding import PERCENT, Finding, OrderRequest


def position_size(request: OrderRequest) -> Finding | None:
    """Object when the position would be worth more than `max_position_pct` of equity."""
    limit = request.equity * request.account.max_position_pct * PERCENT
    if request.value_quote <= limit:
        return None
    return Finding(
        reason="POSITION_SIZE",
        rule="POSITION_SIZE",
        severity="WARNING",
        value=request.value_quote,
        limit=limit,
        message=f"position of {decimal_string(request.value_quote)}, at most {decimal_string(limit)} allowed",
    )
