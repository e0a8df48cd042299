"""Trades only with the longer timeframe.

Source: Alexander Elder, Trading for a Living (1993): the triple screen.
"""

from __future__ import annotations

from strategies import Expression, Strategy, above, below, between, both, close, feature, mean, unknown, when


class MultiTimeframe(Strategy):
    """Long where the hour, the quarter of an hour and the bar's own mean all rise; flat once the hour has turned."""

    fast: int = between(5, 60, default=20)
    margin_bps: float = between(0, 50, default=1, step=1)

    def target(self) -> Expression:
        """Return 1, 0 or, where the screens disagree, no decision."""
        far = 1e-9 + self.margin_bps / 10_000
        hour, quarter = feature("sma_20_distance_1h"), feature("sma_20_distance_15m")
        own = above(close / mean(close, self.fast) - 1, 1e-9)
        return when(both(above(hour, far), both(above(quarter, far), own)), 1, when(below(hour, -far), 0, unknown))
