"""How often an account buys within an hour: a loop that has gone wrong is stopped before it costs a day's fees."""

from __future__ import annotations

from decimal import Decimal

from execution.core.rules.rule import Option, OrderRequest, OrderRule, RiskViolation, by_time


def check(request: OrderRequest) -> RiskViolation | None:
    """Deny an entry after so many buys were sent in the last 60 minutes, also over midnight."""
    sent, most = request.entries_in_hour, request.account.max_entries_per_hour
    if most is None or sent < most:
        return None
    message = f"{sent} buys were sent in the last hour, at most {most} allowed"
    return RiskViolation("ENTRY_RATE", "WARNING", Decimal(sent), Decimal(most), message)


RULE = OrderRule(
    code=None,
    place=3,
    check=check,
    stands=lambda request: by_time(request, check),
    option=Option("max_entries_per_hour", "int | None", "None", "buys sent within 60 minutes", "ge=1"),
)
