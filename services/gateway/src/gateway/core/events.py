"""What happens to the gateway; `now_ms` is the venue's time as far as it is known, milliseconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from contracts.operator_command import OperatorAction
from contracts.order import Order
from exchanges.private.execution import Balances, VenueExecution
from exchanges.private.order import OrderChange, VenueOrder
from exchanges.private.refusal import Refusal


@dataclass(frozen=True, slots=True)
class OrderSeen:
    """A step of an order was read; `old` if it was on the log before this process began."""

    order: Order
    old: bool
    now_ms: int


@dataclass(frozen=True, slots=True)
class Commanded:
    """An operator's word about an account was read."""

    account: str
    action: OperatorAction
    now_ms: int


@dataclass(frozen=True, slots=True)
class Taken:
    """The venue has an order."""

    order_id: str
    venue_order_id: str
    now_ms: int


@dataclass(frozen=True, slots=True)
class Refused:
    """The venue refused an order, which settles it if the refusal is definite."""

    order_id: str
    refusal: Refusal
    now_ms: int


@dataclass(frozen=True, slots=True)
class NotAnswered:
    """Nobody knows whether the venue has taken an order."""

    order_id: str
    text: str
    now_ms: int


@dataclass(frozen=True, slots=True)
class CancelAnswered:
    """The venue took a cancellation or not; what became of the order is asked for in any case."""

    order_id: str
    taken: bool
    now_ms: int


@dataclass(frozen=True, slots=True)
class Surveyed:
    """What the venue has, asked for in this order: time, open orders, ended orders, executions, balances.

    Parameters
    ----------
    asked_ms
        The venue's time before it was asked.
    orders
        The later ones of the same id are what it became.
    executions
        Since `SurveyVenue.since_ms`.
    balances
        By currency.
    held
        What our accounts think they hold together, by pair.
    """

    asked_ms: int
    orders: tuple[VenueOrder, ...]
    executions: tuple[VenueExecution, ...]
    balances: Balances
    now_ms: int
    held: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SurveyFailed:
    """The venue did not answer all that it was asked."""

    text: str
    now_ms: int


@dataclass(frozen=True, slots=True)
class StreamChanged:
    """The venue begins to tell of executions, or tells no more."""

    opened: bool
    now_ms: int


@dataclass(frozen=True, slots=True)
class Told:
    """The venue tells of executions and of what became of orders; `missed` if something before did not arrive.

    Each may come twice, late, in another order, or never.
    """

    executions: tuple[VenueExecution, ...]
    changes: tuple[OrderChange, ...]
    missed: bool
    now_ms: int


@dataclass(frozen=True, slots=True)
class SwitchAnswered:
    """The venue took the dead man's switch, or did not say so."""

    taken: bool
    now_ms: int


@dataclass(frozen=True, slots=True)
class Ticked:
    """Time went on."""

    now_ms: int


Event = (
    OrderSeen
    | Commanded
    | Taken
    | Refused
    | NotAnswered
    | CancelAnswered
    | Surveyed
    | SurveyFailed
    | StreamChanged
    | Told
    | SwitchAnswered
    | Ticked
)
