"""The codes of risk rules and the limits of accounts. Written by `make schemas` from `execution.core.rules`."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, Field

RiskRule = Literal[
    "DAILY_LOSS",
    "DRAWDOWN",
    "POSITION_SIZE",
    "EXPOSURE",
    "REMOVED_PAIR",
    "STALE_DATA",
    "FILL_AFTER_END",
]


class RiskLimits(BaseModel):
    """The limits of an account, percent unless said otherwise; `execution.core.rules` says of what."""

    max_daily_loss_pct: Decimal = Field(Decimal(5), gt=0, le=100, description="limit on the loss since midnight")
    daily_loss_on_breach: Literal["day", "end"] = Field(
        "day", description="what a breach of the daily limit stops: the rest of the day, or the account for good"
    )
    max_total_loss_pct: Decimal = Field(Decimal(10), gt=0, le=100, description="limit on the loss since it began")
    cooldown_bars: int = Field(5, ge=0, description="bars that end between a fill and the pair's next entry")
    max_position_pct: Decimal = Field(Decimal(25), gt=0, le=100, description="limit on one pair's value")
