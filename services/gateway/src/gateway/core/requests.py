"""What the gateway wants from the venue, and what it says about it."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.order import Order
from contracts.order_report import OrderReport
from exchanges.private.order import OrderName


@dataclass(frozen=True, slots=True)
class SendOrder:
    """To be sent once, after a look at what operators said; `deadline_ms` is in the venue's time."""

    order: Order
    client_id: str
    deadline_ms: int


@dataclass(frozen=True, slots=True)
class CancelOrder:
    """Of no use where it has ended: the venue says so."""

    order: Order
    client_id: str
    venue_order_id: str | None


@dataclass(frozen=True, slots=True)
class SetSwitch:
    """Have the venue cancel all open orders after so many seconds in which this is not said again."""

    seconds: int


@dataclass(frozen=True, slots=True)
class SurveyVenue:
    """Ask for the time, then open orders, those ended and executions since `since_ms`, then balances.

    `pairs` are those of our orders; `names` are the orders of which has to be known whether they are there.
    """

    since_ms: int
    pairs: frozenset[str] = frozenset()
    names: tuple[OrderName, ...] = ()


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that people ought to know."""

    text: str


Output = SendOrder | CancelOrder | SetSwitch | SurveyVenue | OrderReport | Notice
