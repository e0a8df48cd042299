"""The verdict on a strategy's file, published where there is a log."""

from __future__ import annotations

from pathlib import Path

from contracts.clock import Clock, SystemClock
from contracts.errors import BadInputError
from contracts.topics import STRATEGY_CHECKS
from contracts.units import US_PER_MS
from embedded.subscriptions import settings_to_say
from strategies.checks.run import Report
from strategies.checks.verdict import message_of
from streaming.clients import create_topics
from streaming.control import operator
from streaming.strategy_checks import publish_check

_SERVICE = "control"


def publish(run: Path | None, file: Path, source: str, report: Report, clock: Clock | None = None) -> bool:
    """Publish what checks have found; it makes nobody follow the file.

    Parameters
    ----------
    run
        Folder of the run whose log it goes to; None: to the configured one.
    file, source, report
        What was checked, and found.
    clock
        When.

    Returns
    -------
    bool
        False where there is no log: a file may be checked before anything runs.
    """
    try:
        settings = settings_to_say(run)
    except BadInputError:
        return False
    now_ms = (clock or SystemClock()).now_us() // US_PER_MS
    message = message_of(str(file), source, report.verdicts, operator(), now_ms, loads=False)
    create_topics(settings, [STRATEGY_CHECKS])
    publish_check(settings, _SERVICE, message, clock)
    return True
