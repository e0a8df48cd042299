"""The features of a candle that is not finished, for screens: nothing decides on them."""

from __future__ import annotations

from typing import ClassVar

from contracts.units import FiniteFloat
from contracts.window import OpenWindowMessage


class FormingRow(OpenWindowMessage):
    """What the features of an open window would be had the window ended at `as_of_ms`, by event time.

    Not a `FeatureRow`, so that no reader takes it for one: `features` holds those of `feature_set` by name, None
    where they are not warm.
    """

    schema_name: ClassVar[str] = "forming_row"

    feature_set: str
    features: dict[str, FiniteFloat | None]
