"""Daily loss, as prop firms word it: equity against the balance at midnight, percent of the initial balance.

Broken when equity falls below ``day start balance - max_daily_loss_pct of the initial balance``. The basis is the
balance at midnight, not the equity: a loss floating over midnight counts against the new day.
Source: FTMO, "Maximum Daily Loss".
"""

from __future__ import annotations

from execution.core.rules.rule import Limit, LossRule

RULE = LossRule(
    code="DAILY_LOSS",
    state="DAILY_LOSS",
    is_final=False,
    limit=Limit("max_daily_loss_pct", 5, "limit on the loss since midnight"),
    loss=lambda health: health.day_start_balance - health.equity,
    equity_at=lambda health, lost: health.day_start_balance - lost,
)
