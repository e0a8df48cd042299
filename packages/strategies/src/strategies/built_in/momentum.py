"""Goes with the price's change over the last bars.

Source: Tobias Moskowitz, Yao Hua Ooi and Lasse Heje Pedersen, Time Series Momentum, Journal of Financial Economics
104 (2012).
"""

from __future__ import annotations

from strategies import Expression, Strategy, above, below, between, change, close, unknown, when


class Momentum(Strategy):
    """Long after a rise of `threshold_pct`, flat (or, with `short`, sold short) after as large a fall."""

    bars: int = between(5, 240, default=60)
    threshold_pct: float = between(0.05, 5, default=0.3, step=0.05)
    short: int = between(0, 1, default=0)

    def target(self) -> Expression:
        """Return 1, 0 or -1, and no decision after a small change."""
        moved_pct = 100 * change(close, self.bars)
        falling = when(below(moved_pct, -self.threshold_pct), -self.short, unknown)
        return when(above(moved_pct, self.threshold_pct), 1, falling)
