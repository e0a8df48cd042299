"""The wish that a pair streams, or no longer: pairs come and go without a restart."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from contracts.message import Message
from contracts.units import US_PER_MS, Pair

#: What begins the requester's name where an account asks, followed by the account's.
ACCOUNT_REQUESTER = "signals:"


class SymbolSubscription(Message):
    """`requester` wants `pair` of `exchange` from now on, or no longer.

    A pair streams while at least one requester wants it. Each requester's newest message holds, and the key names
    the requester, so that neither compaction nor somebody else's change of mind ends what another one needs.

    Attributes
    ----------
    requester
        ``operator``, ``signals:<account>``, or whatever else tells who asks apart.
    wanted
        Whether the pair is wanted from now on.
    history_from_ms
        Event time from which a pair that is new here is wanted, milliseconds; by default as many days back as the
        trades service's settings say.
    requested_at_us
        The requester's clock, microseconds.
    """

    schema_name: ClassVar[str] = "symbol_subscription"

    exchange: str = Field(min_length=1)
    pair: Pair
    requester: str = Field(min_length=1, max_length=200)
    wanted: bool
    history_from_ms: int | None = Field(default=None, ge=0)
    requested_at_us: int

    @property
    def key(self) -> str:
        return f"{self.exchange}:{self.pair}:{self.requester}"

    @property
    def event_time_ms(self) -> int:
        return self.requested_at_us // US_PER_MS

    @property
    def message_id(self) -> str:
        return f"{self.key}:{self.requested_at_us}"
