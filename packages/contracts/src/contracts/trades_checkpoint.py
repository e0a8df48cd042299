"""How far the trades service has come with a pair: where it resumes after a stop, a kill or a hand-over."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from contracts.message import Message
from contracts.units import US_PER_MS, Pair


class TradesCheckpoint(Message):
    """Everything up to `last_trade_id` is on the trades topic.

    Written after the frame it speaks of, to a compacted topic, so it may lag behind and never runs ahead: a
    restart can repeat trades (readers drop them by id) and cannot lose any.

    `cursor` is the venue's own paging position (Kraken: nanoseconds as text), `covered_to_us` the event time up
    to which the pair is complete, `history_complete` whether the history part is done.

    Attributes
    ----------
    exchange, pair
        Whose trades.
    last_timestamp_us
        Event time of that trade, microseconds; None before the first.
    """

    schema_name: ClassVar[str] = "trades_checkpoint"

    exchange: str = Field(min_length=1)
    pair: Pair
    last_trade_id: int | None
    last_timestamp_us: int | None
    cursor: str
    covered_to_us: int
    history_complete: bool

    @property
    def key(self) -> str:
        return f"{self.exchange}:{self.pair}"

    @property
    def event_time_ms(self) -> int:
        return self.covered_to_us // US_PER_MS

    @property
    def message_id(self) -> str:
        return f"{self.exchange}:{self.pair}:checkpoint:{self.covered_to_us}:{self.last_trade_id}"
