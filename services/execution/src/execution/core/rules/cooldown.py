"""After a fill of a pair, in or out, the next entry into it waits.

A decision that changes nothing is no fill, and an exit is no entry: neither begins a wait, and none keeps an exit.
"""

from __future__ import annotations

from decimal import Decimal

from execution.core.rules.rule import Option, OrderRequest, OrderRule, RiskViolation, by_time

COOLDOWN = "COOLDOWN"


def check(request: OrderRequest) -> RiskViolation | None:
    """Deny an entry until `cooldown_bars` bars have ended since the last fill; the order says so, and no alert."""
    since, wanted = request.bars_since_fill, request.account.cooldown_bars
    if since is None or since >= wanted:
        return None
    message = f"{since} bars since the last fill of {request.pair}, {wanted} wanted"
    return RiskViolation(COOLDOWN, "WARNING", Decimal(since), Decimal(wanted), message)


RULE = OrderRule(
    code=None,
    place=3,
    check=check,
    stands=lambda request: by_time(request, check),
    option=Option("cooldown_bars", "int", "5", "bars that end between a fill and the pair's next entry", "ge=0"),
)
