"""Total loss: equity against the initial balance (static, not trailing). It ends the account.

Broken when equity falls below ``initial balance - max_total_loss_pct of it``.
"""

from __future__ import annotations

from execution.core.rules.rule import Limit, LossRule

RULE = LossRule(
    code="DRAWDOWN",
    state="TOTAL_LOSS",
    is_final=True,
    limit=Limit("max_total_loss_pct", 10, "limit on the loss since it began"),
    loss=lambda health: health.initial_balance - health.equity,
    equity_at=lambda health, lost: health.initial_balance - lost,
)
