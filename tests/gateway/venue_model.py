"""A venue small enough to be checked by eye, and worse than any: it loses answers, is late, hides and repeats."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal
from random import Random

from contracts.order_report import OrderReport
from exchanges.private.execution import VenueExecution
from exchanges.private.order import OrderChange, VenueOrder, VenueOrderStatus
from exchanges.private.refusal import Refusal
from gateway.core.events import CancelAnswered, Event, NotAnswered, Refused, StreamChanged, Surveyed, Taken, Told
from gateway.core.policy import Policy
from gateway.core.requests import CancelOrder, SendOrder, SurveyVenue

POLICY = Policy()
#: For so long a fresh order or execution may be missing from what is listed: less than `Policy.settle_ms`.
HIDDEN_MS = POLICY.settle_ms - 1_000
#: So far back a venue's lists go that lists by pair: sooner than many a stop is filled.
LISTED_MS = 15_000


@dataclass
class VenueModel:
    """Orders by the venue's own id, what was executed, and requests that are still on their way."""

    random: Random
    now_ms: int
    has_faults: bool = True
    sells_fill: float = 0.4
    #: It lists pair by pair, of what has ended what was sent lately, and the rest to who asks for it by name.
    lists_by_pair: bool = False
    orders: dict[str, VenueOrder] = field(default_factory=dict)
    executions: list[VenueExecution] = field(default_factory=list)
    under_way: list[tuple[int, SendOrder]] = field(default_factory=list)
    deadlines: dict[str, int] = field(default_factory=dict)
    listened_to: bool = False
    news: list[VenueExecution | OrderChange] = field(default_factory=list)
    lost: bool = False

    def send(self, request: SendOrder) -> Event:
        """Take an order, or not, and answer, or not."""
        order_id = request.order.order_id
        fault = self.random.choice(("none", "none", "lost", "before", "late", "refused")) if self.has_faults else ""
        if self.now_ms > request.deadline_ms:
            return Refused(order_id, Refusal("EService:Deadline elapsed", True, "deadline"), self.now_ms)
        if fault == "before":
            return NotAnswered(order_id, "timeout", self.now_ms)
        if fault == "late":
            self.under_way.append((self.now_ms + self.random.randrange(1, 20_000), request))
            return NotAnswered(order_id, "timeout", self.now_ms)
        if fault == "refused":
            return Refused(order_id, Refusal("EOrder:Insufficient funds", True, "insufficient_funds"), self.now_ms)
        venue_order_id = self._take(request)
        if fault == "lost":
            text = self.random.choice(("timeout", "EService:Unavailable"))
            if text.startswith("E"):
                return Refused(order_id, Refusal(text, False, "unavailable"), self.now_ms)
            return NotAnswered(order_id, text, self.now_ms)
        return Taken(order_id, venue_order_id, self.now_ms)

    def _take(self, request: SendOrder) -> str:
        name = f"V{len(self.orders)}"
        order = request.order
        quantity = Decimal(order.quantity)
        self.orders[name] = VenueOrder(
            request.client_id, name, order.pair, order.side, "open", quantity, Decimal(0), None, self.now_ms
        )
        self._tell(self._change(self.orders[name]))
        if order.time_in_force == "IOC":
            if self.random.random() < 0.6:
                self._trade(self.orders[name])
            if not self.orders[name].has_ended:
                self._cancel(self.orders[name], "IOC")
        return name

    def _cancel(self, order: VenueOrder, reason: str) -> None:
        ended = replace(order, status="cancelled", reason=reason)
        self.orders[order.venue_order_id] = ended
        self._tell(self._change(ended))

    def cancel(self, request: CancelOrder) -> Event:
        taken = not (self.has_faults and self.random.random() < 0.3)
        if taken:
            for order in self._open():
                if order.client_order_id == request.client_id:
                    self._cancel(order, "User requested")
        return CancelAnswered(request.order.order_id, taken, self.now_ms)

    def pass_time(self, ms: int) -> None:
        """Let time go on: what was under way arrives or is refused for its deadline, and open orders trade."""
        self.now_ms += ms
        for due_ms, request in [each for each in self.under_way if each[0] <= self.now_ms]:
            self.under_way.remove((due_ms, request))
            if due_ms <= request.deadline_ms:
                self._take(request)
        for order in self._open():
            if self.random.random() < (self.sells_fill if order.side == "sell" else 0.4):
                self._trade(order)

    def _trade(self, order: VenueOrder) -> None:
        left = order.quantity - order.filled
        part = left if self.random.random() < 0.5 else min(left, Decimal("0.25"))
        filled = order.filled + part
        status: VenueOrderStatus = "closed" if filled == order.quantity else "open"
        self.orders[order.venue_order_id] = replace(order, filled=filled, status=status)
        name = f"T{len(self.executions)}"
        place, pair, price = order.venue_order_id, order.pair, Decimal(100)
        self.executions.append(
            VenueExecution(name, place, None, pair, order.side, part, price, part, "quote", "taker", self.now_ms)
        )
        self._tell(self.executions[-1])
        self._tell(self._change(self.orders[order.venue_order_id]))

    # -- what it tells by itself

    def connect(self) -> list[Event]:
        """Tell from now on, and first what is open and what was executed last; or the connection is cut."""
        self.listened_to = not self.listened_to
        self.news.clear()
        self.lost = False
        if not self.listened_to:
            return [StreamChanged(False, self.now_ms)]
        snapshot = tuple(self._change(order) for order in self._open())
        return [StreamChanged(True, self.now_ms), Told(tuple(self.executions[-5:]), snapshot, False, self.now_ms)]

    def tell(self) -> Event:
        """Say some of what is new: some of it twice, in another order, late, or not at all."""
        told = self.news[: self.random.randrange(1, 4) if self.has_faults else None]
        del self.news[: len(told)]
        if self.has_faults:
            told += self.random.choices(told, k=self.random.randrange(2)) if told else []
            self.random.shuffle(told)
        missed, self.lost = self.lost, False
        executions = tuple(each for each in told if isinstance(each, VenueExecution))
        changes = tuple(each for each in told if isinstance(each, OrderChange))
        return Told(executions, changes, missed, self.now_ms)

    def _tell(self, news: VenueExecution | OrderChange) -> None:
        if not self.listened_to:
            return
        if self.has_faults and self.random.random() < 0.2:
            self.lost = self.random.random() < 0.5  # or nobody notices
            return
        self.news.append(news)

    def _change(self, order: VenueOrder) -> OrderChange:
        known = order.filled if self.random.random() < 0.8 else None
        names = order.venue_order_id, order.client_order_id
        return OrderChange(*names, order.status, known, order.reason, self.now_ms)

    def survey(self, request: SurveyVenue) -> Surveyed:
        """Answer one question after another, while things go on in between."""
        asked_ms = self.now_ms
        listed = [order for order in self._open() if not self._hides(order.opened_at_ms)]
        self._meanwhile()
        ended = [order for order in self.orders.values() if order.has_ended and self._lists(order, request)]
        self._meanwhile()
        ended += self._asked_for_by_name(request)
        self._meanwhile()
        executions = [
            each for each in self.executions if not self._hides(each.at_ms) and each.at_ms >= request.since_ms
        ]
        if self.lists_by_pair:
            found = {order.venue_order_id for order in (*listed, *ended) if self._is_old(order.opened_at_ms)}
            executions = [
                each
                for each in executions
                if each.pair in request.pairs and (each.venue_order_id in found or not self._is_old(each.at_ms))
            ]
        if self.has_faults:
            executions += self.random.choices(executions, k=len(executions))  # some of them twice or three times
            self.random.shuffle(executions)
        return Surveyed(asked_ms, (*listed, *ended), tuple(executions), {}, self.now_ms)

    def _lists(self, order: VenueOrder, request: SurveyVenue) -> bool:
        if not self.lists_by_pair:
            return True
        made_ms = order.opened_at_ms
        lately = made_ms >= request.since_ms and not self._is_old(made_ms)
        return order.pair in request.pairs and lately and not self._hides(made_ms)

    def _is_old(self, at_ms: int) -> bool:
        return at_ms < self.now_ms - LISTED_MS

    def _asked_for_by_name(self, request: SurveyVenue) -> list[VenueOrder]:
        if not self.lists_by_pair:
            return []
        names = {(name.pair, name.client_order_id) for name in request.names}
        found = [order for order in self.orders.values() if (order.pair, order.client_order_id) in names]
        return [order for order in found if not self._hides(order.opened_at_ms)]

    def _meanwhile(self) -> None:
        if self.has_faults:
            self.pass_time(self.random.randrange(300))

    def _hides(self, since_ms: int) -> bool:
        return self.has_faults and self.now_ms - since_ms < HIDDEN_MS and self.random.random() < 0.5

    def _open(self) -> list[VenueOrder]:
        return [order for order in self.orders.values() if not order.has_ended]


def traded(reports: list[OrderReport]) -> set[str]:
    """Return the ids of the executions in reports."""
    return {each.execution.execution_id for each in reports if each.execution is not None}
