"""The feature row: one closed candle with its indicators, as stored, trained on and served."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field, create_model

from contracts.candle import Quality
from contracts.feature_columns import FEATURE_COLUMNS
from contracts.units import DecimalString, FiniteFloat, PositiveDecimalString
from contracts.window import WindowMessage


class FeatureRowBase(WindowMessage):
    """What a feature row says of its candle; `revision` is the candle's.

    `taker_buy_volume` is the candle's, null where it is not known; `reference_close` what the pair that this one is
    compared with closed at in the window, null where there is none. Rows of before they were carried have neither.

    `feature_set` is ``name:hash`` of the features it was computed with. Those are written, null where they are not
    warm; the others of `FEATURE_COLUMNS`, which gives this class its columns, are left out.
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
    taker_buy_volume: DecimalString | None = None
    reference_close: FiniteFloat | None = None

    @property
    def message_id(self) -> str:
        return f"{self.window_id}:{self.revision}"

    def to_json(self) -> bytes:
        """Return the wire form; equal messages give equal bytes."""
        # What is not of the row's set was never given, and costs no bytes.
        return self.__pydantic_serializer__.to_json(self, exclude_unset=True)

    def values(self) -> dict[str, float | None]:
        """Return the features of the row's set by name, in the order of `FEATURE_COLUMNS`."""
        given, fields = self.model_fields_set, self.__dict__
        return {name: fields[name] for name in FEATURE_COLUMNS if name in given}


if taken := set(FEATURE_COLUMNS) & set(FeatureRowBase.model_fields):
    raise ValueError(f"features: expected names that are not the row's own, was {', '.join(sorted(taken))}")

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
        **{name: (FiniteFloat | None, Field(None, description=about)) for name, about in FEATURE_COLUMNS.items()},
    )
