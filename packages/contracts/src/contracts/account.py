"""An account: whose money, which pairs, how bold."""

from __future__ import annotations

from decimal import Decimal

from pydantic import ConfigDict, Field

from contracts.risk_rules import RiskLimits
from contracts.units import Pair


class Account(RiskLimits):
    """A paper account as signals and execution are told of it (setting `TRADESTREAM_ACCOUNTS`, a JSON list).

    `pairs` are the pairs it trades. The size of a position and its limit are percent of live equity, the loss limits
    percent of the initial balance.

    Attributes
    ----------
    name
        Letters, digits, ``_`` and ``-``; it is the key of all that the account does.
    initial_balance_quote
        What it starts with, in quote currency.
    minimum_confidence
        Predictions below it are no reason to trade.
    max_daily_loss_pct, max_total_loss_pct
        What it may lose in a UTC day, and since its start.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, pattern=r"^[A-Za-z0-9_-]+$")
    pairs: tuple[Pair, ...] = Field(min_length=1)
    initial_balance_quote: Decimal = Field(default=Decimal(10_000), gt=0)
    minimum_confidence: float = Field(default=0.55, ge=0.5, le=1)
    cooldown_bars: int = Field(default=5, ge=0, description="bars between two decisions other than none, per pair")
    position_pct: Decimal = Field(default=Decimal(20), gt=0, le=100, description="size of a new position")
