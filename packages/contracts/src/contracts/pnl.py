"""The account's books at the end of a minute."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from pydantic import Field

from contracts.message import Message
from contracts.units import DecimalString


class Pnl(Message):
    """Profit and loss of an account, marked at the close of the candles that ended at `time_ms`.

    ``equity = balance + unrealised``; `balance` is the initial balance plus realised profit minus fees.
    `exposure_quote` is the marked value of what is held; `drawdown_quote` is how far equity is below its highest,
    `daily_loss_quote` how far below the balance of the last midnight (both 0 or positive).

    Attributes
    ----------
    account
        Whose.
    equity, unrealised_quote
        Now, in quote currency.
    realised_quote, fees_quote
        Sums since the account's start, in quote currency.
    """

    schema_name: ClassVar[str] = "pnl"

    account: str = Field(min_length=1)
    time_ms: int
    balance: DecimalString
    equity: DecimalString
    realised_quote: DecimalString
    unrealised_quote: DecimalString
    fees_quote: DecimalString
    exposure_quote: DecimalString
    drawdown_quote: DecimalString
    daily_loss_quote: DecimalString
    trading_state: str = Field(description="ACTIVE, or the reason why no new positions are opened")

    @property
    def initial(self) -> Decimal:
        """What the account began with, in quote currency, exact."""
        return Decimal(self.balance) - Decimal(self.realised_quote) + Decimal(self.fees_quote)

    @property
    def key(self) -> str:
        return self.account

    @property
    def event_time_ms(self) -> int:
        return self.time_ms

    @property
    def message_id(self) -> str:
        return f"{self.account}:{self.time_ms}"
