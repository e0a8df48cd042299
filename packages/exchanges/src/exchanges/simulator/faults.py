"""Faults on request: what venues and networks really do, at a chosen event time.

Three sorts. *Delivery* faults change how single trades reach a WebSocket while REST still tells the truth; they
belong to trades, so they hit every connection alike, whenever it connects. *Events* happen once, at an instant. Those
of *orders* hit requests and executions of accounts, in the order in which they come.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from contracts.units import US_PER_MS
from exchanges.simulator.accounts.draws import draw
from exchanges.simulator.market import Market

DeliveryKind = Literal["duplicate", "late", "reorder", "gap", "negative_price"]
MarketKind = Literal["restart_ids"]
EventKind = Literal["disconnect", "half_open", "garbage", "rate_limit", "refuse_connections", "foreign_order"]
OrderKind = Literal[
    "timeout_before",
    "request_late",
    "timeout_after",
    "error_after",
    "reject",
    "cancel_only",
    "invisible",
    "cancel_race",
    "fill_lost",
    "fill_tripled",
    "fill_reordered",
    "fill_late",
]
DELIVERY_KINDS: tuple[str, ...] = get_args(DeliveryKind)
MARKET_KINDS: tuple[str, ...] = get_args(MarketKind)
ORDER_KINDS: tuple[str, ...] = get_args(OrderKind)


class Fault(BaseModel):
    """One fault.

    Parameters
    ----------
    kind
        ``disconnect``: every open socket is cut without a close frame (with `close_code`: with one).
        ``half_open``: every open socket stays open and says nothing more, not even to pings.
        ``garbage``: every open socket gets one frame that is not JSON.
        ``rate_limit``: the next `count` REST answers are `error`.
        ``refuse_connections``: the next `count` WebSocket upgrades get HTTP 503.
        ``duplicate``: `count` trades are sent twice.
        ``late``: `count` trades are sent `delay_ms` of event time late, after newer ones.
        ``reorder``: `count` trades are sent when the last of them has happened, a frame each, the newest first.
        ``gap``: `count` trades are never sent; REST has them.
        ``negative_price``: `count` trades are sent with a negative price; REST has the right one.
        ``restart_ids``: trade ids start again at 1, on REST too.
        ``timeout_before``: an order does not arrive, and after `delay_ms` the connection ends without an answer.
        ``request_late``: the connection ends at once, and the order arrives `delay_ms` later all the same.
        ``timeout_after``: an order is taken, and after `delay_ms` the connection ends without an answer.
        ``error_after``: an order is taken, and the answer is HTTP 502 from something in between.
        ``reject``: an order is refused with `error`.
        ``cancel_only``: the market takes no orders for `delay_ms`.
        ``invisible``: an order that was taken is not found by REST for `delay_ms`.
        ``cancel_race``: an order is filled just before it would be cancelled.
        ``fill_lost``: an execution is not told on the WebSocket; REST has it.
        ``fill_tripled``: an execution is told three times.
        ``fill_reordered``: an execution is told after what followed it.
        ``fill_late``: an execution is told and listed `delay_ms` late, though its order counts it at once.
        ``foreign_order``: each account has `count` orders that nobody here sent.
    at_ms
        Event time; None for now. Faults of delivery hit the first `count` trades of `pair` from then on.
    pair
        For faults that hit trades or orders; None for every pair.
    count
        How many are hit.
    share
        Of orders and executions: the chance of each to be hit; None for every one, until `count` were.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: DeliveryKind | MarketKind | EventKind | OrderKind
    at_ms: int | None = Field(default=None, ge=0)
    pair: str | None = None
    count: int = Field(default=1, ge=1, le=1_000_000)
    share: float | None = Field(default=None, gt=0, le=1)
    delay_ms: int = Field(default=3_000, ge=1)
    close_code: int | None = Field(default=None, ge=1_000, le=4_999)
    error: str = "EGeneral:Too many requests"


@dataclass(frozen=True, slots=True)
class TradeRange:
    """The trades of one pair that a delivery fault hits, by index: `start` <= index < `stop`."""

    kind: str
    pair: str
    start: int
    stop: int
    delay_us: int


@dataclass(slots=True)
class OrderFault:
    """A fault of orders: from when on, how many it will still hit, how many it might have hit so far."""

    fault: Fault
    at_us: int
    left: int
    seen: int = 0


@dataclass(slots=True)
class FaultPlan:
    """All faults of a venue: those that wait and what is left of those at work; `hits` counts those of orders."""

    markets: dict[str, Market]
    seed: int = 0
    orders: list[OrderFault] = field(default_factory=list)
    hits: Counter[str] = field(default_factory=Counter)
    ranges: list[TradeRange] = field(default_factory=list)
    events: list[tuple[int, Fault]] = field(default_factory=list)
    rest_errors: list[str] = field(default_factory=list)
    refusals: int = 0

    def add(self, fault: Fault, now_us: int) -> None:
        """Plan `fault`; one without a time happens now.

        Raises
        ------
        KeyError
            If its pair is not listed.
        """
        at_us = now_us if fault.at_ms is None else fault.at_ms * US_PER_MS
        if fault.kind in ORDER_KINDS:
            self.orders.append(OrderFault(fault, at_us, fault.count))
            return
        if fault.kind not in DELIVERY_KINDS + MARKET_KINDS:
            self.events.append((at_us, fault))
            self.events.sort(key=lambda event: event[0])
            return
        for pair in self.markets if fault.pair is None else (fault.pair,):
            market = self.markets[pair]
            start = market.visible(now_us) if fault.at_ms is None else market.index_at(at_us)
            if fault.kind in MARKET_KINDS:
                market.restarted_at = start
                continue
            delay_us = fault.delay_ms * US_PER_MS
            self.ranges.append(TradeRange(fault.kind, pair, start, start + fault.count, delay_us))

    def due(self, now_us: int) -> list[Fault]:
        """Take out the events whose time has come."""
        due = [fault for at_us, fault in self.events if at_us <= now_us]
        self.events = [event for event in self.events if event[0] > now_us]
        return due

    def strikes(self, kind: OrderKind, pair: str, now_us: int) -> Fault | None:
        """Count an order or execution that a fault of this kind might hit, and return the one that does."""
        for number, planned in enumerate(self.orders):
            fault = planned.fault
            if fault.kind != kind or planned.left == 0 or planned.at_us > now_us or fault.pair not in (None, pair):
                continue
            planned.seen += 1
            if fault.share is None or draw(self.seed, kind, number, planned.seen) < fault.share:
                planned.left -= 1
                self.hits[kind] += 1
                return fault
        return None

    def is_cancel_only(self, pair: str, now_us: int) -> bool:
        """Say whether the market takes no orders just now."""
        for planned in self.orders:
            fault, until_us = planned.fault, planned.at_us + planned.fault.delay_ms * US_PER_MS
            if fault.kind == "cancel_only" and fault.pair in (None, pair) and planned.at_us <= now_us < until_us:
                planned.left = 0
                self.hits["cancel_only"] += 1
                return True
        return False

    def next_rest_error(self) -> str | None:
        """Take out the error that the next REST answer is to be; None if it is to be a good one."""
        return self.rest_errors.pop(0) if self.rest_errors else None

    def touching(self, pair: str, start: int, stop: int) -> list[TradeRange]:
        """Return the delivery faults that hit any trade of `pair` with `start` <= index < `stop`."""
        return [r for r in self.ranges if r.pair == pair and r.start < stop and start < r.stop]

    def pending(self, now_us: int) -> int:
        """Return how many faults have yet to show."""
        waiting = sum(1 for r in self.ranges if self.markets[r.pair].visible(now_us) < r.stop)
        of_orders = sum(1 for planned in self.orders if planned.left)
        return len(self.events) + waiting + of_orders + len(self.rest_errors) + self.refusals
