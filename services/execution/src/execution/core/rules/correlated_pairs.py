"""Pairs that move together are one bet: their value together against equity.

Which those are is the account's to say. A correlation that is estimated from the last hours is least to be relied on
when it matters, and would decide otherwise after a restart with less history.
"""

from __future__ import annotations

from decimal import Decimal

from contracts.units import decimal_string
from contracts.wakes import NEVER, Wakes
from execution.core.rules.rule import PERCENT, Limit, Option, OrderRequest, OrderRule, RiskViolation


def check(request: OrderRequest) -> RiskViolation | None:
    """Deny an entry with which one group of `correlated_pairs` would be more than `max_correlated_pct` of equity."""
    limit = request.equity * request.account.max_correlated_pct * PERCENT
    for group in request.account.correlated_pairs:
        if request.pair not in group:
            continue
        value = sum((request.invested.get(pair, Decimal(0)) for pair in group), request.value_quote)
        if value > limit:
            most = f"{decimal_string(limit)} {request.account.currency}"
            message = f"{', '.join(group)}: {decimal_string(value)} together, at most {most} allowed"
            return RiskViolation("CORRELATED_PAIRS", "WARNING", value, limit, message)
    return None


def stands(request: OrderRequest) -> Wakes | None:
    """Never object to a pair that is in no group."""
    return None if any(request.pair in group for group in request.account.correlated_pairs) else NEVER


RULE = OrderRule(
    code=None,
    place=4,
    check=check,
    stands=stands,
    limit=Limit("max_correlated_pct", 50, "limit on the value of a group of correlated_pairs"),
    option=Option("correlated_pairs", "tuple[tuple[str, ...], ...]", "()", "groups of its pairs that move together"),
)
