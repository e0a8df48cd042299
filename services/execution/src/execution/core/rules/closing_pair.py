"""Nothing is bought of a pair that the account gives up."""

from __future__ import annotations

from execution.core.rules.rule import OrderRequest, OrderRule, RiskViolation, by_state

CLOSING_PAIR = "CLOSING_PAIR"


def check(request: OrderRequest) -> RiskViolation | None:
    """Deny a buy of one of `closing_pairs`."""
    if request.pair not in request.account.closing_pairs:
        return None
    message = f"{request.account.name} gives up {request.pair}"
    return RiskViolation(CLOSING_PAIR, "WARNING", request.cost_quote, request.available_cash, message)


RULE = OrderRule(code=None, place=2, check=check, stands=by_state)
