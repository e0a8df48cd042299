"""Where a feed hands on what it has."""

from __future__ import annotations

from typing import Protocol

from exchanges.session_actions import Report
from exchanges.venue import BadRow, Trade


class FeedSink(Protocol):
    """Where the feed hands on what it has, in order; called from the event loop."""

    def trades(self, pair: str, trades: list[Trade]) -> None:
        """Take trades of one pair in id order."""

    def heartbeat(self, pair: str, venue_time_us: int) -> None:
        """Take the news that every trade of `pair` before this time was handed on."""

    def lost(self, pair: str, trades: list[Trade], reason: str) -> None:
        """Take trades of one pair that cannot be used, in time order: what was traded then will never be known."""

    def bad_row(self, row: BadRow) -> None:
        """Take something the venue sent that cannot be used."""

    def report(self, report: Report) -> None:
        """Take a count for the metrics; the log line is written already."""

    def refused(self, pair: str, reason: str) -> None:
        """Take the news that the venue does not stream `pair`; the feed goes on without it."""

    def outage(self, pair: str, since_us: int, until_us: int) -> None:
        """Take the news that nobody knows what `pair` traded from `since_us` until now, `until_us`.

        It comes again about every ten seconds while that lasts; what is repaired later follows as late trades.
        """
