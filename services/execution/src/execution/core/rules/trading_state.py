"""No new positions while a loss limit is broken."""

from __future__ import annotations

from execution.core.book import ACTIVE
from execution.core.rules.finding import Finding, OrderRequest


def trading_state(request: OrderRequest) -> Finding | None:
    """Object unless the account is active; the breach itself was reported when it happened."""
    if request.trading_state == ACTIVE:
        return None
    return Finding(
        reason=request.trading_state,
        rule=None,
        severity="WARNING",
        value=request.cost_quote,
        limit=request.available_cash,
        message=f"no new positions: {request.trading_state}",
    )
