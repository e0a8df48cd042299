"""The feature row: one closed candle with its indicators, as stored, trained on and served."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field, create_model

from contracts.candle import Quality
from contracts.features import FEATURES
from contracts.message import Message
from contracts.units import MS_PER_SECOND, DecimalString, FiniteFloat, Pair, PositiveDecimalString


class FeatureRowBase(Message):
    """What a feature row says of its candle; `revision` is the candle's.

    `feature_set` is ``name:hash`` of the list of features it was computed with. A feature that is not warm is
    null. The columns of the features themselves are added from `contracts.features.FEATURES`.
    """

    schema_name: ClassVar[str] = "feature_row"

    exchange: str = Field(min_length=1)
    pair: Pair
    interval_s: int = Field(gt=0)
    window_start_ms: int
    revision: int = Field(ge=0)
    open: PositiveDecimalString
    high: PositiveDecimalString
    low: PositiveDecimalString
    close: PositiveDecimalString
    volume: DecimalString
    trade_count: int = Field(ge=0)
    first_trade_id: int | None
    last_trade_id: int | None
    quality: Quality
    feature_set: str

    @property
    def window_end_ms(self) -> int:
        """End of the candle's window, exclusive."""
        return self.window_start_ms + self.interval_s * MS_PER_SECOND

    @property
    def key(self) -> str:
        return self.pair

    @property
    def event_time_ms(self) -> int:
        return self.window_end_ms

    @property
    def message_id(self) -> str:
        return f"{self.exchange}:{self.pair}:{self.interval_s}:{self.window_start_ms}:{self.revision}"

    def values(self) -> dict[str, float | None]:
        """Return the features by name, in the order of `FEATURES`."""
        return {feature.name: getattr(self, feature.name) for feature in FEATURES}


if TYPE_CHECKING:

    class FeatureRow(FeatureRowBase):
        """Feature row with its feature columns (made from the list, so a checker cannot see them)."""

        def __init__(self, **data: Any) -> None: ...
        def __getattr__(self, name: str) -> float | None: ...
else:
    FeatureRow = create_model(
        "FeatureRow",
        __base__=FeatureRowBase,
        __module__=__name__,
        **{feature.name: (FiniteFloat | None, Field(description=feature.description)) for feature in FEATURES},
    )
