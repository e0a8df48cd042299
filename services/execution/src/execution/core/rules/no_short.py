"""Nothing is sold that is not held: on spot there is nobody to borrow it from."""

from __future__ import annotations

from decimal import Decimal

from execution.core.rules.rule import OrderRequest, OrderRule, RiskViolation, by_state

NO_SHORT = "NO_SHORT"


def check(request: OrderRequest) -> RiskViolation | None:
    """Deny a sell that would open a position; before all else, as it is for no other reason that it is denied."""
    if not request.is_short:
        return None
    message = f"{request.pair} is traded on spot: {request.account.name} cannot be short of it"
    return RiskViolation(NO_SHORT, "WARNING", request.value_quote, Decimal(0), message)


RULE = OrderRule(code=None, place=0, check=check, stands=by_state)
