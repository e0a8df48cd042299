"""How long after an execution at the venue its report stands on `signals`: asked for, and told."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from tests.gateway.test_gateway_process import Market, opened
from tests.support.waiting import wait_for

from contracts.clock import SystemClock
from contracts.order_report import OrderReport
from contracts.topics import SIGNALS
from contracts.units import MS_PER_SECOND, US_PER_MS
from exchanges.private.venues import PRIVATE_VENUES
from streaming.tail import TopicTail

pytestmark = [pytest.mark.slow, pytest.mark.long]
ORDERS = 60
POLL_SECONDS = 0.002


@pytest.fixture(params=[(venue, told) for venue in sorted(PRIVATE_VENUES) for told in (False, True)], ids=str)
def market(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Market]:
    venue, told = request.param
    with opened(tmp_path, venue, listens=told, ask_seconds=10.0, reconcile_seconds=60.0) as made:
        yield made


def behind(url: str) -> int:
    """Return how far the venue's clock is behind this machine's, rather too much: by how long its answer took."""
    venue_us = int(httpx.get(f"{url}/sim/status").json()["now_us"])
    return SystemClock().now_us() - venue_us


def test_delay_of_fills(market: Market) -> None:
    """With the times of the settings; nobody asks in between, as of orders at the market there is nothing to ask."""
    url, signals, arrived = market.venue.url, TopicTail(market.settings, SIGNALS), dict[str, float]()
    if market.listens:
        wait_for(lambda: market.said("the venue tells of executions"), "the stream")
    behind_us = min(behind(url) for _ in range(20))

    def seen() -> int:
        for record in signals.read_new():
            report = record.message()
            if isinstance(report, OrderReport) and report.execution is not None:
                now_ms = (SystemClock().now_us() - behind_us) / US_PER_MS
                arrived.setdefault(report.execution.execution_id, now_ms - report.reported_at_ms)
        return len(arrived)

    def watched_for(seconds: float) -> Callable[[], bool]:
        until = time.monotonic() + seconds
        return lambda: seen() >= 0 and time.monotonic() > until

    for number in range(ORDERS):
        market.books.place(number)
        wait_for(watched_for(0.5), "half a second", poll_seconds=POLL_SECONDS)
    whole = len(market.venue.truth()["executions"])
    wait_for(lambda: seen() == whole, "all fills", seconds=60, poll_seconds=POLL_SECONDS)
    found = statistics.quantiles(arrived.values(), n=100)
    how = "told" if market.listens else "asked for"
    print(
        f"{market.books.exchange}, {how}: {len(arrived)} executions of {ORDERS} orders, "
        f"p50 {found[49]:.0f} ms, p99 {found[98]:.0f} ms"
    )
    if market.listens:
        assert found[49] < MS_PER_SECOND
    else:
        assert found[49] > MS_PER_SECOND, "asking was as fast: it shows nothing"
