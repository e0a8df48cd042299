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
    "STALE_DATA",
    "FILL_AFTER_END",
]


class RiskLimits(BaseModel):
    """The limits of an account, percent; `execution.core.rules` says of what."""

    max_daily_loss_pct: Decimal = Field(Decimal(5), gt=0, le=100, description="limit on the loss since midnight")
    max_total_loss_pct: Decimal = Field(Decimal(10), gt=0, le=100, description="limit on the loss since it began")
    max_position_pct: Decimal = Field(Decimal(25), gt=0, le=100, description="limit on one pair's value")
