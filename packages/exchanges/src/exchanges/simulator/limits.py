"""Rate limits, counted as token buckets in real time."""

from __future__ import annotations

from collections.abc import Callable


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
