"""Buys far below the mean and sells at it.

Source: John Bollinger, Bollinger on Bollinger Bands (2001).
"""

from __future__ import annotations

from strategies import Expression, Strategy, above, below, between, close, deviation, mean, ratio, unknown, when


class MeanReversion(Strategy):
    """Long when the close is `entry` standard deviations below its mean, flat when it is back at `leave` of them."""

    bars: int = between(10, 120, default=20)
    entry: float = between(1, 4, default=2, step=0.1)
    leave: float = between(-0.9, 1, default=0, step=0.1)

    def target(self) -> Expression:
        """Return 1, 0 or, on the way back, no decision."""
        middle = mean(close, self.bars)
        away, noise = ratio(close - middle, deviation(close, self.bars)), 1e-9
        return when(below(away, -self.entry - noise), 1, when(above(away, self.leave + noise), 0, unknown))
