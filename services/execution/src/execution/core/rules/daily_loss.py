"""Daily loss, as prop firms word it: equity against the balance at midnight, percent of the initial balance."""

from __future__ import annotations

from execution.core.rules.loss_limit import judge_loss
from execution.core.rules.violation import PERCENT, AccountHealth, RiskViolation

DAILY_LOSS = "DAILY_LOSS"


def daily_loss(health: AccountHealth) -> RiskViolation | None:
    """Object when equity falls below ``day start balance - max_daily_loss_pct of the initial balance``.

    The basis is the balance at midnight, not the equity: a loss floating over midnight counts against the new day.
    Source: FTMO, "Maximum Daily Loss".
    """
    limit = health.initial_balance * health.account.max_daily_loss_pct * PERCENT
    return judge_loss(DAILY_LOSS, "DAILY_LOSS", health.day_start_balance - health.equity, limit)
