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
    "OPERATOR",
    "OWNER_DAILY_LOSS",
    "OWNER_DRAWDOWN",
]


class RiskLimits(BaseModel):
    """The limits of an account, percent unless said otherwise; `execution.core.rules` says of what."""

    max_daily_loss_pct: Decimal = Field(Decimal(5), gt=0, le=100, description="limit on the loss since midnight")
    daily_loss_basis: Literal["balance", "equity", "higher"] = Field(
        "balance", description="of a day's beginning, what its loss is counted from"
    )
    daily_loss_on_breach: Literal["day", "end"] = Field(
        "day", description="what a breach of the daily limit stops: the rest of the day, or the account for good"
    )
    daily_loss_act_at_pct: Decimal | None = Field(
        None, ge=50, lt=100, description="percent of the daily limit at which all is sold, until the next day"
    )
    max_total_loss_pct: Decimal = Field(Decimal(10), gt=0, le=100, description="limit on the loss since it began")
    total_loss_mode: Literal["static", "end_of_day", "intraday"] = Field(
        "static", description="whether the total loss is counted from the initial balance, or from the highest since"
    )
    cooldown_bars: int = Field(5, ge=0, description="bars that end between a fill and the pair's next entry")
    max_entries_per_day: int | None = Field(None, ge=1, description="buys sent in a trading day")
    max_entries_per_hour: int | None = Field(None, ge=1, description="buys sent within 60 minutes")
    max_pair_loss_pct: Decimal | None = Field(
        None, gt=0, le=100, description="loss of a pair in a day that ends its entries"
    )
    max_open_positions: int | None = Field(None, ge=1, description="pairs held or being bought at once")
    max_stops_per_day: int | None = Field(None, ge=1, description="positions sold by stops before entries end")
    max_correlated_pct: Decimal = Field(
        Decimal(50), gt=0, le=100, description="limit on the value of a group of correlated_pairs"
    )
    correlated_pairs: tuple[tuple[str, ...], ...] = Field((), description="groups of its pairs that move together")
    max_gross_pct: Decimal | None = Field(
        None, gt=0, le=100, description="value of all pairs together, percent of equity"
    )
    max_position_pct: Decimal = Field(Decimal(25), gt=0, le=100, description="limit on one pair's value")


class OwnerLimits(BaseModel):
    """The limits of all accounts of an owner, percent unless said otherwise; `execution.core.rules` says of what."""

    max_daily_loss_pct: Decimal = Field(Decimal(5), gt=0, le=100, description="limit on the loss since midnight")
    daily_loss_basis: Literal["balance", "equity", "higher"] = Field(
        "balance", description="of a day's beginning, what its loss is counted from"
    )
    daily_loss_on_breach: Literal["day", "end"] = Field(
        "day", description="what a breach of the daily limit stops: the rest of the day, or the account for good"
    )
    daily_loss_act_at_pct: Decimal | None = Field(
        None, ge=50, lt=100, description="percent of the daily limit at which all is sold, until the next day"
    )
    max_total_loss_pct: Decimal = Field(Decimal(10), gt=0, le=100, description="limit on the loss since it began")
    total_loss_mode: Literal["static", "end_of_day", "intraday"] = Field(
        "static", description="whether the total loss is counted from the initial balance, or from the highest since"
    )
    max_gross_pct: Decimal | None = Field(
        None, gt=0, le=100, description="value of all pairs of all accounts together, percent of their equity"
    )
