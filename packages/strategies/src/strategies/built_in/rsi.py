"""Buys what has fallen fast and sells it when it has risen, by Wilder's relative strength index.

Source: J. Welles Wilder, New Concepts in Technical Trading Systems (1978).
"""

from __future__ import annotations

from strategies import Expression, Strategy, above, below, between, rsi, unknown, when


class Rsi(Strategy):
    """Long below `oversold`, flat above `overbought`; between the two what is held stays."""

    bars: int = between(5, 30, default=14)
    oversold: float = between(10, 45, default=30, step=1)
    overbought: float = between(55, 90, default=70, step=1)

    def target(self) -> Expression:
        """Return 1, 0 or no decision."""
        index = rsi(self.bars)
        return when(below(index, self.oversold), 1, when(above(index, self.overbought), 0, unknown))
