"""A venue in memory that takes everything and fills it at once, and a gateway over an embedded log before it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from tests.gateway.world import START_MS

from contracts.account import Account
from contracts.message import Message
from contracts.order import Order
from contracts.order_report import OrderReport
from contracts.topics import SIGNALS, TopicSpec
from exchanges.private.execution import Balances, VenueExecution
from exchanges.private.order import OrderName, VenueOrder
from exchanges.private.stream import PrivateStream
from gateway.gateway import Gateway
from gateway.settings import GatewaySettings
from gateway.venue_calls import VenueCalls
from gateway.venue_clock import VenueClock
from streaming.broker_address import SCHEME
from streaming.clients import read_topic
from streaming.producer import open_producer

LIVE = Account(name="main", broker="venue", pairs=("BTC/USD", "ETH/USD"))
PAPER = Account(name="paper", pairs=("BTC/USD",))


@dataclass
class FakeVenue:
    """Implements `exchanges.private.venue.PrivateVenue`."""

    orders: list[VenueOrder] = field(default_factory=list)
    done: list[VenueExecution] = field(default_factory=list)
    now_ms: int = START_MS + 1_000
    switch: list[int] = field(default_factory=list)
    on_order: Callable[[Order], None] = lambda _: None

    def find_pairs(self, pairs: Iterable[str]) -> None:
        """Know them all."""

    def venue_time_ms(self) -> int:
        return self.now_ms

    def add_order(self, order: Order, client_order_id: str, deadline_ms: int) -> str:
        self.on_order(order)
        name, quantity = f"V{len(self.orders)}", Decimal(order.quantity)
        about = (order.pair, order.side)
        self.orders.append(VenueOrder(client_order_id, name, *about, "closed", quantity, quantity, None, START_MS))
        money = (quantity, Decimal(100), Decimal("0.4"))
        self.done.append(
            VenueExecution(f"T{len(self.done)}", name, None, *about, *money, "quote", "taker", START_MS + 5)
        )
        return name

    def cancel_order(self, client_order_id: str, pair: str) -> None:
        """Nothing rests."""

    def open_orders(self) -> tuple[VenueOrder, ...]:
        return tuple(each for each in self.orders if not each.has_ended)

    def ended_orders(
        self, since_ms: int, pairs: Collection[str] | None = None, names: Collection[OrderName] = ()
    ) -> tuple[VenueOrder, ...]:
        return tuple(each for each in self.orders if each.has_ended)

    def executions(
        self, since_ms: int, pairs: Collection[str] | None = None, orders: Collection[VenueOrder] = ()
    ) -> tuple[VenueExecution, ...]:
        return tuple(self.done)

    def balances(self) -> Balances:
        return {"USD": Decimal(1_000), "BTC": Decimal(10)}

    def cancel_all_after(self, seconds: int) -> None:
        self.switch.append(seconds)

    def stream_token(self) -> str:
        return "token"

    def open_stream(self, url: str, heard: Callable[[], None]) -> PrivateStream:
        raise NotImplementedError("it only answers")

    def close(self) -> None:
        """Nothing to let go of."""


def settings_for(folder: Path, **fields: Any) -> GatewaySettings:
    """Return settings over a log in `folder`, with a key."""
    given = {
        "broker_address": f"{SCHEME}{folder / 'log'}",
        "data_dir": folder,
        "accounts": (LIVE, PAPER),
        "api_key": SecretStr("key"),
        "api_secret": SecretStr("c2VjcmV0"),
        **fields,
    }
    return GatewaySettings(**given)


def write(settings: GatewaySettings, spec: TopicSpec, *messages: Message) -> None:
    with open_producer(settings, "test") as producer:
        for message in messages:
            producer.produce(spec, message)


def reports(settings: GatewaySettings) -> list[OrderReport]:
    found = [record.message() for record in read_topic(settings, SIGNALS)]
    return [each for each in found if isinstance(each, OrderReport)]


def turns(settings: GatewaySettings, venue: FakeVenue, *between: Callable[[], None]) -> None:
    """Start a gateway; let it turn once, and once more after each of `between`; end it."""
    clock = VenueClock()
    clock.heard(venue.venue_time_ms())
    with open_producer(settings, "gateway") as producer:
        gateway = Gateway(settings, VenueCalls(venue, clock, settings.label), clock, producer)
        gateway.turn()
        for happens in between:
            happens()
            gateway.turn()
        gateway.close()
