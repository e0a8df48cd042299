"""Where history begins."""

from __future__ import annotations

from contracts.units import MS_PER_DAY, US_PER_MS, US_PER_SECOND
from trades.settings import TradesSettings

_US_PER_HOUR = 3_600 * US_PER_SECOND


def history_start_us(settings: TradesSettings, venue_time_us: int) -> int:
    """Return the start of history, event time; counted in days a full hour, so that no first candle is cut off."""
    if settings.history_from_ms is not None:
        return settings.history_from_ms * US_PER_MS
    back_us = round(settings.history_days * MS_PER_DAY) * US_PER_MS
    return (venue_time_us - back_us) // _US_PER_HOUR * _US_PER_HOUR
