"""What a log knows of checks of strategies' files."""

from __future__ import annotations

from contracts.clock import Clock
from contracts.strategy_check import StrategyCheck
from contracts.topics import STRATEGY_CHECKS
from streaming.clients import read_topic
from streaming.producer import open_producer
from streaming.settings import ServiceSettings


def strategy_checks(settings: ServiceSettings) -> list[StrategyCheck]:
    """Return the verdicts on files, in the order in which they were written.

    Parameters
    ----------
    settings
        Of the log.

    Returns
    -------
    list[StrategyCheck]
        Those that can be read.
    """
    found = (record.readable_message() for record in read_topic(settings, STRATEGY_CHECKS))
    return [each for each in found if isinstance(each, StrategyCheck)]


def publish_check(settings: ServiceSettings, service: str, check: StrategyCheck, clock: Clock | None = None) -> None:
    """Publish the verdict on a file; it is on the log when this returns.

    Parameters
    ----------
    settings
        Of the log, which has the topic.
    service
        Who writes it.
    check
        The verdict.
    clock
        When.
    """
    with open_producer(settings, service, clock) as producer:
        producer.produce(STRATEGY_CHECKS, check)
        producer.flush()
