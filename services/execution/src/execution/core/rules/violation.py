"""What a risk rule is shown and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from contracts.account import Account
from contracts.risk_alert import RiskRule

#: From this share of a limit on, a warning is raised.
WARNING_SHARE = Decimal("0.8")
PERCENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class AccountHealth:
    """What the rules of a whole account look at. `equity` is taken at the policy's risk mark."""

    account: Account
    initial_balance: Decimal
    day_start_balance: Decimal
    equity: Decimal


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """A buy before it is sent. `cost_quote` includes the expected slippage and fee."""

    account: Account
    trading_state: str
    equity: Decimal
    value_quote: Decimal
    cost_quote: Decimal
    available_cash: Decimal


@dataclass(frozen=True, slots=True)
class RiskViolation:
    """A rule's objection.

    `reason` becomes the trading state or the order's reason; `rule` is None where no alert is due because the state
    it follows from was reported before.
    """

    reason: str
    rule: RiskRule | None
    severity: Literal["WARNING", "CRITICAL"]
    value: Decimal
    limit: Decimal
    message: str
