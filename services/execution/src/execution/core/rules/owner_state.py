"""No new positions while a limit over all accounts of the owner is broken."""

from __future__ import annotations

from execution.core.account.operator_state import ACTIVE
from execution.core.rules.rule import OrderRequest, OrderRule, RiskViolation, by_state


def check(request: OrderRequest) -> RiskViolation | None:
    """Deny unless the owner's limits let his accounts trade; the breach itself was reported when it happened."""
    state = request.owner_state
    if state == ACTIVE:
        return None
    return RiskViolation(state, "WARNING", request.cost_quote, request.available_cash, f"no new positions: {state}")


RULE = OrderRule(code=None, place=1, check=check, stands=by_state)
