"""What holds for all accounts of a process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

RiskMark = Literal["low", "close"]


@dataclass(frozen=True, slots=True)
class Policy:
    """How execution judges time and risk.

    Parameters
    ----------
    day_timezone
        IANA name of the zone whose midnight starts a trading day.
    risk_mark
        The price of a minute at which loss limits are checked: its `low` (what a venue that watches every trade would
        have seen; with several pairs the lows need not have coincided, so it may act too early, never too late), or
        its `close`.
    maximum_pending_bars
        How many candles a pair may be ahead of the account's slowest pair before execution acts without the latter.
    """

    day_timezone: str = "UTC"
    risk_mark: RiskMark = "low"
    maximum_pending_bars: int = 100_000
