"""Orders that the venue would refuse for their size: a sell of what is too little is denied as a buy of it is."""

from __future__ import annotations

from contracts.wakes import Wakes
from execution.core.rules.rule import PERCENT, OrderRequest, OrderRule, RiskViolation, is_plain

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


def stands(request: OrderRequest) -> Wakes | None:
    """Object up to the equity of which a `position_pct` is the least that the venue takes."""
    share = request.account.position_pct * PERCENT
    least = request.instrument.minimum_cost
    is_too_little = is_plain(request.account) and request.equity * share < least
    return Wakes(equity_at_least=least / share) if is_too_little else None


RULE = OrderRule(code=None, place=6, check=check, exits_too=True, stands=stands)
