"""Orders that the venue would refuse for their size: a sell of what is too little is denied as a buy of it is."""

from __future__ import annotations

from execution.core.rules.rule import OrderRequest, OrderRule, RiskViolation

BELOW_MINIMUM = "BELOW_MINIMUM"


def check(request: OrderRequest) -> RiskViolation | None:
    """Deny what is less than the venue's smallest order; what is denied says so, and no alert beside it."""
    instrument = request.instrument
    if not instrument.is_below_minimum(request.quantity, request.price):
        return None
    message = (
        f"order of {request.quantity} costs {request.value_quote}; the least is {instrument.minimum_quantity}, "
        f"costing {instrument.minimum_cost} {request.account.currency}"
    )
    return RiskViolation(BELOW_MINIMUM, "WARNING", request.value_quote, instrument.minimum_cost, message)


RULE = OrderRule(code=None, place=6, check=check, exits_too=True)
