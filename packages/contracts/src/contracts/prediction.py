"""What a model expects of the next bars, and the candle it saw last."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from contracts.candle import Quality
from contracts.message import Message
from contracts.units import MS_PER_SECOND, FiniteFloat, Pair, PositiveDecimalString

Direction = Literal[-1, 0, 1]
PredictionReason = Literal["ok", "not_warm", "gap"]


class Prediction(Message):
    """One per final candle and model version, also when the model could not speak (`reason` says why).

    `probability_up` is the probability that the close `horizon_bars` later is higher, `confidence` the probability
    of the more likely side, `direction` that side. All three are null, null and 0 unless `reason` is `ok`.
    The `mark_*` fields copy the candle: execution has one input and marks its positions with them.
    """

    schema_name: ClassVar[str] = "prediction"

    exchange: str = Field(min_length=1)
    pair: Pair
    interval_s: int = Field(gt=0)
    window_start_ms: int
    model_name: str = Field(min_length=1)
    model_version: int = Field(ge=1)
    feature_set: str
    horizon_bars: int = Field(ge=1)
    probability_up: FiniteFloat | None = Field(ge=0, le=1)
    confidence: FiniteFloat | None = Field(ge=0, le=1)
    direction: Direction
    reason: PredictionReason
    mark_open: PositiveDecimalString
    mark_high: PositiveDecimalString
    mark_low: PositiveDecimalString
    mark_close: PositiveDecimalString
    mark_trade_count: int = Field(ge=0)
    mark_quality: Quality

    @property
    def window_end_ms(self) -> int:
        """End of the candle's window: the moment the prediction was possible."""
        return self.window_start_ms + self.interval_s * MS_PER_SECOND

    @property
    def key(self) -> str:
        return self.pair

    @property
    def event_time_ms(self) -> int:
        return self.window_end_ms

    @property
    def message_id(self) -> str:
        window = f"{self.exchange}:{self.pair}:{self.interval_s}:{self.window_start_ms}"
        return f"{window}:{self.model_name}:{self.model_version}"
