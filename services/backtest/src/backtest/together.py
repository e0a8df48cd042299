"""All accounts of an owner over years of bars: they wake together, and between two wakes their sum is columns too.

What one of them does is its own step, as `engine.run` has it; what the owner's limits look at is added up, as
execution does (`execution.core.owners.together`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, localcontext

import numpy as np

from backtest.core.scan import Track, scan
from backtest.engine import Outcome, Word, archived, highest_of, seen, slept, uncollected
from backtest.market import Market, market_of
from backtest.standing import Standing
from backtest.watching import stop_of, watch_of, watch_of_sum
from contracts.errors import BadInputError
from contracts.message import Message
from contracts.order_report import OrderReport
from contracts.owner import Owner
from contracts.replace import replace
from contracts.units import EXACT
from contracts.wakes import Wakes
from execution.core.account.portfolio import Portfolio
from execution.core.account.valuation import equity
from execution.core.broker import Broker
from execution.core.minute.minute import Minute
from execution.core.orders.archive import ArchiveInMemory
from execution.core.owners.sleep import OWNER_PARTS, OwnerPart
from execution.core.owners.together import Owned, context_of, hear_one, trade_together
from execution.core.policy import Policy
from execution.core.sleep import PARTS, Part, wakes


@dataclass(frozen=True, slots=True)
class GoingTogether:
    """Accounts of an owner that go on: what they are after a bar, and what has ended of each."""

    owned: Owned
    archives: Mapping[str, ArchiveInMemory]

    @classmethod
    def opened(cls, owner: Owner) -> GoingTogether:
        """Return what goes on where none of his accounts has traded."""
        return cls(Owned.opened(owner), {each.name: ArchiveInMemory() for each in owner.accounts})


@dataclass
class Together:
    """What became of an owner's accounts.

    Attributes
    ----------
    outcomes
        By account, each over the bars that it has itself.
    owned
        As they are after the last bar on which they were awake.
    awake
        How many bars that were.
    going
        What goes on behind the last bar.
    """

    outcomes: Mapping[str, Outcome]
    owned: Owned
    awake: int = 0
    going: GoingTogether = field(init=False)


def run_together(
    markets: Sequence[Market],
    owner: Owner,
    brokers: Mapping[str, Broker],
    policy: Policy,
    parts: Mapping[str, Part] = PARTS,
    owner_parts: Mapping[str, OwnerPart] = OWNER_PARTS,
    words: Iterable[Word] = (),
    going: GoingTogether | None = None,
) -> Together:
    """Return what becomes of an owner's accounts over the bars that are traded.

    Parameters
    ----------
    markets
        One for each of his accounts.
    owner
        Whose, and his limits.
    brokers
        By account, what orders cost.
    policy
        How time and risk are judged.
    parts, owner_parts
        By what each account sleeps, and by what all together do.
    words
        What was said to them, in its order, each with the bar that it came after, -1 before the first: bars of the
        clock of all (`on_one_clock`).
    going
        What was left behind the bar before the first; None where the accounts begin with it.

    Returns
    -------
    Together
        The same, whatever they sleep by.
    """
    return _Run(markets, owner, brokers, policy, parts, owner_parts, going or GoingTogether.opened(owner)).over(words)


def on_one_clock(markets: Sequence[Market], policy: Policy) -> list[Market]:
    """Return markets with a bar wherever one of them has one.

    Parameters
    ----------
    markets
        Of accounts, each on its own bars.
    policy
        When days begin.

    Returns
    -------
    list[Market]
        In the same order, all on one clock.
    """
    clock = np.unique(np.concatenate([each.starts_ms for each in markets]))
    begins_ms = [int(each.starts_ms[each.first]) for each in markets if each.first < len(each)]
    first = int(clock.searchsorted(min(begins_ms))) if begins_ms else len(clock)
    return [
        replace(market_of(each.account, {of.bars.pair: of for of in each.pairs}, policy, clock), first=first)
        for each in markets
    ]


class _Run:
    def __init__(
        self,
        markets: Sequence[Market],
        owner: Owner,
        brokers: Mapping[str, Broker],
        policy: Policy,
        parts: Mapping[str, Part],
        owner_parts: Mapping[str, OwnerPart],
        going: GoingTogether,
    ) -> None:
        self._owner, self._brokers, self._policy = owner, brokers, policy
        self._parts, self._owner_parts = parts, owner_parts
        self._accounts = {each.name: each for each in owner.accounts}
        self._own = {each.account.name: each for each in markets}
        self._markets = {each.account.name: each for each in on_one_clock(markets, policy)}
        self._any = next(iter(self._markets.values()))
        tracks = [each.track for each in self._markets.values()]
        self._track = Track(
            np.concatenate([each.prices for each in tracks], axis=1),
            np.concatenate([each.decision for each in tracks]),
            np.concatenate([each.kind for each in tracks]),
        )
        self._owned, self._archives = going.owned, going.archives
        outcomes = {name: Outcome(market, self._owned.portfolios[name]) for name, market in self._own.items()}
        self._found = Together(outcomes, self._owned)

    def over(self, words: Iterable[Word]) -> Together:
        begin, end, coming = self._any.first, len(self._any), deque(words)
        with localcontext(EXACT), uncollected():
            while begin < end or coming:
                has_heard = self._hear(begin, coming) if coming else False
                if begin == end:
                    break
                # Awake on the bar before a word, whose prices it is acted on with, and on the one after it.
                next_word = coming[0][0] if coming else end
                bar = begin if has_heard else self._sleep(begin, min(next_word, end))
                if bar == end:
                    break
                self._act(bar, whole=bool(coming) and coming[0][0] == bar)
                begin = bar + 1
        self._found.going = GoingTogether(self._owned, self._archives)
        return self._found

    def _hear(self, begin: int, coming: deque[Word]) -> bool:
        """Let the accounts hear what was said after the bar before `begin`; return whether anything changed."""
        before = self._owned
        while coming and coming[0][0] < begin:
            _, word = coming.popleft()
            name = word.account
            portfolio, archive, outcome = (
                self._owned.portfolios[name],
                self._archives[name],
                self._found.outcomes[name],
            )
            if isinstance(word, OrderReport) and (ended := archive.find(word.order_id)) is not None:
                portfolio = replace(portfolio, ended={word.order_id: ended})
            heard = self._owned.with_portfolio(name, portfolio)
            told: list[Message] = []
            try:
                heard, told = hear_one(
                    heard, word, self._owner, self._accounts[name], self._brokers[name], self._policy
                )
            except BadInputError:
                if not isinstance(word, OrderReport):
                    raise
                outcome.unheard.append(word)  # to execution it is a dead letter, and the account as it was
            if told:
                self._owned = heard.with_portfolio(name, archived(heard.portfolios[name], archive))
            outcome.messages += told
        return self._owned is not before

    def _sleep(self, begin: int, stop: int) -> int:
        """Return the bar at which all wake, at most `stop`; what rises meanwhile has risen then."""
        portfolios = self._owned.portfolios
        every = {name: self._wakes(name) for name in self._markets}
        of_sum = [each for part in self._owner_parts.values() for each in part(self._owned, self._owner)]
        bar = min(stop, *(stop_of(market, begin, every[name]) for name, market in self._markets.items()))
        bar = min(bar, stop_of(self._any, begin, of_sum))
        if bar == begin:
            return bar
        watches = {name: watch_of(market, portfolios[name], every[name]) for name, market in self._markets.items()}
        for name, market in self._markets.items():
            bar, _ = scan(begin, bar, market.track, watches[name])
        sums = watch_of_sum(list(watches.values()), map(portfolios.__getitem__, self._markets), of_sum)
        bar, highest = scan(begin, bar, self._track, sums)
        if bar > begin:
            rested = {}
            for name, market in self._markets.items():
                _, own = scan(begin, bar, market.track, watches[name])
                rested[name] = slept(market, portfolios[name], watches[name], begin, bar, own)
            book = self._owned.book
            best = book.highest_equity
            for at in highest_of(self._track, sums, begin, bar, highest, best):
                best = max(best, self._worth(at))
            self._owned = Owned(replace(book, highest_equity=best), rested)
        return bar

    def _wakes(self, name: str) -> list[Wakes]:
        market, portfolios = self._markets[name], self._owned.portfolios
        nowhen = Minute(0, market.interval_ms, {})
        now = context_of(self._accounts[name], portfolios, self._owner, self._brokers[name], self._policy, nowhen)
        return wakes(portfolios[name], now, self._parts)

    def _worth(self, bar: int) -> Decimal:
        """Return the equity of all at the closes of a bar."""
        return sum(
            (
                equity(portfolio, self._markets[name].closes(portfolio.holdings, bar))
                for name, portfolio in self._owned.portfolios.items()
            ),
            Decimal(0),
        )

    def _act(self, bar: int, *, whole: bool) -> None:
        """Run the live step of all on a bar; whoever has none then has no minute, and hears of limits nonetheless."""
        portfolios: dict[str, Portfolio] = dict(self._owned.portfolios)
        minutes: dict[str, Minute] = {}
        for name, market in self._markets.items():
            # The others' limits and the day's beginning look at what it was worth before this bar.
            portfolios[name], minute = seen(market, portfolios[name], bar, whole=whole, marked=True)
            if market.present[:, bar].any():
                minutes[name] = minute
        owned, told = trade_together(
            Owned(self._owned.book, portfolios), minutes, self._owner, self._brokers, self._policy
        )
        after = {name: archived(each, self._archives[name]) for name, each in owned.portfolios.items()}
        self._owned = self._found.owned = Owned(owned.book, after)
        self._found.awake += 1
        for name, outcome in self._found.outcomes.items():
            self._take_down(outcome, bar, after[name], told[name], has_minute=name in minutes)

    def _take_down(
        self, outcome: Outcome, bar: int, portfolio: Portfolio, told: list[Message], *, has_minute: bool
    ) -> None:
        """Take down what happened to an account, by the bars that it has itself."""
        at = int(outcome.market.starts_ms.searchsorted(self._any.starts_ms[bar]))
        if has_minute:
            outcome.add(at, portfolio, told)
            return
        outcome.messages += told
        outcome.portfolio = portfolio
        if not outcome.standings or not outcome.standings[-1].is_of(portfolio):
            outcome.standings.append(Standing.of(at, portfolio))
