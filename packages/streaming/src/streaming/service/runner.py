"""Running a service: settings in, exit code out."""

from __future__ import annotations

import gc
import signal
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from types import FrameType
from typing import Any

from loguru import logger

from contracts.clock import Clock, SystemClock
from contracts.topics import TopicSpec
from streaming.exit_codes import EXIT_FAILED, EXIT_OK
from streaming.reporting import reporting
from streaming.service.assembly import Topology, assemble
from streaming.service.bounded import Bound, StopWhen
from streaming.service.exit import exit_code_for
from streaming.service.stopping import giving_up
from streaming.settings import SettingsT
from streaming.telemetry.health import Health, serve_health
from streaming.telemetry.lag_watch import LagWatch
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
    again.

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
    try:
        bound = None
        if stop_when is not None:
            first, *others = inputs
            bound = Bound(settings, settings.group_for(service), first, stop_when, beside=others)
        if bound is not None and bound.reached():
            logger.info("nothing to do: everything is committed already")
            return EXIT_OK
        app = assemble(
            settings,
            service=service,
            inputs=inputs,
            outputs=outputs,
            topology=topology,
            clock=clock,
            stop_at_end=stop_at_end,
            ends=bound is not None,
        )
        logger.info("starting on {} as group {}", settings.broker_address, settings.group_for(service))
        _leave_the_imported_alone()
        health = Health(app, progress=app.progress, clock=clock)
        watch = LagWatch(settings, settings.group_for(service), inputs, app.progress, clock or SystemClock())
        with (
            nullcontext() if bound is None else bound.stopping(app),
            serve_health(settings.metrics_port, health, settings.metrics_host),
            reporting(settings, service, health, app.audit, progress=app.progress, watch=watch, clock=clock),
            giving_up(app.outgoing),
        ):
            app.run()
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


def _leave_the_imported_alone() -> None:
    """Spare the garbage collector what lives as long as the process.

    A full collection of what a service imports takes tens of milliseconds, in which a trade would wait.
    """
    gc.collect()
    gc.freeze()


def _leave_on_signal() -> dict[int, Any]:
    """Until the application has its own handlers, a signal simply ends the process; nothing is in flight yet."""

    def leave(_number: int, _frame: FrameType | None) -> None:
        sys.exit(EXIT_OK)

    return {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGINT)}
