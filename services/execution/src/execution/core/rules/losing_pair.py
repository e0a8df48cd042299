"""A pair that has lost too much in a trading day is left alone until the next.

Source: freqtrade, "LowProfitPairs".
"""

from __future__ import annotations

from decimal import Decimal

from contracts.units import decimal_string
from execution.core.rules.rule import PERCENT, Option, OrderRequest, OrderRule, RiskViolation, by_state


def check(request: OrderRequest) -> RiskViolation | None:
    """Deny an entry once the pair has realised such a loss today, fees included: percent of the initial balance."""
    pct = request.account.max_pair_loss_pct
    lost = -request.today.earned.get(request.pair, Decimal(0))
    if pct is None or lost < (limit := request.initial_balance * pct * PERCENT):
        return None
    most = f"{decimal_string(limit)} {request.account.currency}"
    message = f"{request.pair} has lost {decimal_string(lost)} today, no entries from {most} on"
    return RiskViolation("LOSING_PAIR", "WARNING", lost, limit, message)


RULE = OrderRule(
    code=None,
    place=3,
    check=check,
    stands=by_state,
    option=Option(
        "max_pair_loss_pct",
        "Decimal | None",
        "None",
        "loss of a pair in a day that ends its entries",
        "gt=0, le=100",
    ),
)
