"""What a person may choose for a demo, a replay and a run alike, as it was given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Choices:
    """The options as they were given; None where the default holds, or what the environment says.

    Parameters
    ----------
    accounts
        TOML file of accounts.
    balance
        What the one account begins with, in its quote currency.
    fee_bps
        Taker fee, basis points.
    pairs
        What streams, and what the one account trades.
    interval, horizon_bars
        Length of the bars that are predicted, and how many bars ahead.
    """

    accounts: Path | None = None
    balance: str | None = None
    fee_bps: str | None = None
    pairs: Sequence[str] | None = None
    interval: str | None = None
    horizon_bars: int | None = None
