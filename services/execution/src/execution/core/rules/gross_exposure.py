"""All positions together against equity, buys in flight included: what is not invested cannot be lost.

On spot nothing is short, so what an account has in the market gross is what it has net.
"""

from __future__ import annotations

from contracts.units import decimal_string
from contracts.wakes import NEVER
from execution.core.rules.rule import PERCENT, Option, OrderRequest, OrderRule, RiskViolation


def check(request: OrderRequest) -> RiskViolation | None:
    """Deny an entry with which more than `max_gross_pct` of equity would be held or being bought."""
    pct = request.account.max_gross_pct
    invested = sum(request.invested.values(), request.value_quote)
    if pct is None or invested <= (limit := request.equity * pct * PERCENT):
        return None
    most = f"{decimal_string(limit)} {request.account.currency}"
    message = f"{decimal_string(invested)} would be held or being bought, at most {most} allowed"
    return RiskViolation("GROSS_EXPOSURE", "WARNING", invested, limit, message)


RULE = OrderRule(
    code=None,
    place=4,
    check=check,
    stands=lambda request: NEVER if request.account.max_gross_pct is None else None,
    option=Option(
        "max_gross_pct", "Decimal | None", "None", "value of all pairs together, percent of equity", "gt=0, le=100"
    ),
)
