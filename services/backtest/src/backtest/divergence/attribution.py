"""What the difference of final equity comes from: the run traded again, each time more like the venue.

paper -> fills when the venue filled -> at its prices -> for its fees -> what the venue made of all orders

Each step's change is what that cost or earned, with all that followed from it: sizes, limits, later decisions. The
changes add up to the whole difference, exactly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from backtest.again import Again
from backtest.books import equity_at_end
from backtest.divergence.likened import LIKENESSES, Likened
from backtest.divergence.lives import Life
from backtest.engine import Outcome
from contracts.units import EXACT
from exchanges.paper import PaperBroker


@dataclass(frozen=True, slots=True)
class Attribution:
    """How much more an account has at the venue than on paper, and of what; quote currency, exact.

    Attributes
    ----------
    timing
        Fills in other bars than on paper.
    price
        Prices other than paper takes in the bar of the fill.
    fee
        Other fees.
    missed
        All else: orders that one side filled and the other did not or in part only, and reports that came late.
    """

    timing: Decimal
    price: Decimal
    fee: Decimal
    missed: Decimal

    @property
    def whole(self) -> Decimal:
        """The difference of final equity."""
        return EXACT.add(EXACT.add(self.timing, self.price), EXACT.add(self.fee, self.missed))


def attribute(
    again: Again,
    paper: PaperBroker,
    outcomes: tuple[Outcome, Outcome],
    lives: tuple[Mapping[str, Life], Mapping[str, Life]],
) -> Attribution:
    """Return what the difference comes from.

    Parameters
    ----------
    again
        The account.
    paper
        How paper fills.
    outcomes, lives
        At the venue and on paper: what became of the account, and of its orders.

    Returns
    -------
    Attribution
        All zero where both are one.
    """
    at_venue, on_paper = outcomes
    if at_venue is on_paper:
        return Attribution(*(Decimal(0),) * 4)
    theirs, ours = lives
    both = {name: life for name, life in theirs.items() if life.executions and _filled(ours, name)}
    steps = [on_paper, *(again.outcome(broker=Likened(paper, both, like)) for like in LIKENESSES), at_venue]
    worth = [equity_at_end(each) for each in steps]
    changes = [EXACT.subtract(after, before) for before, after in pairwise(worth)]
    return Attribution(*changes)


def _filled(lives: Mapping[str, Life], name: str) -> bool:
    return name in lives and bool(lives[name].executions)
