"""Money stands in a pair whose price is not known."""

from __future__ import annotations

from decimal import Decimal
from functools import cache

from contracts.units import MS_PER_SECOND
from contracts.wakes import Wakes
from execution.core.rules.rule import PairRule, PairView, RiskViolation


def check(pair: PairView) -> RiskViolation | None:
    """Report a pair without a complete candle: `value` is for how many seconds its price has been unknown."""
    if pair.has_complete_candle:
        return None
    bar_ms = pair.window_end_ms - pair.window_start_ms
    unknown_ms = bar_ms if pair.marked_at_ms is None else max(pair.window_end_ms - pair.marked_at_ms, bar_ms)
    return RiskViolation(
        reason="STALE_DATA",
        severity="WARNING",
        value=Decimal(unknown_ms) / MS_PER_SECOND,
        limit=Decimal(bar_ms) / MS_PER_SECOND,
        message=f"{pair.pair}: no complete candle for the window that ended at {pair.window_end_ms}",
    )


@cache
def wakes(pair: str) -> Wakes:
    """Where the candle is not complete."""
    return Wakes(incomplete=frozenset({pair}))


RULE = PairRule(code="STALE_DATA", check=check, wakes=wakes)
