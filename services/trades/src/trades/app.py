"""The trades service: one source, chosen by the settings, to the trades topic."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any

from loguru import logger

from contracts.topics import TRADES, TRADES_CHECKPOINTS
from exchanges.venue import UnknownPairError
from streaming.clients import MessageProducer, create_topics, open_producer
from streaming.ending import EXIT_BAD_SETTINGS, EXIT_OK, end_on
from streaming.health import Health, serve_health
from streaming.logging import configure_logging
from trades.bad_rows import SERVICE, BadRows
from trades.historical import run_historical
from trades.live import run_live
from trades.recorded import run_recorded
from trades.settings import TradesSettings

_TURN_SECONDS = 1.0


def run_trades(settings: TradesSettings) -> int:
    """Run until the source ends or SIGTERM or SIGINT arrives, and return the exit code."""
    configure_logging(SERVICE, settings.log_level, settings.log_format)
    try:
        create_topics(settings, [TRADES, TRADES_CHECKPOINTS])
        with open_producer(settings, SERVICE) as producer:
            asyncio.run(_run(settings, producer))
    except UnknownPairError as error:
        logger.error("stopping: TRADES_PAIRS: {}", error)
        return EXIT_BAD_SETTINGS
    except Exception as error:  # noqa: BLE001 - the process ends here: it is logged and becomes the exit code
        return end_on(error)
    logger.info("stopped")
    return EXIT_OK


def choose_source(settings: TradesSettings, producer: MessageProducer, bad_rows: BadRows) -> Awaitable[None]:
    """Return the work that the settings ask for."""
    if settings.exchange == "recorded":
        return run_recorded(settings, producer, bad_rows)
    if settings.variant == "historical":
        return run_historical(settings, producer, bad_rows)
    return run_live(settings, producer, bad_rows)


async def _run(settings: TradesSettings, producer: MessageProducer) -> None:
    """Run the source; a signal ends it at its next pause, with everything written flushed and checkpointed."""
    origin = settings.label if settings.exchange == "kraken" else "recorded"
    logger.info("{} trades of {} to {}", settings.variant, origin, settings.broker_address)
    bad_rows = BadRows(producer, origin)
    source = asyncio.ensure_future(choose_source(settings, producer, bad_rows))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, source.cancel)
    try:
        async with _health(settings.metrics_port):
            await source
    except asyncio.CancelledError:
        logger.info("asked to stop")
    finally:
        bad_rows.log_summary()


class _Turning:
    """Tells `Health` when the event loop last turned."""

    heartbeat_seconds: float | None = None

    async def run(self) -> None:
        while True:
            self.heartbeat_seconds = time.monotonic()
            await asyncio.sleep(_TURN_SECONDS)


@asynccontextmanager
async def _health(port: int) -> AsyncIterator[None]:
    """Serve health and metrics while the block runs."""
    turning: Any = _Turning()
    task = asyncio.create_task(turning.run())
    try:
        with serve_health(port, Health(turning)):
            yield
    finally:
        task.cancel()
