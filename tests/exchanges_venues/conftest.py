"""One simulated market, any venue's adapter in front of it, and a sink that remembers in order."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from tests.support.waiting import wait_async

from exchanges.continuity import PairState
from exchanges.feed import VenueFeed
from exchanges.resilience import Backoff
from exchanges.rest_client import VenueRest
from exchanges.session import Report, SessionState
from exchanges.simulator import SimulatorSettings, SimulatorUrls, simulator
from exchanges.venue import BadRow, Trade
from exchanges.venues import VENUES, Venue

START_MS = 1_772_445_600_000
MINUTE_MS = 60_000
PAIRS = ("BTC/USD", "ETH/USD", "SOL/USD")
DEADLINE_SECONDS = 60.0
#: What the venue's times are cut to, microseconds.
PRECISION_US = {"kraken": 1, "coinbase": 1, "binance": 1_000}


class Sink:
    """Remembers everything; a heartbeat with how many trades of its pair had come before it."""

    def __init__(self) -> None:
        self.handed_on: dict[str, list[Trade]] = {}
        self.heartbeats: dict[str, list[tuple[int, int]]] = {}
        self.bad_rows: list[BadRow] = []
        self.lost_trades: dict[str, list[Trade]] = {}
        self.reports: list[Report] = []
        self.refusals: dict[str, str] = {}
        self.outages: list[tuple[str, int, int]] = []

    def trades(self, pair: str, trades: list[Trade]) -> None:
        self.handed_on.setdefault(pair, []).extend(trades)

    def heartbeat(self, pair: str, venue_time_us: int) -> None:
        self.heartbeats.setdefault(pair, []).append((venue_time_us, len(self.handed_on.get(pair, []))))

    def lost(self, pair: str, trades: list[Trade], reason: str) -> None:
        self.lost_trades.setdefault(pair, []).extend(trades)

    def bad_row(self, row: BadRow) -> None:
        self.bad_rows.append(row)

    def report(self, report: Report) -> None:
        self.reports.append(report)

    def refused(self, pair: str, reason: str) -> None:
        self.refusals[pair] = reason

    def outage(self, pair: str, since_us: int, until_us: int) -> None:
        self.outages.append((pair, since_us, until_us))

    def ids(self, pair: str) -> list[int]:
        return [trade.trade_id for trade in self.handed_on.get(pair, [])]

    def kinds(self) -> list[str]:
        return [report.kind for report in self.reports]


@dataclass
class Bench:
    """A running simulator and one venue's adapter for it."""

    venue: Venue
    urls: SimulatorUrls
    rest: VenueRest
    http: httpx.AsyncClient
    until_ms: int
    sink: Sink = field(default_factory=Sink)

    def feed(self, pairs: dict[str, PairState], **options: Any) -> VenueFeed:
        state = SessionState(pairs, margin_us=0, stop_at_us=self.until_ms * 1_000)
        return self.venue.open_feed(
            self.rest,
            state,
            self.sink,
            url=self.urls.websocket_urls[self.venue.name],
            ping_interval_seconds=0.05,
            silence_seconds=0.7,
            backoff=Backoff(first_seconds=0.05, longest_seconds=0.2),
            **options,
        )

    async def control(self, path: str, body: Any = None) -> Any:
        url = f"{self.urls.control_url}/sim/{path}"
        return (await (self.http.get(url) if body is None else self.http.post(url, json=body))).json()

    async def start(self) -> None:
        await self.control("clock/start", {})

    async def truth(self, pair: str, since_ms: int = 0) -> list[Trade]:
        """Return every trade of the market as this venue must tell it."""
        answer = await self.control(f"trades?pair={pair}&since_ms={since_ms}&until_ms={self.until_ms}")
        unit = PRECISION_US[self.venue.name]
        names = ("trade_ids", "timestamps_us", "prices", "quantities", "sides")
        rows = zip(*(answer[name] for name in names), strict=True)
        return [Trade(i, t // unit * unit, price, size, side) for i, t, price, size, side in rows]

    async def until(self, condition: Callable[[], Any], what: str) -> None:
        await wait_async(condition, lambda: f"{what}; {self.sink.kinds()[-10:]}")


@pytest.fixture(params=sorted(VENUES))
def open_bench(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Return a context manager: a simulated market and the adapter of each venue in turn."""
    venue = VENUES[request.param]

    @asynccontextmanager
    async def bench(minutes: int = 10, **settings: Any) -> AsyncIterator[Bench]:
        until_ms = START_MS + minutes * MINUTE_MS
        defaults = {
            "pairs": PAIRS,
            "history_from_ms": START_MS - 240 * MINUTE_MS,
            "live_from_ms": START_MS,
            "live_until_ms": until_ms,
            "speed": 120.0,
            "heartbeat_seconds": 0.05,
            "messages_per_second": 0,
            "requests_per_second": 0,
        }
        async with (
            simulator(SimulatorSettings(**{**defaults, **settings})) as urls,
            venue.open_rest(urls.rest_url, requests_per_second=500, give_up_seconds=30) as rest,
            httpx.AsyncClient() as http,
        ):
            yield Bench(venue, urls, rest, http, until_ms)

    return bench
