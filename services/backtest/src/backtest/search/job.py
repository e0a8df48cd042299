"""What all tries of a study share, and one try of it on the engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import numpy as np

from backtest.achieved import BOTH, ENGINE, KERNEL, Achieved, Maker, achieved
from backtest.decided import Decided
from backtest.engine import Outcome, run
from backtest.history import History
from backtest.market import market_of
from backtest.plan import Terms
from backtest.provenance import code_digest, costs_of, digest_of
from backtest.search.in_floats import refusal
from backtest.search.space import Choice, Number
from backtest.strategies_of import Chosen, Deciding, chosen
from contracts.account import Account
from contracts.errors import BadInputError
from modeling.ledger import Attempt
from strategies.exits import Exits
from strategies.loading import StrategyFile
from strategies.of_account import made_for


@dataclass(frozen=True, slots=True)
class Span:
    """Bars that begin in ``from_ms <= time < to_ms``."""

    from_ms: int
    to_ms: int


@dataclass(frozen=True)
class Job:
    """Bars, an account and its strategy: all of a try but its numbers.

    Parameters
    ----------
    history
        Bars of all pairs of the account.
    account, file
        Who trades, and its strategy.
    terms
        Costs, and how risk is judged; its range is not asked here.
    data
        Digest of the history.
    on_engine
        Whether every try is made on the engine; otherwise the kernel makes those it knows.
    """

    history: History
    account: Account
    file: StrategyFile
    terms: Terms
    data: str
    on_engine: bool = False

    @property
    def span(self) -> Span:
        """The bars of all pairs, within the range of the terms.

        Raises
        ------
        BadInputError
            If there are none.
        """
        starts = [self.history.pairs[pair].starts_ms for pair in self.account.pairs]
        first, last = min(int(each[0]) for each in starts), max(int(each[-1]) for each in starts)
        asked = self.terms
        begin = first if asked.from_ms is None else max(first, asked.from_ms)
        end = last + 1 if asked.to_ms is None else min(last + 1, asked.to_ms)
        if begin >= end:
            raise BadInputError("--from, --to", "a range with bars", "none in it")
        return Span(begin, end)

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the models whose predictions the strategy takes."""
        return chosen(self.account).only.formulas(self.history.interval_s).models

    def made(self, choice: Choice) -> Chosen:
        """Return the account with the numbers of a try.

        Returns
        -------
        Chosen
            With its strategy.

        Raises
        ------
        BadInputError
            If the account may not have them.
        """
        numbers = {name: Decimal(str(value)) for name, value in choice.account.items()}
        fields: dict[str, Any] = {**self.account.model_dump(), **numbers, "parameters": dict(choice.strategy)}
        if "position_pct" in numbers:  # what is tried is not to be denied by the usual limit
            fields["max_position_pct"] = max(numbers["position_pct"], Decimal(fields["max_position_pct"]))
        account = Account.model_validate(fields)
        [told] = account.deciding
        return Chosen(account, (Deciding(account.name, told, self.file, made_for(told, self.file)),))

    def decided(self, choice: Choice, until_ms: int | None = None) -> dict[str, Decided]:
        """Return what the strategy of a try says on the bars of each pair.

        Parameters
        ----------
        choice
            The try.
        until_ms
            Only bars that begin before it; by default all.

        Returns
        -------
        dict[str, Decided]
            By pair.
        """
        made = self.made(choice)
        found = {}
        for pair in self.account.pairs:
            bars = self.history.pairs[pair]
            last = len(bars) if until_ms is None else int(np.searchsorted(bars.starts_ms, until_ms))
            said = made.decided(bars[:last], self.terms.expiry_seconds)
            found[pair] = replace(said, exits=exits_of(said.exits, choice.exits))
        return found

    def outcome(self, choice: Choice, span: Span) -> Outcome:
        """Run a try on the engine.

        Parameters
        ----------
        choice, span
            Its numbers, and on which bars.

        Returns
        -------
        Outcome
            What came before the span warms the strategy up.
        """
        decided = {pair: _from(said, span.from_ms) for pair, said in self.decided(choice, span.to_ms).items()}
        return self.traded(self.made(choice).account, decided)

    def traded(self, account: Account, decided: Mapping[str, Decided]) -> Outcome:
        """Run an account over what was decided.

        Returns
        -------
        Outcome
            Of the engine.
        """
        return run(market_of(account, decided, self.terms.policy), self.terms.broker, self.terms.policy)

    def achieved(self, choice: Choice, span: Span) -> Achieved:
        """Return what a try came to.

        Returns
        -------
        Achieved
            After costs.
        """
        return achieved(self.outcome(choice, span))

    def refusal(self, choice: Choice) -> str | None:
        """Return why a try is made on the engine; None if the kernel makes it.

        Returns
        -------
        str | None
            A few words.
        """
        if self.on_engine:
            return "asked for"
        return refusal(self.made(choice).account, self.terms.broker, self.terms.expiry_seconds)

    def makers(self, choice: Choice) -> tuple[Maker, ...]:
        """Return whose results of a try are what making it would give.

        Returns
        -------
        tuple[Maker, ...]
            As `Achieved.by` has them.
        """
        return (KERNEL, BOTH) if self.refusal(choice) is None else (ENGINE, BOTH)

    def attempt(self, choice: Choice, span: Span) -> Attempt:
        """Return a try as the ledger counts it.

        Returns
        -------
        Attempt
            With a key of all that decides what becomes of it.
        """
        made = self.made(choice)
        facts = {
            "strategy": self.file.name,
            "strategy_hash": made.only.hash,
            "choice": choice.as_json(),
            "account": made.account.model_dump(mode="json", exclude={"name", "strategy"}),
            "data": self.data,
            "code": code_digest(),
            **costs_of(self.terms),
        }
        key = digest_of(facts, span.from_ms, span.to_ms)
        interval_s = self.history.interval_s
        return Attempt(key, self.file.name, self.account.pairs, interval_s, span.from_ms, span.to_ms, facts)


def exits_of(own: Mapping[str, Any], chosen: Mapping[str, Number]) -> dict[str, Any]:
    """Return a strategy's exits with those of a try in their place; 0 is none.

    Parameters
    ----------
    own
        As signals have them.
    chosen
        Those of the try.

    Returns
    -------
    dict[str, Any]
        As signals have them.

    Examples
    --------
    >>> exits_of({"stop_pct": 2, "maximum_bars": 9}, {"stop_pct": 0, "target_pct": 1.5})
    {'target_pct': 1.5, 'maximum_bars': 9}
    """
    together = {**own, **chosen}
    return Exits(**{name: value for name, value in together.items() if value}).as_json()


def _from(decided: Decided, from_ms: int) -> Decided:
    begin = int(np.searchsorted(decided.bars.starts_ms, from_ms))
    if begin >= len(decided.bars):
        raise BadInputError("--from, --to", f"a range with bars of {decided.bars.pair}", "none in it")
    return decided[begin:]
