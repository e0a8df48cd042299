"""The value of one pair's position against the account's equity."""

from __future__ import annotations

from contracts.units import decimal_string
from contracts.wakes import NEVER, Wakes
from execution.core.rules.rule import PERCENT, Limit, OrderRequest, OrderRule, RiskViolation, is_plain


def check(request: OrderRequest) -> RiskViolation | None:
    """Deny when the position would be worth more than `max_position_pct` of equity."""
    limit = request.equity * request.account.max_position_pct * PERCENT
    if request.value_quote <= limit:
        return None
    value, most = decimal_string(request.value_quote), decimal_string(limit)
    message = f"position of {value}, at most {most} {request.account.currency} allowed"
    return RiskViolation("POSITION_SIZE", "WARNING", request.value_quote, limit, message)


def stands(request: OrderRequest) -> Wakes | None:
    """Never object to what is sized below the limit."""
    account = request.account
    return NEVER if is_plain(account) and account.position_pct <= account.max_position_pct else None


RULE = OrderRule(
    code="POSITION_SIZE",
    place=4,
    check=check,
    limit=Limit("max_position_pct", 25, "limit on one pair's value"),
    stands=stands,
)
