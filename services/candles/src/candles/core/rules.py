"""What the operator has decided about candles."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

from contracts.units import MS_PER_DAY, MS_PER_SECOND


@dataclass(frozen=True)
class Rules:
    """Settings as the cores need them.

    Parameters
    ----------
    intervals_s
        Lengths of the candles' windows, ascending; each divides a day.
    grace_ms
        How long after its end, in event time, a window still takes trades.
    retained_ms
        How far back, in event time, a closed candle can still be corrected.
    max_id_ranges
        How many separate ranges of trade ids are remembered per pair.
    max_jump_ms
        How far ahead of a pair's newest message the next may be, in event time: every window between gets a candle.
    """

    intervals_s: tuple[int, ...]
    grace_ms: int = 0
    retained_ms: int = 7_200_000
    max_id_ranges: int = 256
    max_jump_ms: int = 400 * MS_PER_DAY

    @cached_property
    def intervals_ms(self) -> tuple[int, ...]:
        """Lengths of the windows in milliseconds."""
        return tuple(interval_s * MS_PER_SECOND for interval_s in self.intervals_s)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The intervals as JSON has them for keys."""
        return tuple(map(str, self.intervals_s))

    @cached_property
    def base_ms(self) -> int:
        """The longest window of which all intervals are multiples: frames are folded once, to it."""
        return math.gcd(*self.intervals_ms)

    @cached_property
    def correctable_ms(self) -> int:
        """How old a trade may be: at least as old as the longest open window, which takes it as on time."""
        return max(self.retained_ms, self.intervals_ms[-1] + self.grace_ms)

    def closed_windows_kept(self, interval_ms: int) -> int:
        """Return how many closed candles of one interval are kept so that no correctable trade misses its own.

        Returns
        -------
        int
            At least one.
        """
        return math.ceil(self.correctable_ms / interval_ms) + 1
