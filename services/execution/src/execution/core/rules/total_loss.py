"""Total loss: equity against the initial balance. It ends the account."""

from __future__ import annotations

from execution.core.rules.loss_limit import judge_loss
from execution.core.rules.violation import PERCENT, AccountHealth, RiskViolation

TOTAL_LOSS = "TOTAL_LOSS"


def total_loss(health: AccountHealth) -> RiskViolation | None:
    """Object when equity falls below ``initial balance - max_total_loss_pct of it`` (static, not trailing)."""
    limit = health.initial_balance * health.account.max_total_loss_pct * PERCENT
    return judge_loss(TOTAL_LOSS, "DRAWDOWN", health.initial_balance - health.equity, limit)
