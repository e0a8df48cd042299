"""The list of risk rules: one file each, a function that returns a violation or nothing."""

from __future__ import annotations

from collections.abc import Callable

from execution.core.rules.daily_loss import daily_loss
from execution.core.rules.exposure import exposure
from execution.core.rules.position_size import position_size
from execution.core.rules.total_loss import total_loss
from execution.core.rules.trading_state import trading_state
from execution.core.rules.violation import AccountHealth, OrderRequest, RiskViolation

AccountRule = Callable[[AccountHealth], RiskViolation | None]
OrderRule = Callable[[OrderRequest], RiskViolation | None]

#: Asked once a minute. The last breach found names the trading state, so the terminal one stands last.
ACCOUNT_RULES: tuple[AccountRule, ...] = (daily_loss, total_loss)

#: Asked before an order that opens a position is sent; the first objection denies it.
ORDER_RULES: tuple[OrderRule, ...] = (trading_state, position_size, exposure)
