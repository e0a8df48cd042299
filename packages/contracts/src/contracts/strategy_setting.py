"""Other parameters of a strategy, for one pair of one account, from an event time on."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from contracts.message import Message
from contracts.units import Pair


class StrategySetting(Message):
    """What an operator sets while everything runs.

    It holds from the first candle on that is of `from_ms` or later and is decided after it was read; which one that
    was the signals say, whose hash is another from there on. The last one that holds counts.

    Attributes
    ----------
    setting_id
        No other has it; it is the topic's key, so that all of them are kept.
    account, pair, strategy
        Whose, and the name of the strategy it is meant for: where the account follows another, it does nothing.
    parameters
        Of the strategy; what is not named is as the account's own table has it.
    from_ms
        Start of the first window that it may hold for, event time; null: the next one.
    issued_by, issued_at_ms
        Who said it, and when, by the wall clock there.
    """

    schema_name: ClassVar[str] = "strategy_setting"

    setting_id: str = Field(min_length=1, max_length=64)
    account: str = Field(min_length=1)
    pair: Pair
    strategy: str = Field(min_length=1)
    parameters: dict[str, int | float]
    from_ms: int | None = Field(ge=0)
    issued_by: str = Field(min_length=1, max_length=200)
    issued_at_ms: int = Field(ge=0)

    @property
    def key(self) -> str:
        return self.setting_id

    @property
    def event_time_ms(self) -> int:
        return self.issued_at_ms

    @property
    def message_id(self) -> str:
        return f"{self.account}:{self.pair}:{self.setting_id}"
