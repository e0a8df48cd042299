"""What a pair's candle was, for one account: it leaves at once and waits for nobody's decision."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from contracts.mark import MarkedWindow


class CandleMark(MarkedWindow):
    """A final candle of a pair that an account trades, sent as soon as it is known; a decision may come later.

    Attributes
    ----------
    type
        Tells the messages of the topic apart.
    account
        Who trades the pair.
    """

    schema_name: ClassVar[str] = "candle_mark"

    type: Literal["mark"] = "mark"
    account: str = Field(min_length=1)

    @property
    def key(self) -> str:
        return self.account

    @property
    def message_id(self) -> str:
        return f"{self.account}:mark:{self.window_id}"
