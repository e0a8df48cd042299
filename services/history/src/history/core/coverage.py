"""What is known of a pair beyond its trades: since when, until when, and when its feed was dead.

A fold in which applying a message twice, or messages in another order, changes nothing: after a kill some come again.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict

from contracts.end_of_history import EndOfHistory
from contracts.feed_outage import FeedOutage
from contracts.heartbeat import Heartbeat
from contracts.trade_frame import TradeFrame
from history.core.day_rows import US_PER_DAY


class Coverage(TypedDict):
    """JSON of a pair.

    Attributes
    ----------
    complete_from_us, complete_to_us
        The feed said that between the two every trade of the venue is on the topic. Trades it had to pass over are
        `missing_ids` of their day, where the venue numbers without holes.
    consecutive_ids
        Whether it does.
    outages_us
        When the feed was dead; the venue may have been asked for those trades later: `complete_to_us` beyond them
        says so.
    """

    complete_from_us: int | None
    complete_to_us: int | None
    consecutive_ids: bool
    outages_us: list[list[int]]


def initial() -> Coverage:
    """Return what is known before the first message."""
    return {"complete_from_us": None, "complete_to_us": None, "consecutive_ids": True, "outages_us": []}


def step(coverage: Coverage, message: TradeFrame | Heartbeat | FeedOutage | EndOfHistory) -> Coverage:
    """Return what is known after `message`."""
    if isinstance(message, FeedOutage):
        return {**coverage, "outages_us": joined([*coverage["outages_us"], [message.since_us, message.until_us]])}
    if isinstance(message, TradeFrame):
        consecutive = coverage["consecutive_ids"] and message.consecutive_ids
        found: Coverage = {**coverage, "consecutive_ids": consecutive}
        # A recorded file says nothing before its first trade; later a late one must not widen what was promised.
        if found["complete_from_us"] is None:
            found["complete_from_us"] = min(message.timestamps_us)
        return found
    time_us, earliest, latest = message.venue_time_us, coverage["complete_from_us"], coverage["complete_to_us"]
    return {
        **coverage,
        "complete_from_us": time_us if earliest is None else min(earliest, time_us),
        "complete_to_us": time_us if latest is None else max(latest, time_us),
    }


def joined(spans: Iterable[list[int]]) -> list[list[int]]:
    """Return spans with those that overlap or touch as one.

    Examples
    --------
    >>> joined([[5, 9], [1, 2], [2, 3], [6, 7]])
    [[1, 3], [5, 9]]
    """
    found: list[list[int]] = []
    for since, until in sorted(spans):
        if found and since <= found[-1][1]:
            found[-1] = [found[-1][0], max(found[-1][1], until)]
        else:
            found.append([since, until])
    return found


def complete(coverage: Coverage) -> tuple[int, int] | None:
    """Return between which times every trade is stored, microseconds; None before anybody said so."""
    from_us, to_us = coverage["complete_from_us"], coverage["complete_to_us"]
    return None if from_us is None or to_us is None else (from_us, to_us)


def of_day(coverage: Coverage, day: int) -> tuple[int, int] | None:
    """Return the part of a day, counted from 1970, that is complete, as microseconds from and to; None if none is."""
    span = complete(coverage)
    if span is None:
        return None
    from_us, to_us = max(span[0], day * US_PER_DAY), min(span[1], (day + 1) * US_PER_DAY)
    return (from_us, to_us) if from_us < to_us else None
