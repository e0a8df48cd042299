"""Execution, the gateway and a venue in one test: answers get lost, both processes are killed."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Any

from tests.gateway.venue_model import POLICY, VenueModel

from contracts.order import ENDS, Order
from contracts.order_report import OrderReport
from execution.core.orders.life import after, amended, unwanted
from gateway.core.events import Event, OrderSeen, Ticked
from gateway.core.fold import step
from gateway.core.policy import Policy
from gateway.core.requests import CancelOrder, Output, SendOrder, SurveyVenue
from gateway.core.state import State

START_MS = 1_790_000_000_000
DOINGS = (
    "place",
    "cancel",
    "raise",
    "book",
    "read",
    "read",
    "answer",
    "answer",
    "tick",
    "kill",
    "hear",
    "hear",
    "cut",
)
BUY: dict[str, Any] = {"side": "buy"}
SELL: dict[str, Any] = {"side": "sell"}
STOP: dict[str, Any] = {"side": "sell", "purpose": "protect", "order_type": "stop", "stop_price": "90"}


def order(number: int, at_ms: int = START_MS, **changes: Any) -> Order:
    """Return a placed order."""
    fields: dict[str, Any] = {
        "account": "main",
        "order_id": f"o-{number:016x}",
        "signal_id": f"s{number}",
        "exchange": "kraken",
        "pair": "BTC/USD",
        "side": "buy",
        "order_type": "market",
        "quantity": "1",
        "status": "PLACED",
        "reason": None,
        "decided_at_ms": at_ms,
        "updated_at_ms": at_ms,
    }
    return Order(**{**fields, **changes})


@dataclass
class World:
    """The log of orders, what execution has booked, and a gateway that may have just been started."""

    random: Random
    policy: Policy = POLICY
    lists_by_pair: bool = False
    log: list[Order] = field(default_factory=list)
    latest: dict[str, Order] = field(default_factory=dict)
    executed: dict[str, set[str]] = field(default_factory=dict)
    unread: list[OrderReport] = field(default_factory=list)
    reports: list[OrderReport] = field(default_factory=list)
    state: State = field(default_factory=State)
    read: int = 0
    old_until: int = 0
    requests: list[Output] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.venue = VenueModel(self.random, START_MS, lists_by_pair=self.lists_by_pair)

    # -- execution

    def place(self, **changes: Any) -> None:
        self._write(order(len(self.latest), self.venue.now_ms, **changes))

    def no_longer_want_one(self) -> None:
        for each in self.latest.values():
            if each.status not in ENDS and each.cancel_reason is None:
                return self._write(unwanted(each, "changed its mind", self.venue.now_ms))
        return None

    def raise_a_stop(self) -> None:
        for each in self.latest.values():
            if each.status not in ENDS and each.stop_price is not None:
                return self._write(amended(each, self.venue.now_ms, stop_price=str(int(each.stop_price) + 1)))
        return None

    def book(self, count: int) -> None:
        """Read reports, which may be behind."""
        for report in self.unread[:count]:
            before = self.latest[report.order_id]
            done = self.executed.setdefault(report.order_id, set())
            if report.execution is not None:
                if report.execution.execution_id in done:
                    continue
                done.add(report.execution.execution_id)
            now = after(before, report)
            if now is not before:
                self._write(now)
        del self.unread[:count]

    def _write(self, step_of_order: Order) -> None:
        self.log.append(step_of_order)
        self.latest[step_of_order.order_id] = step_of_order

    # -- the gateway

    def kill(self) -> None:
        """Start the gateway anew: what it wanted is forgotten, what is on its way to the venue arrives."""
        for request in self.requests:
            if isinstance(request, SendOrder) and self.random.random() < 0.7:
                self.venue.send(request)
        self.state, self.requests = State(), []
        self.venue.listened_to = False
        self.read, self.old_until = 0, len(self.log)

    def read_one(self) -> None:
        if self.read < len(self.log):
            old = self.read < self.old_until
            self.happens(OrderSeen(self.log[self.read], old, self.venue.now_ms))
            self.read += 1

    def read_old(self) -> None:
        while self.read < self.old_until:
            self.read_one()

    def answer_one(self) -> None:
        if not self.requests:
            return
        request = self.requests.pop(0)
        if isinstance(request, SendOrder):
            self.happens(self.venue.send(request))
        elif isinstance(request, CancelOrder):
            self.happens(self.venue.cancel(request))
        elif isinstance(request, SurveyVenue):
            self.happens(self.venue.survey(request))

    def tick(self, ms: int) -> None:
        self.venue.pass_time(ms)
        self.happens(Ticked(self.venue.now_ms))

    def happens(self, event: Event) -> None:
        self.state, outputs = step(self.state, event, self.policy)
        told = [each for each in outputs if isinstance(each, OrderReport)]
        self.unread += told
        self.reports += told
        self.requests += [each for each in outputs if isinstance(each, SendOrder | CancelOrder | SurveyVenue)]

    # -- how it goes on

    def do_something(self) -> None:
        what = self.random.choice(DOINGS)
        if what == "place":
            self.place(**self.random.choice((BUY, BUY, SELL, SELL, STOP)))
        elif what == "raise":
            self.raise_a_stop()
        elif what == "cancel":
            self.no_longer_want_one()
        elif what == "book":
            self.book(self.random.randrange(1, 5))
        elif what == "read":
            self.read_one()
        elif what == "answer":
            self.read_old()  # the log is read before the venue is spoken to
            self.answer_one()
        elif what == "hear":
            self.read_old()
            self.happens(self.venue.tell())
        elif what == "cut":
            self.read_old()
            for event in self.venue.connect():
                self.happens(event)
        elif what == "tick":
            self.tick(self.random.randrange(1, 4_000))
        elif self.random.random() < 0.3:
            self.kill()

    def come_to_rest(self) -> None:
        """Let all that is under way end, without faults."""
        self.venue.has_faults = False
        for _ in range(80):
            self.tick(3_000)
            for _ in range(20):
                self.read_one()
                self.answer_one()
                if self.venue.listened_to:
                    self.happens(self.venue.tell())
            self.book(len(self.unread))

    def check(self) -> None:
        """No order twice, none given up that is there, no execution lost or booked twice, and all of it is over."""
        names = [each.client_order_id for each in self.venue.orders.values()]
        assert len(names) == len(set(names)), "an order was taken twice"
        for there in self.venue.orders.values():
            mine = self.latest[str(there.client_order_id)]
            theirs = {e.execution_id for e in self.venue.executions if e.venue_order_id == there.venue_order_id}
            assert self.executed.get(mine.order_id, set()) == theirs, (mine, there)
            assert Decimal(mine.filled_quantity) == there.filled, (mine, there)
            assert mine.status in ("FILLED", "CANCELLED"), (mine, there)
        for mine in self.latest.values():
            assert mine.status in ENDS, mine
            if mine.order_id not in names:
                assert mine.status in ("EXPIRED", "REJECTED", "CANCELLED"), mine
        self._check_ends_come_last()
        assert len({each.message_id for each in self.reports}) == len(
            {each.model_dump_json() for each in self.reports}
        ), "a report's id with other values"

    def _check_ends_come_last(self) -> None:
        over: set[str] = set()
        told: set[tuple[str, str]] = set()
        for each in self.reports:
            if each.execution is not None:
                fill = (each.order_id, each.execution.execution_id)
                assert each.order_id not in over or fill in told, ("an execution after the end", each)
                told.add(fill)
            elif each.kind in ENDS:
                over.add(each.order_id)
