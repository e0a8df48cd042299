"""All positions together, orders in flight included, against the account's money: nothing is borrowed."""

from __future__ import annotations

from contracts.units import decimal_string
from execution.core.rules.violation import OrderRequest, RiskViolation


def exposure(request: OrderRequest) -> RiskViolation | None:
    """Object when slippage and fee included the order would cost more than the cash not yet promised to others."""
    if request.cost_quote <= request.available_cash:
        return None
    return RiskViolation(
        reason="EXPOSURE",
        rule="EXPOSURE",
        severity="WARNING",
        value=request.cost_quote,
        limit=request.available_cash,
        message=f"order costs {decimal_string(request.cost_quote)}, {decimal_string(request.available_cash)} is free",
    )
