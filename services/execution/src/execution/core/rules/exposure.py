"""All positions together, orders in flight included, against the account's money: nothing is borrowed."""

from __future__ import annotations

from decimal import Decimal

from contracts.units import decimal_string, quantity_decimals
from contracts.wakes import Wakes
from execution.core.rules.rule import PERCENT, OrderRequest, OrderRule, RiskViolation, is_plain

#: What fee and price are rounded by, as a share of what an order is worth, and absolutely.
_ROUNDED, _ROUNDED_QUOTE = Decimal("1e-6"), Decimal("1e-7")
#: Steps of quantities cost more while a pair is dear: up to so many times its price they are reckoned with.
_DEARER = 2


def check(request: OrderRequest) -> RiskViolation | None:
    """Deny when slippage and fee included the order would cost more than the cash not yet promised to others."""
    cost, cash = request.cost_quote, request.available_cash
    if cost <= cash:
        return None
    message = f"order costs {decimal_string(cost)}, {decimal_string(cash)} {request.account.currency} is free"
    return RiskViolation("EXPOSURE", "WARNING", cost, cash, message)


def stands(request: OrderRequest) -> Wakes | None:
    """Object down to the equity of which the cash pays a `position_pct`, and be silent up to that.

    What an order costs for each unit of what it is worth is what it is now, but for roundings.
    """
    worth, cash, account = request.value_quote, request.available_cash, request.account
    if not is_plain(account) or worth <= 0:
        return None
    apiece, rounded = request.cost_quote / worth, _ROUNDED + _ROUNDED_QUOTE / worth
    share = account.position_pct * PERCENT * apiece
    if check(request) is None:
        return Wakes(equity_at_least=cash / (share * (1 + rounded)) - _ROUNDED_QUOTE / share)
    dear = _DEARER * request.price
    step = request.instrument.lot + Decimal(1).scaleb(-quantity_decimals(dear))
    paid = cash + step * dear * apiece + _ROUNDED_QUOTE
    return Wakes(equity_at_most=paid / (share * (1 - rounded)), high_at_least={request.pair: dear})


RULE = OrderRule(code="EXPOSURE", place=5, check=check, stands=stands)
