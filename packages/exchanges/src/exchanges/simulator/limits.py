"""Rate limits: of addresses, token buckets in real time; of accounts, counters that fall with the venue's time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

from contracts.units import US_PER_SECOND


class RateLimit:
    """At most `per_second` calls per second and key, with a second's worth as burst (at least one); 0 for no limit.

    Examples
    --------
    >>> seconds = [0.0]
    >>> limit = RateLimit(2, lambda: seconds[0])
    >>> [limit.allows("BTC/USD") for _ in range(3)]
    [True, True, False]
    >>> seconds[0] = 0.5; limit.allows("BTC/USD")
    True
    """

    def __init__(self, per_second: float, monotonic: Callable[[], float]) -> None:
        self._per_second = per_second
        self._burst = max(1.0, per_second)
        self._monotonic = monotonic
        self._buckets: dict[str, tuple[float, float]] = {}

    def allows(self, key: str) -> bool:
        """Count one call of `key` and say whether it is within the limit."""
        if self._per_second == 0:
            return True
        now = self._monotonic()
        tokens, then = self._buckets.get(key, (self._burst, now))
        tokens = min(self._burst, tokens + (now - then) * self._per_second)
        allowed = tokens >= 1.0
        self._buckets[key] = (tokens - 1.0 if allowed else tokens, now)
        return allowed


@dataclass(frozen=True, slots=True)
class Tier:
    """How much an account may ask: most and decay per second of a key's REST counter and of a pair's orders."""

    rest_most: float
    rest_decay: float
    orders_most: float
    orders_decay: float


#: Source: Kraken, "Spot REST rate limits" and "Spot trading limits".
TIERS: dict[str, Tier] = {
    "starter": Tier(15, 0.33, 60, 1.0),
    "intermediate": Tier(20, 0.5, 125, 2.34),
    "pro": Tier(20, 1.0, 180, 3.75),
    "unlimited": Tier(inf, 1.0, inf, 1.0),
}
#: Seconds that an order has stood, and what cancelling it counts then.
CANCEL_POINTS = ((5, 8), (10, 6), (15, 5), (45, 4), (90, 2), (300, 1))


class Counters:
    """Counters that fall with the venue's time; a call that would take one above its most is refused.

    Examples
    --------
    >>> counters = Counters(most=2, decay_per_second=0.5)
    >>> [counters.allows("key", 1, now_us=0) for _ in range(3)], counters.allows("key", 1, now_us=2_000_000)
    ([True, True, False], True)
    """

    def __init__(self, most: float, decay_per_second: float) -> None:
        self._most, self._decay = most, decay_per_second
        self._values: dict[str, tuple[float, int]] = {}

    def allows(self, name: str, points: float, now_us: int) -> bool:
        """Count `points` and say whether they are allowed."""
        value, then_us = self._values.get(name, (0.0, now_us))
        value = max(0.0, value - (now_us - then_us) / US_PER_SECOND * self._decay)
        allowed = value + points <= self._most
        self._values[name] = (value + points if allowed else value, now_us)
        return allowed


def cancel_points(age_us: int) -> int:
    """Return what cancelling an order of this age counts.

    Examples
    --------
    >>> cancel_points(4_000_000), cancel_points(50_000_000), cancel_points(400_000_000)
    (8, 2, 0)
    """
    return next((points for seconds, points in CANCEL_POINTS if age_us < seconds * US_PER_SECOND), 0)
