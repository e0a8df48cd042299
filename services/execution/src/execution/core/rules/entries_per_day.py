"""How often an account buys in a trading day: what goes wrong in a loop shall not go wrong all day."""

from __future__ import annotations

from decimal import Decimal

from execution.core.rules.rule import Option, OrderRequest, OrderRule, RiskViolation, by_state


def check(request: OrderRequest) -> RiskViolation | None:
    """Deny an entry after so many buys were sent this day, whatever became of them."""
    sent, most = request.today.entries, request.account.max_entries_per_day
    if most is None or sent < most:
        return None
    message = f"{sent} buys were sent today, at most {most} allowed"
    return RiskViolation("ENTRIES_PER_DAY", "WARNING", Decimal(sent), Decimal(most), message)


RULE = OrderRule(
    code=None,
    place=3,
    check=check,
    stands=by_state,
    option=Option("max_entries_per_day", "int | None", "None", "buys sent in a trading day", "ge=1"),
)
