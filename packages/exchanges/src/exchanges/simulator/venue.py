"""The simulated venue: its markets, its clock, its faults and what it has counted."""

from __future__ import annotations

import time
from typing import Any

from contracts.clock import SystemClock
from contracts.units import MS_PER_MINUTE, US_PER_MS
from exchanges.simulator.accounts.engine import Engine
from exchanges.simulator.accounts.keys import Keys
from exchanges.simulator.clock import SimulatedClock
from exchanges.simulator.faults import Fault, FaultPlan
from exchanges.simulator.instruments import instrument
from exchanges.simulator.limits import TIERS, RateLimit
from exchanges.simulator.market import Market
from exchanges.simulator.settings import DEFAULT_HISTORY_MS, SimulatorSettings


class Venue:
    """Everything the REST, WebSocket and control sides share.

    Parameters
    ----------
    settings
        What to list and when to live.
    """

    def __init__(self, settings: SimulatorSettings) -> None:
        self.settings = settings
        live_from_ms = settings.live_from_ms
        if live_from_ms is None:
            live_from_ms = SystemClock().now_us() // US_PER_MS
        history_from_ms = settings.history_from_ms
        if history_from_ms is None:
            history_from_ms = max(0, live_from_ms - DEFAULT_HISTORY_MS) // MS_PER_MINUTE * MS_PER_MINUTE
        until_us = None if settings.live_until_ms is None else settings.live_until_ms * US_PER_MS
        self.live_from_us = live_from_ms * US_PER_MS
        self.history_from_us = history_from_ms * US_PER_MS
        self.live_until_us = until_us
        self.clock = SimulatedClock(self.live_from_us, until_us, settings.speed)
        self.markets = {
            pair: Market(instrument(pair), settings.seed, history_from_ms, until_us) for pair in settings.pairs
        }
        for market in self.markets.values():
            market.make_until(self.live_from_us if until_us is None else until_us)
        self.faults = FaultPlan(self.markets, settings.seed)
        self.engine = Engine(self.markets, self.faults, settings.keys, settings.seed)
        self.keys = Keys(settings.keys, TIERS[settings.tier], settings.seed)
        self.refused_unheard: list[str] = []
        for fault in settings.faults:
            self.add_fault(fault)
        self.rest_limit = RateLimit(settings.requests_per_second, time.monotonic)
        self.requests = 0
        self.connections_opened = 0

    def now_us(self) -> int:
        """Return the venue's time."""
        return self.clock.now_us()

    def add_fault(self, fault: Fault) -> None:
        """Plan a fault."""
        self.faults.add(fault, self.now_us())

    def visible(self, pair: str) -> int:
        """Return how many trades of `pair` there have been until now."""
        return self.markets[pair].visible(self.now_us())

    def status(self, connections: int) -> dict[str, Any]:
        """Return what the control API tells about the venue."""
        now_us = self.now_us()
        return {
            "now_ms": now_us // US_PER_MS,
            "now_us": now_us,
            "running": self.clock.running,
            "started": self.clock.started,
            "ended": self.clock.ended,
            "history_from_ms": self.history_from_us // US_PER_MS,
            "live_from_ms": self.live_from_us // US_PER_MS,
            "live_until_ms": None if self.live_until_us is None else self.live_until_us // US_PER_MS,
            "speed": self.settings.speed,
            "seed": self.settings.seed,
            "connections": connections,
            "connections_opened": self.connections_opened,
            "requests": self.requests,
            "trades": {pair: market.visible(now_us) for pair, market in self.markets.items()},
            "last_trade_id": {
                pair: market.trade_id(market.visible(now_us) - 1) for pair, market in self.markets.items()
            },
            "faults_pending": self.faults.pending(now_us),
        }
