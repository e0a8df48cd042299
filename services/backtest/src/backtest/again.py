"""A run's accounts traded again over what it published: its candles, features, predictions and operators' words."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from backtest.changed import decided_in_run, known_of
from backtest.decided import Decided
from backtest.engine import Outcome, Word, run
from backtest.history import History
from backtest.market import Market, market_of
from backtest.plan import asked_of
from backtest.run_folders import bars_of_run
from backtest.said import Said
from backtest.strategies_of import Chosen, Deciding, chosen
from backtest.together import on_one_clock, run_together
from contracts.account import Account
from contracts.errors import BadInputError
from contracts.operator_command import OperatorCommand
from contracts.owner import Owner
from contracts.strategy_check import StrategyCheck
from contracts.strategy_setting import StrategySetting
from exchanges.paper import PaperBroker
from execution.core.broker import Broker
from execution.core.policy import Policy
from results.report.data import load_table


@dataclass(frozen=True)
class RunTerms:
    """What the run's services were told.

    Attributes
    ----------
    accounts
        Who traded.
    broker, policy
        What orders cost on paper, and how time and risk were judged.
    expiry_seconds
        For how long an entry could wait.
    interval_s
        Of the candles that were traded on.
    said
        By account, what operators and its venue said to it; of accounts of an owner, by him, what all were told.
    changes
        What operators set of strategies meanwhile.
    tests
        Which of the accounts are of forward tests: they began without bars, with the first window they were told of.
    venues
        By account that was at a venue, the broker that stands for it.
    checks
        Verdicts on files of strategies, in order.
    owners
        Whose limits held over several of the accounts, by name.
    """

    accounts: tuple[Account, ...]
    broker: PaperBroker
    policy: Policy
    expiry_seconds: int
    interval_s: int
    said: Mapping[str, Sequence[Said]] = field(default_factory=dict)
    changes: Sequence[StrategySetting] = ()
    venues: Mapping[str, Broker] = field(default_factory=dict)
    tests: frozenset[str] = frozenset()
    checks: Sequence[StrategyCheck] = ()
    owners: Mapping[str, Owner] = field(default_factory=dict)

    def checks_of(self, account: Account) -> Sequence[StrategyCheck]:
        """Return the verdicts on files that concern an account: a forward test has its text from its beginning.

        Returns
        -------
        Sequence[StrategyCheck]
            In the order in which they were made.
        """
        return () if account.name in self.tests else self.checks


@dataclass(frozen=True)
class Again:
    """An account of a run, with what it was told there, ready to trade as often as one likes.

    Attributes
    ----------
    account
        As it was.
    decided
        By pair, what its strategy says on each bar.
    said
        What operators and its venue said to it.
    terms
        Of the run.
    beside
        All accounts of its owner, itself too: they are traded together.
    """

    account: Account
    decided: Mapping[str, Decided]
    said: Sequence[Said]
    terms: RunTerms
    beside: tuple[Again, ...] = ()

    @property
    def is_at_venue(self) -> bool:
        """Whether its fills came from a venue."""
        return self.account.name in self.terms.venues

    @property
    def broker(self) -> Broker:
        """What it traded with."""
        return self.terms.venues.get(self.account.name, self.terms.broker)

    def market(self, account: Account | None = None) -> Market:
        """Return its bars, and what was decided on them.

        Returns
        -------
        Market
            From the first window that the run has a signal of to the last that all pairs have.
        """
        return market_of(account or self.account, self.decided, self.terms.policy)

    def outcome(self, account: Account | None = None, broker: Broker | None = None) -> Outcome:
        """Trade, at a venue with what that reported; beside the other accounts of its owner, as they were.

        Parameters
        ----------
        account
            Another one: the same but for its limits and sizes.
        broker
            Another one, which answers by itself: nothing that a venue reported is heard.

        Returns
        -------
        Outcome
            From the first window that the run has a signal of to the last that all pairs have.
        """
        chosen = account or self.account
        if chosen.owner is not None:
            told = {} if broker is None else {chosen.name: broker}
            return _together(self.beside, {chosen.name: chosen}, self.terms.owners[chosen.owner], told)[chosen.name]
        market = self.market(account)
        words = _words(self.said, market.starts_ms, () if broker is None else (chosen.name,))
        return run(market, broker or self.broker, self.terms.policy, words=words)


def outcomes_of_run(
    accounts: Sequence[Again],
    changed: Mapping[str, Account] | None = None,
    owners: Mapping[str, Owner] | None = None,
) -> list[Outcome]:
    """Trade accounts of a run again, those of an owner together.

    Parameters
    ----------
    accounts
        All of the run.
    changed
        By name, those that are other ones: the same but for their limits and sizes.
    owners
        By name, those whose limits are other ones.

    Returns
    -------
    list[Outcome]
        One for each, in the same order.
    """
    others, found = changed or {}, {}
    for each in accounts:
        name = each.account.name
        if each.account.owner is None:
            found[name] = each.outcome(others.get(name))
        elif name not in found:
            owner = (owners or {}).get(each.account.owner, each.terms.owners[each.account.owner])
            found |= _together(each.beside, others, owner, {})
    return [found[each.account.name] for each in accounts]


def _together(
    accounts: Sequence[Again], changed: Mapping[str, Account], owner: Owner, brokers: Mapping[str, Broker]
) -> Mapping[str, Outcome]:
    """Trade all accounts of an owner; of those that are given a broker nothing is heard that a venue reported."""
    terms = accounts[0].terms
    markets = [each.market(changed.get(each.account.name)) for each in accounts]
    clock = on_one_clock(markets, terms.policy)[0].starts_ms
    words = _words(terms.said.get(owner.name, ()), clock, brokers)
    who = owner.model_copy(update={"accounts": tuple(each.account for each in markets)})
    by = {each.account.name: each.broker for each in accounts} | dict(brokers)
    return run_together(markets, who, by, terms.policy, words=words).outcomes


def _words(said: Sequence[Said], starts: NDArray[np.int64], silent: Collection[str]) -> list[Word]:
    """Return what was said by the bar that it came after; to silent accounts no venue has reported."""
    return [
        (-1 if acted_ms is None else int(starts.searchsorted(acted_ms)), word)
        for acted_ms, word in said
        # What was said after the last bar was said to an account that had more of them.
        if acted_ms is None or acted_ms <= starts[-1]
        if word.account not in silent or isinstance(word, OperatorCommand)
    ]


def again(folder: Path, terms: RunTerms) -> list[Again]:
    """Return the accounts of a run over its candles.

    Parameters
    ----------
    folder
        Of the run, with its exported tables.
    terms
        What its services were told.

    Returns
    -------
    list[Again]
        One for each account.

    Raises
    ------
    BadInputError
        If the run has no signals of one of its accounts.
    """
    signals = load_table(folder, "signals")
    signals = signals.filter(pl.col("interval_s") == terms.interval_s)
    told = {(account, pair) for account, pair in signals.select("account", "pair").unique().iter_rows()}
    # A test that was told of no candle of one of its pairs has not traded.
    traded = [
        of for of in terms.accounts if of.name not in terms.tests or all((of.name, p) in told for p in of.pairs)
    ]
    accounts = [chosen(account) for account in traded]
    pairs = sorted({pair for account in traded for pair in account.pairs})
    known = {
        (e.account.name, pair): known_of(e, pair, terms.changes, terms.checks_of(e.account))
        for e in accounts
        for pair in e.account.pairs
    }
    asked = dict.fromkeys(asked_of(accounts, terms.interval_s))
    asked |= dict.fromkeys(
        n for of in known.values() for d in of.values() for n in d.formulas(terms.interval_s).given
    )
    history = bars_of_run(folder, terms.interval_s, pairs, asked)
    spans = {each.account.name: _spans(each.account, signals) for each in accounts}
    ends = {each.account.name: _last_ms(each.account, accounts, spans) for each in accounts}
    found = [_again(history, each, known, signals, terms, (spans, ends[each.account.name])) for each in accounts]
    return [
        replace(each, beside=tuple(o for o in found if o.account.owner == each.account.owner))
        if each.account.owner is not None
        else each
        for each in found
    ]


#: By pair, the first and the last window that there is a signal of.
_Spans = Mapping[str, tuple[int, int]]


def _spans(account: Account, signals: pl.DataFrame) -> _Spans:
    own = signals.filter(pl.col("account") == account.name)
    spans = {
        str(pair): (int(first), int(last))
        for pair, first, last in own.group_by("pair")
        .agg(first=pl.col("window_start_ms").min(), last=pl.col("window_start_ms").max())
        .iter_rows()
    }
    if missing := [pair for pair in account.pairs if pair not in spans]:
        raise BadInputError("--of", f"signals of {account.name} for all its pairs", f"none of {missing[0]}")
    return spans


def _last_ms(account: Account, accounts: Iterable[Chosen], spans: Mapping[str, _Spans]) -> int:
    """Return the last window that was acted on: that all its pairs have, and those of its owner's other accounts."""
    line = [
        each.account.name
        for each in accounts
        if each.account == account or (account.owner is not None and each.account.owner == account.owner)
    ]
    return min(last for name in line for _, last in spans[name].values())


def _again(
    history: History,
    each: Chosen,
    known: Mapping[tuple[str, str], Mapping[str, Deciding]],
    signals: pl.DataFrame,
    terms: RunTerms,
    span: tuple[Mapping[str, _Spans], int],
) -> Again:
    spans, last_ms = span[0][each.account.name], span[1]
    # Those that have seen all history: a test begins without any, unless it follows what another account does.
    own_hashes = {
        pair: {next(iter(of)) for (name, other), of in known.items() if other == pair and name not in terms.tests}
        for pair in spans
    }
    every = {
        pair: decided_in_run(
            history,
            each,
            pair,
            known[each.account.name, pair],
            signals,
            own_hashes[pair],
            terms.expiry_seconds,
            is_test=each.account.name in terms.tests,
        )
        for pair in each.account.pairs
    }
    decided = {pair: _between(of, spans[pair][0], last_ms) for pair, of in every.items()}
    return Again(each.account, decided, terms.said.get(each.account.name, ()), terms)


def _between(decided: Decided, first_ms: int, last_ms: int) -> Decided:
    starts = decided.bars.starts_ms
    return decided[int(starts.searchsorted(first_ms)) : int(starts.searchsorted(last_ms, side="right"))]
