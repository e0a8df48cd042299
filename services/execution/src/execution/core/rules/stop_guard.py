"""After so many stops in a trading day the market is not what the strategy takes it for: no entries until the next.

Source: freqtrade, "StoplossGuard".
"""

from __future__ import annotations

from decimal import Decimal

from execution.core.rules.rule import Option, OrderRequest, OrderRule, RiskViolation, by_state


def check(request: OrderRequest) -> RiskViolation | None:
    """Deny an entry once stops have sold so many positions this day, of whichever pairs."""
    stops, most = request.today.stops, request.account.max_stops_per_day
    if most is None or stops < most:
        return None
    message = f"stops have sold {stops} positions today, no entries from {most} on"
    return RiskViolation("STOP_GUARD", "WARNING", Decimal(stops), Decimal(most), message)


RULE = OrderRule(
    code=None,
    place=3,
    check=check,
    stands=by_state,
    option=Option("max_stops_per_day", "int | None", "None", "positions sold by stops before entries end", "ge=1"),
)
