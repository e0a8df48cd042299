"""In and out by the price of twenty bars before, with a stop and a target on each position."""

from strategies import Exits, Strategy, above, close, lag


class Guarded(Strategy):
    """Long while the price is above that of twenty bars ago."""

    exits = Exits(stop_pct=1.5, target_pct=2)

    def target(self):
        return above(close, lag(close, 20))
