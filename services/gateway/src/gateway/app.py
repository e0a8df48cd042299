"""The gateway as a process: it asks the venue for its time and pairs, then turns until it is told to stop."""

from __future__ import annotations

import math
import signal
import time
from functools import partial
from types import FrameType

from loguru import logger

from contracts.errors import BadSettingError
from contracts.topics import CONTROL, ORDERS, POSITIONS, SIGNALS
from exchanges.private.refusal import RefusedError, UnusableSecretError
from exchanges.private.venue import NotAnsweredError, PrivateVenue
from exchanges.private.venues import PRIVATE_VENUES
from exchanges.venue import UnknownPairError
from gateway.bell import Bell
from gateway.desk import Desk
from gateway.listening import OpenStream
from gateway.settings import GatewaySettings
from gateway.stop import Stop
from gateway.venue_calls import VenueCalls
from gateway.venue_clock import VenueClock
from streaming.clients import create_topics
from streaming.exit_codes import EXIT_BAD_SETTINGS, EXIT_OK
from streaming.lease import lease
from streaming.producer import open_producer
from streaming.reporting import reporting
from streaming.service.exit import exit_code_for
from streaming.service.state_lock import sole_user_of
from streaming.service.stopping import giving_up
from streaming.telemetry.audit import AuditLog
from streaming.telemetry.health import Health, serve_health
from streaming.telemetry.log_presence import watching_log
from streaming.telemetry.logging import configure_logging

SERVICE = "gateway"
_TURN_SECONDS = 0.05
_RETRY_SECONDS = 2.0


class Turning:
    """Tells `Health` when the loop last turned, and the loop when to end."""

    def __init__(self) -> None:
        self.heartbeat_seconds: float | None = None
        self.stop = Stop()

    def turned(self) -> None:
        """Note that it turns."""
        self.heartbeat_seconds = time.monotonic()


def run_gateway(settings: GatewaySettings) -> int:
    """Run until SIGTERM or SIGINT arrives, and return the exit code.

    A request that is under way is finished; whatever its answer would have been, the next start asks for it.
    """
    configure_logging(SERVICE, settings.log_level, settings.log_format)
    turning = Turning()
    _stop_on_signals(turning)
    try:
        with sole_user_of(settings.state_dir_for(SERVICE), settings.group_for(SERVICE)):
            create_topics(settings, [ORDERS, CONTROL, POSITIONS, SIGNALS])
            if settings.venue_accounts:
                _run(settings, turning)
            else:
                _idle(settings, turning)
    except UnknownPairError as error:
        logger.error("stopping: TRADESTREAM_ACCOUNTS: {}", error)
        return EXIT_BAD_SETTINGS
    except Exception as error:  # noqa: BLE001 - the process ends here: it is logged and becomes the exit code
        return exit_code_for(error)
    logger.info("stopped")
    return EXIT_OK


def _idle(settings: GatewaySettings, turning: Turning) -> None:
    """Wait for the end: a cluster runs every service, and all of its accounts may be on paper."""
    logger.info("no account trades at a venue: nothing to do")
    health = Health(turning, [lambda: (True, "no account trades at a venue")])
    with (
        serve_health(settings.metrics_port, health, settings.metrics_host),
        reporting(settings, SERVICE, health, AuditLog(SERVICE, settings.instance_id)),
    ):
        while not turning.stop.wait(_RETRY_SECONDS):
            turning.turned()


def opened(settings: GatewaySettings) -> PrivateVenue:
    """Return the venue's private calls; a wrong secret is named by its setting."""
    try:
        return PRIVATE_VENUES[settings.exchange].open(
            settings.api_key, settings.api_secret, settings.rest_url, timeout_seconds=settings.timeout_seconds
        )
    except UnusableSecretError as error:
        raise BadSettingError("GATEWAY_API_SECRET", error.expected, error.got) from None


def _run(settings: GatewaySettings, turning: Turning) -> None:
    names = ", ".join(account.name for account in settings.venue_accounts)
    logger.info("orders of {} from {} to {}", names, settings.broker_address, settings.exchange)
    clock, bell = VenueClock(), Bell()
    venue = opened(settings)
    try:
        with (
            open_producer(settings, SERVICE, timeout_seconds=math.inf) as producer,
            watching_log(settings, lambda: producer) as presence,
            giving_up(lambda: producer),
        ):
            desk = Desk(
                settings, VenueCalls(venue, clock, settings.label), clock, producer, _stream_of(settings, venue, bell)
            )
            health = Health(turning, [desk.check], log=presence)
            with (
                serve_health(settings.metrics_port, health, settings.metrics_host),
                reporting(settings, SERVICE, health, AuditLog(SERVICE, settings.instance_id)),
            ):
                _greet(settings, venue, clock, turning)
                with lease(settings, SERVICE, CONTROL) as place:
                    while not turning.stop.is_asked():
                        desk.turn(place)
                        turning.turned()
                        turning.stop.wait(_TURN_SECONDS, bell)
                        bell.silence()
                    desk.end()
    finally:
        venue.close()


def _stream_of(settings: GatewaySettings, venue: PrivateVenue, bell: Bell) -> OpenStream:
    url = settings.stream_url
    if url is None:
        logger.info("executions are only asked for: GATEWAY_WEBSOCKET_URL names no stream of them")
        return None
    return partial(venue.open_stream, url, bell.ring)


def _greet(settings: GatewaySettings, venue: PrivateVenue, clock: VenueClock, turning: Turning) -> None:
    """Wait until the venue says what time it is and what it calls our pairs: nothing can be decided before."""
    pairs = sorted(pair for account in settings.venue_accounts for pair in account.pairs)
    while not turning.stop.is_asked():
        turning.turned()
        try:
            venue.find_pairs(pairs)
            clock.heard(venue.venue_time_ms())
        except (NotAnsweredError, RefusedError) as error:
            logger.warning("the venue does not answer: {}; asking again in {:g} s", error, _RETRY_SECONDS)
            turning.stop.wait(_RETRY_SECONDS)
        else:
            return


def _stop_on_signals(turning: Turning) -> None:
    def stop(_number: int, _frame: FrameType | None) -> None:
        turning.stop.ask()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
