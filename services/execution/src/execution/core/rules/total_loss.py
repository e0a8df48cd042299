"""Total loss: it ends the account.

Broken when equity falls below a floor, ``max_total_loss_pct of the initial balance`` under what `total_loss_mode`
says: ``static`` the initial balance; ``end_of_day`` the highest balance that a trading day has begun with, so that
gains count from the next midnight on; ``intraday`` the highest equity at any close so far. Trailing floors never
go down.
Source: FTMO, "Maximum Loss" (static); Topstep and Apex, "trailing drawdown" (the others).
"""

from __future__ import annotations

from decimal import Decimal

from execution.core.rules.rule import AccountHealth, Limit, LossRule, Option


def peak(health: AccountHealth) -> Decimal:
    """Return what the loss is counted from; before anything is known of it, the initial balance."""
    mode = health.account.total_loss_mode
    if mode == "static":
        return health.initial_balance
    return max(health.highest_day_start if mode == "end_of_day" else health.highest_equity, health.initial_balance)


def moves_from(health: AccountHealth) -> Decimal | None:
    """Return from which equity on the floor rises with every close."""
    return peak(health) if health.account.total_loss_mode == "intraday" else None


RULE = LossRule(
    code="DRAWDOWN",
    state="TOTAL_LOSS",
    is_final=True,
    limit=Limit("max_total_loss_pct", 10, "limit on the loss since it began"),
    loss=lambda health: peak(health) - health.equity,
    equity_at=lambda health, lost: peak(health) - lost,
    moves_from=moves_from,
    option=Option(
        "total_loss_mode",
        'Literal["static", "end_of_day", "intraday"]',
        '"static"',
        "whether the total loss is counted from the initial balance, or from the highest since",
    ),
)
