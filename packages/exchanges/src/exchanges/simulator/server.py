"""Mounts the simulated venue on a loopback port."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass

from aiohttp import web
from loguru import logger

from exchanges.simulator.control import Control
from exchanges.simulator.dialects import PRIVATE_SOCKETS, RESTS, SOCKETS
from exchanges.simulator.settings import SimulatorSettings
from exchanges.simulator.sockets import Sockets
from exchanges.simulator.venue import Venue


@dataclass(frozen=True, slots=True)
class SimulatorUrls:
    """Where a running simulator is reached.

    `rest_url` stands for every venue's, such as ``https://api.kraken.com``; `websocket_urls` has the WebSocket's by
    venue, `websocket_url` Kraken's again, `private_websocket_urls` those that tell an account of its orders;
    `control_url` is the base of ``/sim/...``.
    """

    rest_url: str
    websocket_url: str
    websocket_urls: dict[str, str]
    private_websocket_urls: dict[str, str]
    control_url: str
    pid: int


@asynccontextmanager
async def simulator(settings: SimulatorSettings) -> AsyncIterator[SimulatorUrls]:
    """Run the simulated venue until the block ends; the ready file is written once it listens.

    Examples
    --------
    >>> async def demo():
    ...     async with simulator(SimulatorSettings(live_from_ms=1_772_445_600_000)) as urls:
    ...         return urls.websocket_url.endswith("/v2")
    >>> asyncio.run(demo())
    True
    """
    venue = Venue(settings)
    sockets = Sockets(venue)
    app = web.Application()
    for part in (*(rest(venue) for rest in RESTS), sockets, Control(venue, sockets)):
        app.add_routes(part.routes())
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=2.0)
    await runner.setup()
    striker = asyncio.create_task(sockets.run())
    try:
        site = web.TCPSite(runner, settings.host, settings.port)
        await site.start()
        urls = _urls(settings.host, runner.addresses[0][1])
        if settings.auto_start:
            venue.clock.start()
        _announce(urls, settings)
        yield urls
    finally:
        striker.cancel()
        await asyncio.gather(striker, return_exceptions=True)
        await sockets.close()
        await runner.cleanup()


def _urls(host: str, port: int) -> SimulatorUrls:
    base = f"http://{host}:{port}"
    sockets, private = (
        {venue: f"ws://{host}:{port}{dialect.path}" for venue, dialect in dialects.items()}
        for dialects in (SOCKETS, PRIVATE_SOCKETS)
    )
    return SimulatorUrls(
        rest_url=base,
        websocket_url=sockets["kraken"],
        websocket_urls=sockets,
        private_websocket_urls=private,
        control_url=base,
        pid=os.getpid(),
    )


def _announce(urls: SimulatorUrls, settings: SimulatorSettings) -> None:
    """Say where it listens; whoever finds the ready file finds it whole."""
    logger.bind(**asdict(urls)).info("simulated venue listens on {} and {}", urls.rest_url, urls.websocket_url)
    if settings.ready_file is not None:
        settings.ready_file.parent.mkdir(parents=True, exist_ok=True)
        partial = settings.ready_file.with_suffix(f".{urls.pid}.partial")
        partial.write_text(json.dumps(asdict(urls)))
        partial.replace(settings.ready_file)
