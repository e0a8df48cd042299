"""Follows a trend where there is one, and stays out where there is none.

Source: J. Welles Wilder, New Concepts in Technical Trading Systems (1978): ADX tells how strong a trend is.
"""

from __future__ import annotations

from strategies import (
    Expression,
    Strategy,
    above,
    below,
    between,
    both,
    close,
    directional_movement,
    mean,
    unknown,
    when,
)


class RegimeFilter(Strategy):
    """Long in a trend (ADX above `trending`) upwards; flat where the trend is below `ranging` or goes down."""

    bars: int = between(7, 30, default=14)
    slow: int = between(20, 240, default=60)
    trending: float = between(20, 50, default=25, step=1)
    ranging: float = between(5, 20, default=18, step=1)

    def target(self) -> Expression:
        """Return 1, 0 or, between the two regimes, no decision."""
        strength = directional_movement(self.bars).adx
        rising = above(close / mean(close, self.slow) - 1, 1e-9)
        return when(
            both(above(strength, self.trending), rising),
            1,
            when(below(strength, self.ranging), 0, when(rising, unknown, 0)),
        )
