"""A model and a few rules vote, and the sum of the votes must be clear."""

from __future__ import annotations

from strategies import (
    Expression,
    Strategy,
    above,
    at_least,
    at_most,
    between,
    close,
    macd,
    mean,
    predicted,
    rsi,
    unknown,
    when,
)


class Ensemble(Strategy):
    """Long where the votes for a rise reach `floor`, flat where those against it do.

    A model's vote is its probability; that of the rules is the share of them (means, MACD, RSI) that see a rise.
    """

    model_weight: float = between(0, 1, default=0.6, step=0.05)
    floor: float = between(0.5, 1, default=0.6, step=0.01)
    fast: int = between(5, 60, default=20)
    slow: int = between(50, 200, default=50)

    def target(self) -> Expression:
        """Return 1, 0 or, where the votes are not clear or the model says nothing, no decision."""
        crossed = above(mean(close, self.fast) / mean(close, self.slow) - 1, 1e-9)
        rules = (crossed + above(macd(12, 26, 9).histogram / close, 1e-9) + above(rsi(14), 50)) / 3
        up = self.model_weight * predicted("direction").probability_up + (1 - self.model_weight) * rules
        # Weights that add up to one do so up to rounding: a vote that reaches the floor is not lost to that.
        floor = self.floor - 1e-12
        return when(at_least(up, floor), 1, when(at_most(up, 1 - floor), 0, unknown))
