"""Long while the mean of the last few closes is above that of more of them.

Source: John J. Murphy, Technical Analysis of the Financial Markets (1999).
"""

from __future__ import annotations

from strategies import Expression, Strategy, above, between, close, mean


class SmaCross(Strategy):
    """Long while the fast mean is above the slow one, else flat."""

    fast: int = between(5, 60, default=20)
    slow: int = between(50, 200, default=50)

    def target(self) -> Expression:
        """Return the side of the cross; what differs by rounding is equal."""
        return above(mean(close, self.fast) / mean(close, self.slow) - 1, 1e-9)
