"""Times that no trade can have: one of them would move a pair's clock, and what comes after it would be too old."""

from __future__ import annotations

from contracts.timestamps import iso_utc
from contracts.units import MS_PER_DAY, US_PER_MS
from exchanges.venue import BadRow, Trade

#: A trade may be so far ahead of the venue's clock as it was last read; between readings a machine may have slept.
MAX_AHEAD_US = MS_PER_DAY * US_PER_MS


def without_absurd_times(pair: str, trades: list[Trade], venue_us: int) -> tuple[list[Trade], list[BadRow]]:
    """Separate trades whose time is more than a day ahead of the venue's.

    Parameters
    ----------
    pair
        Of the trades.
    trades
        As the venue gave them.
    venue_us
        The newest time that is known, of the venue's clock or of a trade; 0 for none, then all are believed.

    Returns
    -------
    tuple[list[Trade], list[BadRow]]
        What can be used, and what cannot.

    Examples
    --------
    >>> trades = [Trade(1, 5, "1", "1", "buy"), Trade(2, 4_165_689_600_000_000, "1", "1", "buy")]
    >>> good, bad = without_absurd_times("BTC/USD", trades, venue_us=1_772_445_600_000_000)
    >>> len(good), bad[0].reason
    (1, 'timestamp: expected at most a day after 2026-03-02T10:00:00Z, was 2102-01-03T00:00:00Z')
    """
    latest_us = venue_us + MAX_AHEAD_US
    if not venue_us or all(trade.timestamp_us <= latest_us for trade in trades):
        return trades, []
    expected = f"timestamp: expected at most a day after {iso_utc(venue_us)}"
    good = [trade for trade in trades if trade.timestamp_us <= latest_us]
    absurd = [
        BadRow(repr(trade), f"{expected}, was {iso_utc(trade.timestamp_us)}", pair)
        for trade in trades
        if trade.timestamp_us > latest_us
    ]
    return good, absurd
