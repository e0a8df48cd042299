"""A small client of the simulated venue, as raw as possible: frames in, frames out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import websockets
from tests.support.waiting import let_pass_async

from exchanges.simulator import SimulatorSettings, SimulatorUrls, simulator

LIVE_FROM_MS = 1_772_445_600_000
HOUR_MS = 3_600_000
TIMEOUT_SECONDS = 20


class Client:
    """A WebSocket, a REST and a control client of one running simulator."""

    def __init__(self, urls: SimulatorUrls, http: httpx.AsyncClient, socket: websockets.ClientConnection) -> None:
        self.urls = urls
        self.http = http
        self.socket = socket

    async def rest(self, path: str, **params: Any) -> dict[str, Any]:
        response = await self.http.get(f"{self.urls.rest_url}/0/public/{path}", params=params or None)
        assert response.status_code == 200
        return response.json()

    async def control(self, path: str, body: Any = None) -> dict[str, Any]:
        url = f"{self.urls.control_url}/sim/{path}"
        response = await (self.http.get(url) if body is None else self.http.post(url, json=body))
        return response.json()

    async def start(self) -> None:
        await self.control("clock/start", {})

    async def truth(self, pair: str, until_ms: int) -> dict[int, int]:
        """Return every trade's microseconds by its id, the future included."""
        answer = await self.control(f"trades?pair={pair}&until_ms={until_ms}")
        return dict(zip(answer["trade_ids"], answer["timestamps_us"], strict=True))

    async def send(self, **request: Any) -> None:
        await self.socket.send(json.dumps(request))

    async def receive(self) -> Any:
        return json.loads(await asyncio.wait_for(self.socket.recv(), TIMEOUT_SECONDS))

    async def until(self, wanted: Callable[[Any], bool]) -> list[Any]:
        """Return all frames up to and including the first that is `wanted`."""
        async with asyncio.timeout(TIMEOUT_SECONDS):
            frames = [await self.receive()]
            while not wanted(frames[-1]):
                frames.append(await self.receive())
        return frames

    async def ping(self, req_id: int = 1) -> list[Any]:
        """Ping and return all frames up to and including the pong."""
        await self.send(method="ping", req_id=req_id)
        return await self.until(lambda frame: frame.get("method") == "pong" and frame.get("req_id") == req_id)

    async def subscribe(self, *pairs: str, snapshot: bool = False) -> list[Any]:
        """Subscribe and return all frames up to the pong that follows the acknowledgements."""
        params = {"channel": "trade", "symbol": list(pairs), "snapshot": snapshot}
        await self.send(method="subscribe", params=params, req_id=7)
        return await self.ping(8)

    async def to_the_end(self, live_until_us: int) -> list[Any]:
        """Ping until the venue's clock has reached its end; return every frame on the way."""
        frames = await self.ping()
        while microseconds(frames[-1]["time_out"]) < live_until_us:
            await let_pass_async(0.01)
            frames += await self.ping()
        return frames


def microseconds(rfc3339: str) -> int:
    from datetime import UTC, datetime

    whole, fraction = rfc3339.removesuffix("Z").split(".")
    return int(datetime.fromisoformat(whole).replace(tzinfo=UTC).timestamp()) * 1_000_000 + int(fraction)


def trades_in(frames: list[Any]) -> list[Any]:
    return [trade for frame in frames if frame.get("channel") == "trade" for trade in frame["data"]]


@pytest.fixture
def venue_client() -> Callable[..., Any]:
    """Return a context manager: a simulator with these settings and a client connected to it."""

    @asynccontextmanager
    async def open_client(**settings: Any) -> AsyncIterator[Client]:
        defaults = {
            "history_from_ms": LIVE_FROM_MS - 6 * HOUR_MS,
            "live_from_ms": LIVE_FROM_MS,
            "messages_per_second": 0,
        }
        async with (
            simulator(SimulatorSettings(**{**defaults, **settings})) as urls,
            httpx.AsyncClient() as http,
            websockets.connect(urls.websocket_url, ping_interval=None) as socket,
        ):
            yield Client(urls, http, socket)

    return open_client


@pytest.fixture
def frames_of() -> dict[str, Callable[..., Any]]:
    """Return the readers of frames that the tests share."""
    return {"trades": trades_in, "microseconds": microseconds}
