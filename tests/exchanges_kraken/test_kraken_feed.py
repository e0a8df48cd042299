"""The socket's side of the feed: what ends it, what is tried again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

import pytest
from loguru import logger
from websockets.asyncio.server import ServerConnection, serve

from exchanges.continuity import PairState
from exchanges.kraken.rest import KrakenRest
from exchanges.resilience import Backoff
from exchanges.session import Report, SessionState
from exchanges.venue import BadRow, PermanentVenueError, Trade
from exchanges.venues import VENUES

PAIR = "BTC/USD"


class Sink:
    """Remembers."""

    def __init__(self) -> None:
        self.ids: list[int] = []
        self.heartbeats: list[int] = []
        self.bad_rows: list[BadRow] = []
        self.reports: list[Report] = []
        self.refusals: dict[str, str] = {}

    def trades(self, pair: str, trades: list[Trade]) -> None:
        self.ids += [t.trade_id for t in trades]

    def heartbeat(self, pair: str, venue_time_us: int) -> None:
        self.heartbeats.append(venue_time_us)

    def lost(self, pair: str, trades: list[Trade], reason: str) -> None:
        raise AssertionError(f"{pair}: {reason}")

    def bad_row(self, row: BadRow) -> None:
        self.bad_rows.append(row)

    def report(self, report: Report) -> None:
        self.reports.append(report)

    def refused(self, pair: str, reason: str) -> None:
        self.refusals[pair] = reason

    def outage(self, pair: str, since_us: int, until_us: int) -> None:
        raise AssertionError(f"{pair}: an outage nobody asked for")

    def kinds(self) -> list[str]:
        return [report.kind for report in self.reports]


def time(second: int) -> str:
    return f"2026-03-02T10:00:{second:02d}.000000Z"


async def answer(connection: ServerConnection, second: int) -> str:
    """Answer one request as Kraken does; return its method."""
    request = json.loads(await connection.recv())
    times = {"time_in": time(second), "time_out": time(second)}
    if request["method"] == "ping":
        await connection.send(json.dumps({"method": "pong", **times}))
    else:
        result = {"channel": "trade", "symbol": PAIR}
        await connection.send(json.dumps({"method": "subscribe", "success": True, "result": result, **times}))
    return str(request["method"])


def trade_text(trade_id: int) -> str:
    row = {"symbol": PAIR, "side": "buy", "price": 1.5, "qty": 1, "trade_id": trade_id, "timestamp": time(30)}
    return json.dumps({"channel": "trade", "type": "update", "data": [row]})


def run_feed(handler: Callable[[ServerConnection], Awaitable[None]], seconds: float = 10, **options: Any) -> Sink:
    """Run a feed against `handler` until it ends."""

    async def run() -> Sink:
        sink = Sink()
        serving = {name: options.pop(name) for name in ("process_request",) if name in options}
        async with serve(handler, "127.0.0.1", 0, **serving) as server, KrakenRest("http://127.0.0.1:9") as rest:
            port = server.sockets[0].getsockname()[1]
            feed = VENUES["kraken"].open_feed(
                rest,
                SessionState({PAIR: PairState()}, margin_us=0, stop_at_us=1_772_445_640 * 10**6),
                sink,
                url=options.pop("url", f"ws://127.0.0.1:{port}/v2"),
                ping_interval_seconds=0.05,
                silence_seconds=0.4,
                backoff=Backoff(first_seconds=0.02, longest_seconds=0.1),
            )
            async with asyncio.timeout(seconds):
                await feed.run()
        return sink

    return asyncio.run(run())


async def good(connection: ServerConnection) -> None:
    """Subscribe, one trade, then the end."""
    while await answer(connection, 10) != "subscribe":
        pass
    await connection.send(trade_text(7))
    while True:
        await answer(connection, 40)


def test_trades_and_heartbeats_come_through() -> None:
    sink = run_feed(good)
    assert sink.ids == [7]
    assert sink.heartbeats[0] == 1_772_445_610 * 10**6 and sink.heartbeats[-1] == 1_772_445_640 * 10**6


def test_a_silent_socket_is_given_up() -> None:
    connections = []

    async def silent_first(connection: ServerConnection) -> None:
        connections.append(1)
        if len(connections) > 1:
            await good(connection)
        async for _ in connection:
            pass

    sink = run_feed(silent_first)
    assert sink.ids == [7] and len(connections) == 2
    assert next(r.text for r in sink.reports if r.kind == "lost").endswith("no message for 0.4 s")


def test_a_frame_that_is_not_json_is_set_aside_and_the_connection_goes_on() -> None:
    async def garbled(connection: ServerConnection) -> None:
        await connection.send('{"channel":"trade","type":')
        await good(connection)

    sink = run_feed(garbled)
    assert sink.ids == [7] and "lost" not in sink.kinds()
    assert sink.bad_rows[0].text == '{"channel":"trade","type":' and "frame: expected JSON" in sink.bad_rows[0].reason


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_refused_upgrade_is_a_wrong_address(status: int) -> None:
    async def refuse(connection: ServerConnection, _request: Any) -> Any:
        return connection.respond(HTTPStatus(status), "no\n")

    with pytest.raises(PermanentVenueError, match=f"refuses WebSockets with HTTP {status}"):
        run_feed(good, process_request=refuse)


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_venue_is_asked_again(status: int) -> None:
    refusals = [1, 1]

    async def busy(connection: ServerConnection, _request: Any) -> Any:
        return connection.respond(HTTPStatus(status), "busy\n") if refusals and refusals.pop() else None

    sink = run_feed(good, process_request=busy)
    assert sink.ids == [7] and sink.kinds().count("lost") == 2


def test_a_policy_violation_ends_the_feed() -> None:
    async def banned(connection: ServerConnection) -> None:
        await connection.close(1008, "banned")

    with pytest.raises(PermanentVenueError, match="closed for a policy: 'banned'"):
        run_feed(banned)


def test_a_rejected_pair_is_refused_and_the_feed_goes_on() -> None:
    async def reject(connection: ServerConnection) -> None:
        text = f"Currency pair not supported {PAIR}"
        body = {"method": "subscribe", "success": False, "error": text, "symbol": PAIR}
        await connection.send(json.dumps(body))
        while True:
            await answer(connection, 40)

    sink = run_feed(reject)
    assert sink.refusals == {PAIR: f"Currency pair not supported {PAIR}"}


def test_nobody_listens() -> None:
    lines: list[str] = []
    number = logger.add(lines.append, format="{message}")
    with pytest.raises(TimeoutError):
        run_feed(good, seconds=0.3, url="ws://127.0.0.1:9/v2")
    logger.remove(number)
    said = "".join(lines)
    first, _, after = said.partition("no connection to ws://127.0.0.1:9/v2")
    assert after and "next attempt" not in first and "next attempt" in after


def test_an_error_of_the_sink_ends_the_feed(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: Sink, pair: str, trades: list[Trade]) -> None:
        raise RuntimeError("the log is full")

    monkeypatch.setattr(Sink, "trades", broken)
    with pytest.raises(RuntimeError, match="the log is full"):
        run_feed(good)
