"""No new positions while an operator wants none."""

from __future__ import annotations

from execution.core.account.operator_state import ACTIVE
from execution.core.rules.rule import OrderRequest, OrderRule, RiskViolation, by_state


def check(request: OrderRequest) -> RiskViolation | None:
    """Deny unless operators let the account trade; the command itself was reported when it came."""
    state = request.operator_state
    if state == ACTIVE:
        return None
    return RiskViolation(state, "WARNING", request.cost_quote, request.available_cash, f"no new positions: {state}")


RULE = OrderRule(code=None, place=0, check=check, stands=by_state)
