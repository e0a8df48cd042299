"""Running a service: settings in, exit code out."""

from __future__ import annotations

import gc
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from types import FrameType
from typing import Any

from loguru import logger

from contracts.clock import Clock, SystemClock
from contracts.topics import TopicSpec
from streaming.exit_codes import EXIT_FAILED, EXIT_OK
from streaming.reporting import reporting
from streaming.service.application import ServiceApplication
from streaming.service.assembly import Topology, assemble
from streaming.service.bounded import Bound, StopWhen
from streaming.service.exit import exit_code_for
from streaming.service.resuming import Waiting, is_worth_waiting, wait_for_log
from streaming.service.stopping import giving_up
from streaming.settings import ServiceSettings, SettingsT
from streaming.telemetry.health import Health, serve_health
from streaming.telemetry.lag_watch import LagWatch
from streaming.telemetry.log_presence import KafkaProbe, LogPresence, watching_log
from streaming.telemetry.logging import configure_logging


def run_service(
    settings: SettingsT,
    *,
    service: str,
    inputs: Sequence[TopicSpec],
    outputs: Sequence[TopicSpec],
    topology: Topology[SettingsT],
    clock: Clock | None = None,
    stop_at_end: bool = False,
    stop_when: StopWhen | None = None,
) -> int:
    """Run `service` until SIGTERM or SIGINT and return its exit code.

    On a signal the message in hand is finished, everything is committed and closed, and 0 is returned (1 by a job
    that had not come to its end, and where the log took nothing any more: `streaming.service.stopping`). An error
    that is not one message's fault is logged in one line and 1 is returned; what was not committed is processed
    again. Brokers that are away are waited for, and one that has put this process out of its group is joined again:
    what was not committed is then processed again in the same process.

    Parameters
    ----------
    settings
        Of the service.
    service
        Its name.
    inputs, outputs
        The topics that `topology` may use.
    topology
        `topology(inputs, topics, settings)`: dataframes by topic name, topics by topic name (`topics.dead_letters`
        for what it sets aside itself).
    clock
        The wall clock, for headers and reports.
    stop_at_end
        Return once every input has been read to its end, instead of waiting for more.
    stop_when
        Return once everything before the offsets that it gives, of the first input, is committed, and what the other
        inputs hold when it gives them: a job. Nothing is started where that is so already. The process that goes on
        joins the same group and takes over at once.

    Returns
    -------
    int
        0 if it ended as it should.

    Examples
    --------
    The whole of a service's `__main__.py`::

        def main() -> int:
            settings = load_settings(CandlesSettings)
            return run_service(
                settings, service="candles", inputs=[TRADES], outputs=[CANDLES], topology=topology
            )

        if __name__ == "__main__":
            raise SystemExit(main())
    """
    configure_logging(service, settings.log_level, settings.log_format)
    before = _leave_on_signal()
    clock = clock or SystemClock()
    try:
        bound = None
        if stop_when is not None:
            first, *others = inputs
            bound = Bound(settings, settings.group_for(service), first, stop_when, beside=others)
        if bound is not None and bound.reached():
            logger.info("nothing to do: everything is committed already")
            return EXIT_OK

        def assembled() -> ServiceApplication:
            return assemble(
                settings,
                service=service,
                inputs=inputs,
                outputs=outputs,
                topology=topology,
                clock=clock,
                stop_at_end=stop_at_end,
                ends=bound is not None,
            )

        _run_as_long_as_it_takes(settings, assembled, inputs, bound, clock)
        if bound is not None and not bound.done:
            logger.error("stopped before everything was done; the next start continues here")
            return EXIT_FAILED
        logger.info("stopped")
        return EXIT_OK
    except Exception as error:  # noqa: BLE001 - the process ends here: it is logged and becomes the exit code
        return exit_code_for(error)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _run_as_long_as_it_takes(
    settings: ServiceSettings,
    assembled: Callable[[], ServiceApplication],
    inputs: Sequence[TopicSpec],
    bound: Bound | None,
    clock: Clock,
) -> None:
    """Run an application, and after brokers were away for too long another one, until one ends well."""
    app = assembled()
    logger.info("starting on {} as group {}", settings.broker_address, settings.group_for(app.service))
    _leave_the_imported_alone()
    with watching_log(settings, lambda: app.outgoing()) as presence:
        while True:
            try:
                _run(settings, app, inputs, bound, clock, presence)
                return
            except Exception as error:
                if not is_worth_waiting(error, presence):
                    raise
                app.drop_outgoing()
                app = _begun_again(settings, error, assembled, bound, presence)


def _begun_again(
    settings: ServiceSettings,
    error: Exception,
    assembled: Callable[[], ServiceApplication],
    bound: Bound | None,
    presence: LogPresence | None,
) -> ServiceApplication:
    """Return another application once the log is there; whoever asks meanwhile is told that it is waited for."""
    _leave_on_signal(EXIT_OK if bound is None else EXIT_FAILED)
    with serve_health(settings.metrics_port, Health(Waiting(), log=presence), settings.metrics_host):
        while True:
            wait_for_log(error, KafkaProbe(settings))
            try:
                return assembled()
            except Exception as again:
                if not is_worth_waiting(again, presence):
                    raise
                error = again


def _run(
    settings: ServiceSettings,
    app: ServiceApplication,
    inputs: Sequence[TopicSpec],
    bound: Bound | None,
    clock: Clock,
    presence: LogPresence | None,
) -> None:
    """Run one application to its end, and tell of it."""
    health = Health(app, progress=app.progress, clock=clock, log=presence)
    watch = LagWatch(settings, settings.group_for(app.service), inputs, app.progress, clock)
    with (
        nullcontext() if bound is None else bound.stopping(app),
        serve_health(settings.metrics_port, health, settings.metrics_host),
        reporting(settings, app.service, health, app.audit, progress=app.progress, watch=watch, clock=clock),
        giving_up(app.outgoing),
    ):
        app.run()


def _leave_the_imported_alone() -> None:
    """Spare the garbage collector what lives as long as the process.

    A full collection of what a service imports takes tens of milliseconds, in which a trade would wait.
    """
    gc.collect()
    gc.freeze()


def _leave_on_signal(code: int = EXIT_OK) -> dict[int, Any]:
    """While no application has its own handlers, a signal simply ends the process; nothing is in flight then."""

    def leave(_number: int, _frame: FrameType | None) -> None:
        sys.exit(code)

    return {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGINT)}
