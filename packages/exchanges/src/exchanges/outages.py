"""Which feeds have been dead for too long; pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from contracts.units import US_PER_SECOND

_REPEAT_US = 10 * US_PER_SECOND


@dataclass(frozen=True, slots=True)
class Outage:
    """The trades of `pair` are not known from `since_us`, event time, until now."""

    pair: str
    since_us: int
    until_us: int


class OutageWatch:
    """Says a pair's outage once it is `outage_us` old, and again every ten seconds while it lasts.

    Examples
    --------
    >>> watch = OutageWatch(outage_us=5_000_000)
    >>> [len(watch.look([("BTC/USD", False, 900)], now_us=s * 1_000_000)) for s in (0, 4, 5, 6, 15)]
    [0, 0, 1, 0, 1]
    >>> watch.look([("BTC/USD", True, 900)], now_us=16_000_000)
    []
    >>> watch.look([("BTC/USD", False, 950)], now_us=17_000_000)
    []
    """

    def __init__(self, outage_us: int) -> None:
        self._outage_us = outage_us
        self._due_us: dict[str, int] = {}

    def look(self, pairs: Iterable[tuple[str, bool, int | None]], now_us: int) -> list[Outage]:
        """Return the outages to speak of now.

        Parameters
        ----------
        pairs
            Each pair, whether it is complete, and up to which event time it was handed on (None for a pair of
            which nothing was, so that nothing can be missing).
        """
        outages, dead = [], set()
        for pair, live, complete_to_us in pairs:
            if live or complete_to_us is None:
                continue
            dead.add(pair)
            if now_us >= self._due_us.setdefault(pair, now_us + self._outage_us):
                self._due_us[pair] = now_us + _REPEAT_US
                outages.append(Outage(pair, complete_to_us, max(now_us, complete_to_us)))
        self._due_us = {pair: due for pair, due in self._due_us.items() if pair in dead}
        return outages
