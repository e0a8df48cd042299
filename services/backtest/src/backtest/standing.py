"""What the books of an account are made of, from a bar on: as long as nothing is booked, prices alone change them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from contracts.values import dataclass
from execution.core.account.holding import Holding
from execution.core.account.portfolio import Portfolio
from execution.core.account.valuation import balance

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Standing:
    """A portfolio as the books see it: small, as one is kept for each bar that booked something.

    Attributes
    ----------
    bar
        From the end of which bar on.
    balance, realised, fees, day_start_balance, highest_equity
        As a portfolio has them.
    state
        Whether it may buy.
    holdings
        By pair, what is held.
    """

    bar: int
    balance: Decimal
    realised: Decimal
    fees: Decimal
    day_start_balance: Decimal
    highest_equity: Decimal
    state: str
    holdings: Mapping[str, Holding]

    @classmethod
    def of(cls, bar: int, portfolio: Portfolio) -> Standing:
        """Return how a portfolio stands.

        Returns
        -------
        Standing
            From `bar` on.
        """
        return cls(
            bar,
            balance(portfolio),
            portfolio.realised,
            portfolio.fees,
            portfolio.day_start_balance,
            portfolio.highest_equity,
            portfolio.standing,
            portfolio.holdings,
        )

    def is_of(self, portfolio: Portfolio) -> bool:
        """Return whether nothing has changed but prices: a step that books something makes these anew.

        Returns
        -------
        bool
            False where that is not sure.
        """
        return (
            portfolio.holdings is self.holdings
            and portfolio.realised is self.realised
            and portfolio.fees is self.fees
            and portfolio.day_start_balance is self.day_start_balance
            and portfolio.standing == self.state
        )

    @property
    def cost(self) -> Decimal:
        """What was paid for all that is held."""
        return sum((each.cost_quote for each in self.holdings.values()), _ZERO)

    def exposure(self, closes: Mapping[str, Decimal]) -> Decimal:
        """Return what is held is worth.

        Parameters
        ----------
        closes
            Of each pair that is held.

        Returns
        -------
        Decimal
            Quote currency, exact.
        """
        return sum((each.quantity * closes[pair] for pair, each in self.holdings.items()), _ZERO)
