"""What all accounts of an owner hold and are buying, against what they are worth together.

On spot nothing is short, so what they have in the market gross is what they have net.
"""

from __future__ import annotations

from contracts.units import decimal_string
from contracts.wakes import NEVER, Wakes
from execution.core.rules.rule import PERCENT, Option, OrderRequest, OrderRule, RiskViolation

GROSS_EXPOSURE = "OWNER_GROSS_EXPOSURE"


def check(request: OrderRequest) -> RiskViolation | None:
    """Deny an entry with which more than `max_gross_pct` of the equity of all his accounts would be in the market."""
    of = request.of_owner
    pct = None if of is None else of.owner.max_gross_pct
    if of is None or pct is None:
        return None
    invested = sum(request.invested.values(), request.value_quote) + of.invested_elsewhere
    if invested <= (limit := of.equity * pct * PERCENT):
        return None
    most = f"{decimal_string(limit)} {request.account.currency}"
    message = f"{decimal_string(invested)} would be held or being bought by {of.owner.name}, at most {most} allowed"
    return RiskViolation(GROSS_EXPOSURE, "WARNING", invested, limit, message)


def stands(request: OrderRequest) -> Wakes | None:
    """Never object where nobody set such a limit."""
    of = request.of_owner
    return NEVER if of is None or of.owner.max_gross_pct is None else None


RULE = OrderRule(
    code=None,
    place=4,
    check=check,
    stands=stands,
    owner_option=Option(
        "max_gross_pct",
        "Decimal | None",
        "None",
        "value of all pairs of all accounts together, percent of their equity",
        "gt=0, le=100",
    ),
)
