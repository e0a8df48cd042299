"""A history stretch by stretch: of each only what an account did on it is there at once, whatever years there are.

What a stretch is decided by reaches back as far as formulas look (`strategies.formulas.settled_bars`), and its market
begins with the last bars before it, so that nothing of it depends on where it begins.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from backtest.bars import GAP, Bars
from backtest.decided import Decided
from backtest.engine import Going, Outcome, run
from backtest.history import History
from backtest.market import Market, market_of
from backtest.plan import Terms, bars_within
from backtest.strategies_of import Chosen
from backtest.together import GoingTogether, run_together
from contracts.owner import Owner, owners_of
from contracts.units import MS_PER_SECOND
from execution.core.account.closes import most_kept
from strategies.formulas import settled_bars

#: A month of minutes.
STRETCH_BARS = 44_640


def stretches_of(
    history: History, accounts: Sequence[Chosen], terms: Terms, bars: int = STRETCH_BARS
) -> Iterator[list[Outcome]]:
    """Run accounts over a history, a stretch of time after the other.

    Parameters
    ----------
    history
        Bars of all pairs that they trade.
    accounts
        Each with its strategies; none sees another, but those of an owner.
    terms
        What holds for all of them.
    bars
        How many intervals are in a stretch.

    Returns
    -------
    Iterator[list[Outcome]]
        What became of each account that has bars in a stretch; put together, what `plan.outcomes_of` returns.

    Raises
    ------
    BadInputError
        If an account trades a pair that the history does not have, or no bar is left to trade on.
    """
    every = [AccountInStretches.of(history, each, terms) for each in accounts]  # complains before anything is done
    return over_stretches(every, terms, bars * history.interval_s * MS_PER_SECOND)


def over_stretches(accounts: Sequence[AccountInStretches], terms: Terms, step_ms: int) -> Iterator[list[Outcome]]:
    """Run accounts over stretches of so many milliseconds.

    Yields
    ------
    list[Outcome]
        As `stretches_of` has it.
    """
    pairs = [pair for each in accounts for pair in each.pairs]
    begin_ms = min(int(pair.bars.starts_ms[pair.first]) for pair in pairs)
    end_ms = max(int(pair.bars.starts_ms[pair.last - 1]) for pair in pairs)
    owners = [
        OwnerInStretches(owner, tuple(each for each in accounts if each.chosen.account.owner == name))
        for name, owner in owners_of([each.chosen.account for each in accounts], terms.owners).items()
    ]
    for since_ms in range(begin_ms, end_ms + 1, step_ms):
        until_ms = since_ms + step_ms
        alone = [each.over(since_ms, until_ms, terms) for each in accounts if each.chosen.account.owner is None]
        together = [outcome for each in owners for outcome in each.over(since_ms, until_ms, terms)]
        yield [outcome for outcome in alone if outcome is not None] + together


@dataclass(frozen=True)
class PairInStretches:
    """The bars of a pair, those from `first` to before `last` to be traded.

    `lead` bars before a stretch are in its market, `reach` before those are decided on with it. What a strategy with
    a step says is found at once, as it may remember anything: `known` then.
    """

    bars: Bars
    first: int
    last: int
    lead: int
    reach: int
    known: Decided | None

    def decided(self, chosen: Chosen, since_ms: int, until_ms: int, terms: Terms) -> Decided:
        """Return what is said from some bars before a time on, and at least on one bar."""
        begin, end = self.bars.starts_ms.searchsorted([since_ms, until_ms]).tolist()
        begin, end = min(max(begin, self.first), self.last), min(max(end, self.first + 1), self.last)
        lead = self._lead(begin)
        if self.known is not None:
            return self.known[lead:end]
        reached = max(lead - self.reach, 0)
        return chosen.decided(self.bars[reached:end], terms.expiry_seconds)[lead - reached :]

    def _lead(self, begin: int) -> int:
        """Return the bar that leads: so many before, of those that have a price of the market."""
        end, width = max(begin - 1, self.first), self.lead
        while True:  # looked for from behind: years may lie before
            since = max(end - width, self.first)
            quoted = np.flatnonzero(self.bars.qualities[since:end] != GAP)[-self.lead :]
            if len(quoted) >= self.lead or since == self.first:
                return since + int(quoted[0]) if len(quoted) else self.first
            width *= 4


@dataclass
class AccountInStretches:
    """An account between two stretches."""

    chosen: Chosen
    pairs: tuple[PairInStretches, ...]
    going: Going | None = None

    @classmethod
    def of(cls, history: History, chosen: Chosen, terms: Terms) -> AccountInStretches:
        lead = most_kept(chosen.account) + 1
        pairs = []
        for pair in chosen.account.pairs:
            bars, first, last = bars_within(history, pair, chosen.account.name, terms)
            deciding = chosen.of(pair)
            known = chosen.decided(bars[:last], terms.expiry_seconds) if deciding.strategy.has_step() else None
            reach = settled_bars(deciding.formulas(bars.interval_s))
            pairs.append(PairInStretches(bars, first, last, lead, reach, known))
        return cls(chosen, tuple(pairs))

    def market(self, since_ms: int, until_ms: int, terms: Terms) -> Market:
        decided = {each.bars.pair: each.decided(self.chosen, since_ms, until_ms, terms) for each in self.pairs}
        return market_of(self.chosen.account, decided, terms.policy).between(since_ms, until_ms)

    def over(self, since_ms: int, until_ms: int, terms: Terms) -> Outcome | None:
        market = self.market(since_ms, until_ms, terms)
        if market.first == len(market):
            return None
        outcome = run(market, terms.broker, terms.policy, going=self.going)
        self.going = outcome.going
        return outcome


@dataclass
class OwnerInStretches:
    """All accounts of an owner between two stretches."""

    owner: Owner
    accounts: Sequence[AccountInStretches]
    going: GoingTogether | None = None

    def over(self, since_ms: int, until_ms: int, terms: Terms) -> list[Outcome]:
        markets = [each.market(since_ms, until_ms, terms) for each in self.accounts]
        if all(each.first == len(each) for each in markets):
            return []
        brokers = {each.name: terms.broker for each in self.owner.accounts}
        found = run_together(markets, self.owner, brokers, terms.policy, going=self.going)
        self.going = found.going
        # One without bars may have heard of a limit all the same.
        return [each for each in found.outcomes.values() if each.messages or each.market.first < len(each.market)]
