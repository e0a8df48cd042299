"""Goes with a MACD that is above its own average.

Source: Gerald Appel, Technical Analysis: Power Tools for Active Investors (2005).
"""

from __future__ import annotations

from strategies import Expression, Strategy, above, below, between, close, macd, unknown, when


class Macd(Strategy):
    """Long while the histogram is above zero by `threshold_bps` of the price, flat while it is as far below."""

    fast: int = between(5, 20, default=12)
    slow: int = between(21, 60, default=26)
    signal: int = between(5, 20, default=9)
    threshold_bps: float = between(0, 10, default=0.1, step=0.1)

    def target(self) -> Expression:
        """Return 1, 0 or, near the cross, no decision."""
        # At least what rounding leaves of two averages of equal prices.
        far, relative = 1e-9 + self.threshold_bps / 10_000, macd(self.fast, self.slow, self.signal).histogram / close
        return when(above(relative, far), 1, when(below(relative, -far), 0, unknown))
