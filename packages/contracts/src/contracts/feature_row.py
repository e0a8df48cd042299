"""The feature row: one closed candle with its indicators, as stored, trained on and served."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field, create_model

from contracts.candle import Quality
from contracts.features import FEATURES
from contracts.units import DecimalString, FiniteFloat, PositiveDecimalString
from contracts.window import WindowMessage


class FeatureRowBase(WindowMessage):
    """What a feature row says of its candle; `revision` is the candle's.

    `feature_set` is ``name:hash`` of the list of features it was computed with. A feature that is not warm is
    null. The columns of the features themselves are added from `contracts.features.FEATURES`.
    """

    schema_name: ClassVar[str] = "feature_row"

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
    def message_id(self) -> str:
        return f"{self.window_id}:{self.revision}"

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
