"""No new positions while a loss limit is broken."""

from __future__ import annotations

from execution.core.account.operator_state import ACTIVE
from execution.core.rules.rule import OrderRequest, OrderRule, RiskViolation, by_state


def check(request: OrderRequest) -> RiskViolation | None:
    """Deny unless the account is active; the breach itself was reported when it happened."""
    state = request.trading_state
    if state == ACTIVE:
        return None
    return RiskViolation(state, "WARNING", request.cost_quote, request.available_cash, f"no new positions: {state}")


RULE = OrderRule(code=None, place=1, check=check, stands=by_state)
