"""One decision for one account, pair and final candle: 'none' and its reason included."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from contracts.candle import Quality
from contracts.message import Message
from contracts.prediction import Direction
from contracts.units import MS_PER_SECOND, FiniteFloat, Pair, PositiveDecimalString

Decision = Literal["buy", "sell", "none"]
SignalReason = Literal["confident", "below_confidence", "not_warm", "gap", "cooldown", "no_direction"]


class Signal(Message):
    """Execution's only input: each pair sends each account exactly one per final candle.

    `buy` asks to hold the pair, `sell` to hold none of it. The decision expires at `expires_at_ms` (event time).
    The `mark_*` fields carry the candle the decision was made on.
    """

    schema_name: ClassVar[str] = "signal"

    type: Literal["decision"] = "decision"
    account: str = Field(min_length=1)
    exchange: str = Field(min_length=1)
    pair: Pair
    interval_s: int = Field(gt=0)
    window_start_ms: int
    decision: Decision
    reason: SignalReason
    direction: Direction
    probability_up: FiniteFloat | None = Field(ge=0, le=1)
    confidence: FiniteFloat | None = Field(ge=0, le=1)
    expires_at_ms: int
    model_name: str = Field(min_length=1)
    model_version: int = Field(ge=1)
    prediction_id: str
    mark_open: PositiveDecimalString
    mark_high: PositiveDecimalString
    mark_low: PositiveDecimalString
    mark_close: PositiveDecimalString
    mark_trade_count: int = Field(ge=0)
    mark_quality: Quality

    @property
    def window_end_ms(self) -> int:
        """End of the candle's window: the moment of the decision."""
        return self.window_start_ms + self.interval_s * MS_PER_SECOND

    @property
    def key(self) -> str:
        return self.account

    @property
    def event_time_ms(self) -> int:
        return self.window_end_ms

    @property
    def message_id(self) -> str:
        return f"{self.account}:{self.exchange}:{self.pair}:{self.interval_s}:{self.window_start_ms}"
