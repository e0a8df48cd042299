"""The last closes of a pair, and how much its price moves in a year.

    volatility = sqrt(sum of r_i^2 x year / elapsed),   r_i = close_i / close_(i-1) - 1

Returns are plain ones, as money moves by them, and nothing is taken for their mean: over minutes it is far below what
it would be estimated with. The sum is held against the time that has passed, not against the number of returns: bars
that are missing, and gaps, make one return longer and the volatility no other. A market of coins has no holidays, so
a year has 365 whole days.

Source: Andersen, Bollerslev, "Answering the Skeptics: Yes, Standard Volatility Models Do Provide Accurate Forecasts"
(1998), realised volatility.
"""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

from contracts.account import Account
from contracts.mark import MarkedWindow
from contracts.units import MS_PER_DAY, decimal_string
from contracts.values import dataclass

_YEAR_MS = Decimal(365 * MS_PER_DAY)


@dataclass(frozen=True, slots=True)
class Closes:
    """When bars of a pair ended, and at which price, oldest first; no gaps, whose prices are no market's."""

    ends: tuple[tuple[int, Decimal], ...] = ()

    def and_then(self, end_ms: int, close: Decimal, most: int) -> Closes:
        """Return them with another one.

        Parameters
        ----------
        end_ms, close
            Of the new one.
        most
            How many are kept, the oldest go.

        Returns
        -------
        Closes
            New ones.
        """
        return Closes((*self.ends, (end_ms, close))[-most:])

    def volatility(self, bars: int) -> Decimal | None:
        """Return the volatility of the last `bars` returns.

        Returns
        -------
        Decimal | None
            As a share a year; None if there are fewer returns, or none that moved.
        """
        ends = self.ends[-(bars + 1) :]
        if len(ends) <= bars:
            return None
        squares = sum(((now / before - 1) ** 2 for (_, before), (_, now) in pairwise(ends)), Decimal(0))
        # Nobody knows the risk of a price that has not moved; it is not nothing.
        return (squares * _YEAR_MS / (ends[-1][0] - ends[0][0])).sqrt() if squares else None

    def to_json(self) -> list[list[int | str]]:
        """Return JSON-able data.

        Returns
        -------
        list[list[int | str]]
            Time and price of each.
        """
        return [[end_ms, decimal_string(close)] for end_ms, close in self.ends]

    @classmethod
    def from_json(cls, data: list[list[int | str]]) -> Closes:
        """Read what `to_json` wrote.

        Returns
        -------
        Closes
            Equal ones.
        """
        return cls(tuple((int(end_ms), Decimal(close)) for end_ms, close in data))


def most_kept(account: Account) -> int:
    """Return how many closes of a pair an account remembers.

    Returns
    -------
    int
        0 unless it sizes by them.
    """
    return account.volatility_bars + 1 if account.sizing == "volatility" else 0


def is_quoted(candle: MarkedWindow) -> bool:
    """Return whether a candle's close is one that the market has had."""
    return candle.mark_quality != "gap"
