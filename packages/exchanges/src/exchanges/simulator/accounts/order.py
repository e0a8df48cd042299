"""An order at the simulated venue, from what was asked for to what became of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Literal

Side = Literal["buy", "sell"]
OrderType = Literal["market", "limit", "stop-loss"]
TimeInForce = Literal["GTC", "IOC", "GTD"]
Status = Literal["open", "closed", "canceled", "expired"]
FeeIn = Literal["quote", "base"]


class VenueRefusalError(Exception):
    """The venue does not do what it was asked to, in Kraken's words."""


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """What an account asks for; `price` is a limit's limit, and of a stop-loss where it is triggered.

    `stop_limit` is the limit of a stop-loss that is a limit from then on; without one it is sold at the market.
    """

    pair: str
    side: Side
    order_type: OrderType
    quantity: Decimal
    price: Decimal | None = None
    time_in_force: TimeInForce = "GTC"
    post_only: bool = False
    fee_in: FeeIn = "quote"
    client_order_id: str | None = None
    userref: int = 0
    expires_us: int | None = None
    deadline_us: int | None = None
    stop_limit: Decimal | None = None

    @property
    def currencies(self) -> tuple[str, str]:
        """Return base and quote."""
        base, _, quote = self.pair.partition("/")
        return base, quote


@dataclass(frozen=True, slots=True)
class SimulatedExecution:
    """Money that changed hands; `trade_id` counts an account's executions."""

    execution_id: str
    order_id: str
    trade_id: int
    quantity: Decimal
    price: Decimal
    fee: Decimal
    maker: bool
    at_us: int

    @property
    def cost(self) -> Decimal:
        """Return what changed hands in quote currency, to the last digit; Kraken cuts it after five decimals."""
        return self.quantity * self.price


@dataclass(slots=True)
class SimulatedOrder:
    """An order that was taken.

    `hidden_until_us`: until then REST says nothing of it, as a fresh order may be missing for a moment.
    """

    order_id: str
    request: OrderRequest
    opened_us: int
    status: Status = "open"
    filled: Decimal = Decimal(0)
    cost: Decimal = Decimal(0)
    fee: Decimal = Decimal(0)
    closed_us: int | None = None
    reason: str | None = None
    hidden_until_us: int = 0
    triggered: bool = False
    execution_ids: list[str] = field(default_factory=list)

    @property
    def working(self) -> OrderRequest:
        """Return what is asked for now: of a stop with a limit that was triggered, a limit."""
        if not self.triggered or self.request.stop_limit is None:
            return self.request
        return replace(self.request, order_type="limit", price=self.request.stop_limit)

    @property
    def remaining(self) -> Decimal:
        """Return what is left to be executed."""
        return self.request.quantity - self.filled


@dataclass(frozen=True, slots=True)
class News:
    """What is told of an order on the WebSocket, as things were then."""

    kind: str
    order_id: str
    request: OrderRequest
    status: str
    filled: Decimal
    cost: Decimal
    reason: str | None
    at_us: int
    due_us: int
    execution: SimulatedExecution | None = None
