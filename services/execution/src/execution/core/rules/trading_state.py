"""No new positions while a loss limit is broken."""

from __future__ import annotations

from execution.core.portfolio import ACTIVE
from execution.core.rules.violation import OrderRequest, RiskViolation


def trading_state(request: OrderRequest) -> RiskViolation | None:
    """Object unless the account is active; the breach itself was reported when it happened."""
    if request.trading_state == ACTIVE:
        return None
    return RiskViolation(
        reason=request.trading_state,
        rule=None,
        severity="WARNING",
        value=request.cost_quote,
        limit=request.available_cash,
        message=f"no new positions: {request.trading_state}",
    )
