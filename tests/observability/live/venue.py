"""A gateway of its own beside the live run, which trades on paper: real code before a venue in memory that has moods.

`python -m tests.observability.live.venue PORT FOLDER` turns until it is ended, and reports at PORT as a service does.
"""

from __future__ import annotations

import signal
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from loguru import logger
from prometheus_client import start_http_server
from tests.gateway.market import FakeVenue, settings_for, write
from tests.gateway.world import order

from contracts.order import Order
from contracts.topics import CONTROL, ORDERS, POSITIONS, SIGNALS
from exchanges.private.order import VenueOrder
from exchanges.private.refusal import Refusal, RefusedError
from exchanges.private.venue import NotAnsweredError
from gateway.gateway import Gateway
from gateway.venue_calls import VenueCalls
from gateway.venue_clock import VenueClock
from streaming.clients import create_topics
from streaming.producer import open_producer

_TURN_SECONDS = 0.5
#: Every so many orders one is refused, and one is not answered; every so many comparisons one fails.
_REFUSED, _SILENT, _AWAY = 5, 7, 9


@dataclass
class MoodyVenue(FakeVenue):
    """Refuses some orders, does not answer others, and is away at times."""

    asked: int = 0
    compared: int = 0

    def add_order(self, order: Order, client_order_id: str, deadline_ms: int) -> str:
        self.asked += 1
        if self.asked % _REFUSED == 0:
            raise RefusedError("not now", Refusal("not now", True, "unavailable"))
        if self.asked % _SILENT == 0:
            raise NotAnsweredError("no answer")
        return super().add_order(order, client_order_id, deadline_ms)

    def open_orders(self) -> tuple[VenueOrder, ...]:
        self.compared += 1
        if self.compared % _AWAY == 0:
            raise NotAnsweredError("away")
        return super().open_orders()


def main(port: int, folder: Path) -> int:
    """Turn, with a new order each time, until SIGTERM."""
    logger.remove()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    settings, venue, clock = settings_for(folder, ask_seconds=1.0), MoodyVenue(), VenueClock()
    create_topics(settings, [ORDERS, CONTROL, POSITIONS, SIGNALS])
    clock.heard(venue.venue_time_ms())
    start_http_server(port, "127.0.0.1")
    with open_producer(settings, "gateway") as producer:
        gateway = Gateway(settings, VenueCalls(venue, clock, settings.label), clock, producer)
        number = 0
        while not stop.wait(_TURN_SECONDS):
            number += 1
            write(settings, ORDERS, order(number, clock.now_ms(), quantity="0.001"))
            gateway.turn()
        gateway.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), Path(sys.argv[2])))
