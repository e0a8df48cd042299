"""All positions together, orders in flight included, against the account's money: nothing is borrowed."""

from __future__ import annotations

from contracts.units import decimal_string
from execution.core.rules.rule import OrderRequest, OrderRule, RiskViolation


def check(request: OrderRequest) -> RiskViolation | None:
    """Deny when slippage and fee included the order would cost more than the cash not yet promised to others."""
    cost, cash = request.cost_quote, request.available_cash
    if cost <= cash:
        return None
    message = f"order costs {decimal_string(cost)}, {decimal_string(cash)} {request.account.currency} is free"
    return RiskViolation("EXPOSURE", "WARNING", cost, cash, message)


RULE = OrderRule(code="EXPOSURE", place=5, check=check)
