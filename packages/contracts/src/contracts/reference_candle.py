"""What a pair's features need to know of another pair: its final candle, copied to where the pair's own are."""

from __future__ import annotations

from typing import ClassVar

from contracts.candle import Quality
from contracts.units import Pair, PositiveDecimalString
from contracts.window import WindowMessage


class ReferenceCandle(WindowMessage):
    """The close of `reference_pair` in a window, for `pair` that is compared with it.

    A copy of the final candle of revision 0: decisions were made on it, so later revisions are not passed on.
    Nothing orders two keys, so what a pair needs of another is copied to its own.

    Attributes
    ----------
    close
        In quote currency.
    quality
        The candle's.
    """

    schema_name: ClassVar[str] = "reference_candle"

    reference_pair: Pair
    close: PositiveDecimalString
    quality: Quality

    @property
    def message_id(self) -> str:
        return f"{self.window_id}:{self.reference_pair}"
