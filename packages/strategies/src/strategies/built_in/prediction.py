"""Does what a model says, where it is sure enough."""

from __future__ import annotations

from strategies import Expression, Strategy, above, at_least, below, between, predicted, unknown, when


class Prediction(Strategy):
    """Long where the model expects a rise, flat where it expects a fall; no decision below `minimum_confidence`."""

    minimum_confidence: float = between(0.5, 1, default=0.55, step=0.01)

    def target(self) -> Expression:
        """Return 1, 0 or no decision."""
        said = predicted("direction")
        side = when(above(said.direction, 0), 1, when(below(said.direction, 0), 0, unknown))
        return when(at_least(said.confidence, self.minimum_confidence), side, unknown)
