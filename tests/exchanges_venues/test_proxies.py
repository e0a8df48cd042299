"""Behind a proxy: this machine is reached without it, and an error names it, without its password."""

from __future__ import annotations

import asyncio
import os

import httpx
import pytest
from tests.exchanges_venues.conftest import Sink
from tests.support.processes import free_port
from websockets.asyncio.server import ServerConnection, serve

from exchanges.continuity import PairState
from exchanges.feed import VenueFeed
from exchanges.kraken.rest import KrakenRest
from exchanges.proxies import is_loopback, through
from exchanges.resilience import Backoff
from exchanges.session import SessionState
from exchanges.simulator import SimulatorSettings, simulator
from exchanges.venue import PermanentVenueError, TransientVenueError
from exchanges.venues import VENUES

PAIR = "BTC/USD"


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> str:
    """Every kind of proxy, at an address where none is."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    address = f"127.0.0.1:{free_port()}"
    for scheme in ("http", "https", "all", "ws", "wss"):
        monkeypatch.setenv(f"{scheme}_proxy", f"http://someone:secret@{address}")
    return address


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("http://127.0.0.1:80/x", True),
        ("http://127.8.9.1", True),
        ("ws://[::1]:9/v2", True),
        ("http://localhost:9", True),
        ("http://LOCALHOST.:9", True),
        ("http://sim.localhost", True),
        ("https://api.kraken.com", False),
        ("https://10.0.0.1", False),
        ("https://localhost.example.com", False),
        ("not an address", False),
    ],
)
def test_what_is_this_machine(url: str, loopback: bool) -> None:
    assert is_loopback(url) is loopback


def test_the_proxy_is_named_without_its_password(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert through("https://api.kraken.com/0") == through("wss://ws.kraken.com") == f" (through the proxy {proxy})"
    assert through("http://127.0.0.1:1") == ""
    monkeypatch.setenv("no_proxy", "kraken.com")
    assert through("https://api.kraken.com/0") == ""


def test_a_market_on_this_machine_is_reached_although_the_environment_names_a_proxy(proxy: str) -> None:
    async def ask() -> None:
        settings = SimulatorSettings(pairs=(PAIR,), history_from_ms=1_772_445_600_000, live_from_ms=1_772_445_660_000)
        async with simulator(settings) as urls, KrakenRest(urls.rest_url, give_up_seconds=0.1) as rest:
            assert PAIR in await rest.find_pairs([PAIR])

    asyncio.run(ask())


def test_a_socket_on_this_machine_is_reached_although_the_environment_names_a_proxy(proxy: str) -> None:
    async def talk() -> list[bool]:
        reached: list[bool] = []

        async def hello(connection: ServerConnection) -> None:
            reached.append(True)
            feeds[0].stop()
            await connection.wait_closed()

        feeds: list[VenueFeed] = []
        async with serve(hello, "127.0.0.1", 0) as server, KrakenRest("http://127.0.0.1:9") as rest:
            url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/v2"
            state = SessionState({PAIR: PairState()})
            feeds.append(VENUES["kraken"].open_feed(rest, state, Sink(), url=url, backoff=Backoff(0.02, 0.1)))
            async with asyncio.timeout(20):
                await feeds[0].run()
        return reached

    assert asyncio.run(talk()) == [True]


def test_an_error_behind_a_proxy_names_it(proxy: str) -> None:
    async def ask() -> None:
        async with KrakenRest("http://api.kraken.example", give_up_seconds=0.0) as rest:
            await rest.find_pairs([PAIR])

    with pytest.raises(TransientVenueError, match=f"through the proxy {proxy}") as failure:
        asyncio.run(ask())
    assert "secret" not in str(failure.value)
    assert isinstance(failure.value.__cause__, httpx.TransportError)


@pytest.mark.parametrize("kind", ["socks5", "gopher"])
def test_a_proxy_of_a_kind_that_cannot_be_used_is_refused(
    proxy: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("all_proxy", f"{kind}://someone:secret@{proxy}")
    with pytest.raises(PermanentVenueError, match=f"through the proxy {proxy}") as failure:
        KrakenRest("https://api.kraken.example")
    assert "secret" not in str(failure.value)
