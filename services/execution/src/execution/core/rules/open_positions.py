"""How many pairs an account is in at once."""

from __future__ import annotations

from decimal import Decimal

from execution.core.rules.rule import Option, OrderRequest, OrderRule, RiskViolation, by_state


def check(request: OrderRequest) -> RiskViolation | None:
    """Deny an entry where so many other pairs are held or being bought already."""
    most = request.account.max_open_positions
    if most is None or request.open_pairs < most:
        return None
    message = f"{request.open_pairs} pairs are held or being bought, at most {most} allowed"
    return RiskViolation("OPEN_POSITIONS", "WARNING", Decimal(request.open_pairs), Decimal(most), message)


RULE = OrderRule(
    code=None,
    place=3,
    check=check,
    stands=by_state,
    option=Option("max_open_positions", "int | None", "None", "pairs held or being bought at once", "ge=1"),
)
