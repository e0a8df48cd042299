"""Faults on request: what venues and networks really do, at a chosen event time.

Two sorts. *Delivery* faults change how single trades reach a WebSocket while REST still tells the truth; they belong
to trades, so they hit every connection alike, whenever it connects. *Events* happen once, at an instant.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from contracts.units import US_PER_MS
from exchanges.simulator.market import Market

DeliveryKind = Literal["duplicate", "late", "reorder", "gap", "negative_price"]
MarketKind = Literal["restart_ids"]
EventKind = Literal["disconnect", "half_open", "garbage", "rate_limit", "refuse_connections"]
DELIVERY_KINDS: tuple[str, ...] = get_args(DeliveryKind)
MARKET_KINDS: tuple[str, ...] = get_args(MarketKind)


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
    at_ms
        Event time; None for now. Faults of delivery hit the first `count` trades of `pair` from then on.
    pair
        For faults that hit trades; None for every pair.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: DeliveryKind | MarketKind | EventKind
    at_ms: int | None = Field(default=None, ge=0)
    pair: str | None = None
    count: int = Field(default=1, ge=1, le=1_000_000)
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
class FaultPlan:
    """All faults of a venue: those that wait and what is left of those at work."""

    markets: dict[str, Market]
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

    def next_rest_error(self) -> str | None:
        """Take out the error that the next REST answer is to be; None if it is to be a good one."""
        return self.rest_errors.pop(0) if self.rest_errors else None

    def touching(self, pair: str, start: int, stop: int) -> list[TradeRange]:
        """Return the delivery faults that hit any trade of `pair` with `start` <= index < `stop`."""
        return [r for r in self.ranges if r.pair == pair and r.start < stop and start < r.stop]

    def pending(self, now_us: int) -> int:
        """Return how many faults have yet to show."""
        waiting = sum(1 for r in self.ranges if self.markets[r.pair].visible(now_us) < r.stop)
        return len(self.events) + waiting + len(self.rest_errors) + self.refusals
