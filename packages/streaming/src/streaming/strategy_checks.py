"""What a log knows of checks of strategies' files."""

from __future__ import annotations

from contracts.strategy_check import StrategyCheck
from contracts.topics import STRATEGY_CHECKS
from streaming.clients import read_topic
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
