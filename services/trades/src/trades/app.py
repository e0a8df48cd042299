"""The trades service: one source, chosen by the settings, to the trades topic."""

from __future__ import annotations

import asyncio
import math
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager

from loguru import logger

from contracts.topics import SYMBOL_SUBSCRIPTIONS, TRADES, TRADES_CHECKPOINTS
from exchanges.venue import UnknownPairError
from streaming.clients import create_topics
from streaming.exit_codes import EXIT_BAD_SETTINGS, EXIT_OK
from streaming.producer import MessageProducer, open_producer
from streaming.reporting import reporting
from streaming.service.exit import exit_code_for
from streaming.service.stopping import give_up_soon
from streaming.telemetry.audit import AuditLog
from streaming.telemetry.health import Check, Health, serve_health
from streaming.telemetry.log_presence import watching_log
from streaming.telemetry.logging import configure_logging
from trades.bad_rows import SERVICE, BadRows
from trades.feed_health import FeedHealth
from trades.historical import run_historical
from trades.live import run_live
from trades.recorded import run_recorded
from trades.settings import RECORDED, TradesSettings

_TURN_SECONDS = 1.0


def run_trades(settings: TradesSettings) -> int:
    """Run until the source ends or SIGTERM or SIGINT arrives, and return the exit code."""
    configure_logging(SERVICE, settings.log_level, settings.log_format)
    try:
        create_topics(settings, [TRADES, TRADES_CHECKPOINTS, SYMBOL_SUBSCRIPTIONS])
        with open_producer(settings, SERVICE, timeout_seconds=math.inf) as producer:
            asyncio.run(_run(settings, producer))
    except UnknownPairError as error:
        logger.error("stopping: TRADES_PAIRS: {}", error)
        return EXIT_BAD_SETTINGS
    except Exception as error:  # noqa: BLE001 - the process ends here: it is logged and becomes the exit code
        return exit_code_for(error)
    logger.info("stopped")
    return EXIT_OK


def choose_source(
    settings: TradesSettings, producer: MessageProducer, bad_rows: BadRows
) -> tuple[Awaitable[None], list[Check]]:
    """Return the work that the settings ask for, and how to tell that it is well."""
    if settings.exchange == RECORDED:
        return run_recorded(settings, producer, bad_rows), []
    if settings.variant == "historical":
        return run_historical(settings, producer, bad_rows), []
    health = FeedHealth(max(settings.silence_seconds, 3 * settings.ping_interval_seconds))
    return run_live(settings, producer, bad_rows, health), [health.check]


async def _run(settings: TradesSettings, producer: MessageProducer) -> None:
    """Run the source; a signal ends it at its next pause, with everything written flushed and checkpointed."""
    origin = RECORDED if settings.exchange == RECORDED else settings.label
    logger.info("{} trades of {} to {}", settings.variant, origin, settings.broker_address)
    bad_rows = BadRows(producer, origin)
    work, checks = choose_source(settings, producer, bad_rows)
    source = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()

    def stop() -> None:
        source.cancel()
        give_up_soon(producer)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    try:
        async with _health(settings, checks, producer):
            await source
    except asyncio.CancelledError:
        logger.info("asked to stop")
    finally:
        bad_rows.log_summary()


@contextmanager
def _told(settings: TradesSettings, health: Health, audit: AuditLog) -> Iterator[None]:
    """Serve and report `health` while the block runs."""
    with (
        serve_health(settings.metrics_port, health, settings.metrics_host),
        reporting(settings, SERVICE, health, audit),
    ):
        yield


class _Turning:
    """Tells `Health` when the event loop last turned."""

    heartbeat_seconds: float | None = None

    async def run(self) -> None:
        while True:
            self.heartbeat_seconds = time.monotonic()
            await asyncio.sleep(_TURN_SECONDS)


@asynccontextmanager
async def _health(
    settings: TradesSettings, checks: Sequence[Check], producer: MessageProducer
) -> AsyncIterator[None]:
    """Serve and report health and metrics while the block runs."""
    turning = _Turning()
    audit = AuditLog(SERVICE, settings.instance_id)
    task = asyncio.create_task(turning.run())
    try:
        with (
            watching_log(settings, lambda: producer) as presence,
            _told(settings, Health(turning, checks, log=presence), audit),
        ):
            yield
    finally:
        task.cancel()
