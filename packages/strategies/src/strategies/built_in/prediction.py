"""Does what a model says: enters where it is sure enough, and leaves when it no longer expects a rise."""

from __future__ import annotations

from strategies import Expression, Strategy, above, at_least, below, between, predicted, unknown, when


class Prediction(Strategy):
    """Long where the model is at least as sure of a rise as `minimum_confidence`; flat where it expects none.

    The floor is for entries alone: what is held is let go however sure the model is that it will not rise.
    """

    minimum_confidence: float = between(0.5, 1, default=0.55, step=0.01)

    def target(self) -> Expression:
        """Return 1, 0 or, where a rise is not sure enough, no decision."""
        said = predicted("direction")
        sure = when(at_least(said.confidence, self.minimum_confidence), 1, unknown)
        return when(above(said.probability_up, 0.5), sure, when(below(said.probability_up, 0.5), 0, unknown))
