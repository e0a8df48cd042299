"""A limit was approached, met or broken."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from contracts.message import Message
from contracts.risk_rules import RiskRule
from contracts.units import DecimalString, Pair


class RiskAlert(Message):
    """`value` stood against `limit`; `pair` is null where the rule is of the whole account.

    `fill_id` names the fill that a rule of fills spoke of, and is null elsewhere.

    Attributes
    ----------
    account
        Whose.
    rule
        Which rule spoke.
    severity
        ``CRITICAL`` where trading stops.
    message
        The same in words.
    time_ms
        Event time, milliseconds.
    """

    schema_name: ClassVar[str] = "risk_alert"

    account: str = Field(min_length=1)
    rule: RiskRule
    severity: Literal["INFO", "WARNING", "CRITICAL"]
    pair: Pair | None
    fill_id: str | None = None
    value: DecimalString
    limit: DecimalString
    message: str
    time_ms: int

    @property
    def key(self) -> str:
        return self.account

    @property
    def event_time_ms(self) -> int:
        return self.time_ms

    @property
    def message_id(self) -> str:
        return f"{self.account}:{self.rule}:{self.severity}:{self.pair or '*'}:{self.fill_id or '*'}:{self.time_ms}"
