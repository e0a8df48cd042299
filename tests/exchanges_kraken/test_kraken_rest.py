"""The REST client: paging, errors in successful answers, retries, the address in every complaint."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import tenacity

from exchanges.kraken.rest import KrakenRest, cursor_at
from exchanges.resilience import Backoff, Resilience
from exchanges.venue import PermanentVenueError, TransientVenueError, UnknownPairError

PAIRS = {"error": [], "result": {"XXBTZUSD": {"altname": "XBTUSD", "wsname": "XBT/USD"}, "XXBTZUSD.d": {}}}
PAGE = '{"error":[],"result":{"XXBTZUSD":[["1.50","2",1772445601.448120,"b","l","",7]],"last":"1772445601448120089"}}'
Handler = Callable[[httpx.Request], httpx.Response]


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tenacity, "wait_exponential", lambda **_: tenacity.wait_none())
    monkeypatch.setattr(tenacity, "wait_random", lambda *_: tenacity.wait_none())


class Exchange:
    """Answers by call; an answer in the queue goes first."""

    def __init__(self) -> None:
        self.queue: list[httpx.Response | Exception] = []
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if self.queue:
            answer = self.queue.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer
        call = request.url.path.rsplit("/", 1)[-1]
        if call == "AssetPairs":
            return httpx.Response(200, json=PAIRS)
        if call == "Time":
            return httpx.Response(200, json={"error": [], "result": {"unixtime": 1772445600}})
        return httpx.Response(200, text=PAGE)


def ask(exchange: Exchange, question: Callable[[KrakenRest], Any], **options: Any) -> Any:
    async def run() -> Any:
        transport = httpx.MockTransport(exchange)
        async with KrakenRest(
            "https://venue.test/", transport=transport, requests_per_second=1_000, **options
        ) as rest:
            return await question(rest)

    return asyncio.run(run())


def error(text: str) -> httpx.Response:
    return httpx.Response(200, text=json.dumps({"error": [text]}))


def test_a_page_is_asked_for_by_the_venues_name() -> None:
    exchange = Exchange()
    page = ask(exchange, lambda rest: rest.trades("BTC/USD", "5"))
    assert [t.trade_id for t in page.trades] == [7]
    last = exchange.requests[-1]
    assert dict(last.url.params) == {"pair": "XBTUSD", "since": "5", "count": "1000"}
    assert last.url.path == "/0/public/Trades" and last.headers["user-agent"].startswith("tradestream/")


def test_the_cursor_of_a_time_includes_that_time() -> None:
    assert int(cursor_at(1_772_445_601_448_120)) < 1_772_445_601_448_120_000 - 1_000
    assert cursor_at(0) == "0"


def test_an_unknown_pair_is_named() -> None:
    with pytest.raises(UnknownPairError, match=r"Kraken does not list 'BTC/USX'.*BASE/QUOTE.*did you mean BTC/USD"):
        ask(Exchange(), lambda rest: rest.trades("BTC/USX", "0"))


@pytest.mark.parametrize(
    "trouble",
    [
        error("EGeneral:Too many requests"),
        error("EService:Throttled: 1772445600"),
        httpx.Response(503),
        httpx.Response(429),
        httpx.Response(200, text="<html>checking your browser</html>"),
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
    ],
    ids=["too_many", "throttled", "503", "429", "html", "refused", "timeout"],
)
def test_what_may_pass_is_tried_again(trouble: Any) -> None:
    exchange = Exchange()
    exchange.queue = [trouble, trouble]
    assert ask(exchange, lambda rest: rest.venue_time_us()) == 1772445600 * 10**6
    assert len(exchange.requests) == 3


@pytest.mark.parametrize("trouble", [error("EGeneral:Invalid arguments"), httpx.Response(404, text="no")])
def test_what_will_not_pass_is_not_tried_again(trouble: httpx.Response) -> None:
    exchange = Exchange()
    exchange.queue = [trouble]
    with pytest.raises(PermanentVenueError):
        ask(exchange, lambda rest: rest.venue_time_us())
    assert len(exchange.requests) == 1


def test_giving_up_names_the_address() -> None:
    exchange = Exchange()
    exchange.queue = [httpx.ConnectError("All connection attempts failed")] * 50
    with pytest.raises(
        TransientVenueError, match=r"no answer from https://venue\.test/0/public/Time: All connection"
    ):
        ask(exchange, lambda rest: rest.venue_time_us(), give_up_seconds=0)


def test_requests_are_spaced() -> None:
    async def run() -> float:
        transport = httpx.MockTransport(Exchange())
        async with KrakenRest("https://venue.test", transport=transport, requests_per_second=50) as rest:
            started = time.monotonic()
            await asyncio.gather(*(rest.venue_time_us() for _ in range(6)))
            return time.monotonic() - started

    assert asyncio.run(run()) >= 5 / 50


def test_a_venue_that_is_down_is_left_alone() -> None:
    calls = []

    async def fails() -> None:
        calls.append(1)
        raise TransientVenueError("down")

    async def run() -> None:
        resilience = Resilience("venue", give_up_seconds=0, failures_to_open=3, open_seconds=60)
        for _ in range(10):
            with pytest.raises(TransientVenueError):
                await resilience.call(fails)

    asyncio.run(run())
    assert len(calls) == 3


def test_permanent_errors_do_not_open_the_circuit() -> None:
    async def fails() -> None:
        raise PermanentVenueError("wrong")

    async def run() -> None:
        resilience = Resilience("venue", failures_to_open=2, open_seconds=60)
        for _ in range(5):
            with pytest.raises(PermanentVenueError):
                await resilience.call(fails)

    asyncio.run(run())


def test_backoff_grows_and_starts_anew_after_a_healthy_connection() -> None:
    backoff = Backoff(first_seconds=1, longest_seconds=8, healthy_seconds=0)
    pauses = [backoff.pause_seconds() for _ in range(6)]
    assert all(
        0.5 * expected <= pause <= 1.5 * expected for pause, expected in zip(pauses, [1, 2, 4, 8, 8, 8], strict=True)
    )
    backoff.connected()
    assert backoff.pause_seconds() <= 1.5
    flapping = Backoff(first_seconds=1, longest_seconds=8, healthy_seconds=60)
    for _ in range(6):
        flapping.connected()
        flapping.pause_seconds()
    assert flapping.pause_seconds() >= 4, "a venue that drops us at once is not hammered"
