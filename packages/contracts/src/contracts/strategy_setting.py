"""A strategy of one pair of one account: other parameters, or off and on, from an event time on."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from contracts.message import Message
from contracts.units import Pair

#: Off: nothing is entered; sell: what is held is sold as well.
Switch = Literal["on", "off", "sell"]


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
        Of the strategy; what is not named is as the account's own table has it. Null: they stay.
    switch
        Whether it decides at all; null: as before.
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
    parameters: dict[str, int | float] | None
    switch: Switch | None = None
    from_ms: int | None = Field(ge=0)
    issued_by: str = Field(min_length=1, max_length=200)
    issued_at_ms: int = Field(ge=0)

    @model_validator(mode="after")
    def _sets_one_thing(self) -> Self:
        if (self.parameters is None) == (self.switch is None):
            raise ValueError(f"parameters or a switch, was {'neither' if self.switch is None else 'both'}")
        return self

    @property
    def key(self) -> str:
        return self.setting_id

    @property
    def event_time_ms(self) -> int:
        return self.issued_at_ms

    @property
    def message_id(self) -> str:
        return f"{self.account}:{self.pair}:{self.setting_id}"
