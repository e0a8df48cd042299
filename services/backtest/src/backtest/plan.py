"""A backtest from bars to outcomes: each account with its strategies, over one stretch of time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backtest.bars import Bars
from backtest.decided import Decided
from backtest.engine import Outcome, run
from backtest.history import History
from backtest.market import Market, market_of
from backtest.strategies_of import Chosen
from backtest.together import run_together
from contracts.errors import BadInputError
from contracts.owner import OwnerSettings, owners_of
from contracts.timestamps import iso_utc_ms
from execution.core.broker import Broker
from execution.core.policy import Policy


@dataclass(frozen=True)
class Terms:
    """What holds for all accounts.

    Attributes
    ----------
    broker, policy
        What orders cost, and how time and risk are judged.
    expiry_seconds
        For how long an entry may wait for a trade.
    from_ms, to_ms
        Only bars that begin in ``from_ms <= time < to_ms`` are traded; what came before warms up. None is open.
    owners
        Limits of owners whom accounts name; without any they are the usual ones.
    """

    broker: Broker
    policy: Policy
    expiry_seconds: int = 300
    from_ms: int | None = None
    to_ms: int | None = None
    owners: tuple[OwnerSettings, ...] = ()


def outcomes_of(history: History, accounts: Iterable[Chosen], terms: Terms) -> list[Outcome]:
    """Run accounts over a history.

    Parameters
    ----------
    history
        Bars of all pairs that they trade.
    accounts
        Each with its strategies; none sees another, but those of an owner, whose limits hold over all of them.
    terms
        What holds for all of them.

    Returns
    -------
    list[Outcome]
        One for each, in the same order.

    Raises
    ------
    BadInputError
        If an account trades a pair that the history does not have, or no bar is left to trade on.
    """
    every = [(each.account, _market(history, each, terms)) for each in accounts]
    markets = {account.name: market for account, market in every}
    found = {
        account.name: run(markets[account.name], terms.broker, terms.policy)
        for account, _ in every
        if account.owner is None
    }
    for owner in owners_of([account for account, _ in every], terms.owners).values():
        brokers = dict.fromkeys(markets, terms.broker)
        own = [markets[each.name] for each in owner.accounts]
        found |= run_together(own, owner, brokers, terms.policy).outcomes
    return [found[account.name] for account, _ in every]


def _market(history: History, each: Chosen, terms: Terms) -> Market:
    decided = {pair: _decided(history, pair, each, terms) for pair in each.account.pairs}
    return market_of(each.account, decided, terms.policy)


def bars_within(history: History, pair: str, account: str, terms: Terms) -> tuple[Bars, int, int]:
    """Return the bars of a pair, and which of them are traded.

    Returns
    -------
    tuple[Bars, int, int]
        All that the history has, the first that is traded, and the first after that which is not.

    Raises
    ------
    BadInputError
        If the history does not have the pair, or no bar of it in the range.
    """
    if pair not in history.pairs:
        raise BadInputError(f"{account}.pairs", f"pairs of {', '.join(history.pairs)}", pair)
    bars = history.pairs[pair]
    first, last = _bounds(bars.starts_ms, terms)
    if first >= last:
        there = " to ".join(iso_utc_ms(int(bars.starts_ms[place])) for place in (0, -1))
        raise BadInputError("--from, --to", f"a range with bars of {pair}, which go from {there}", "none in it")
    return bars, first, last


def _decided(history: History, pair: str, each: Chosen, terms: Terms) -> Decided:
    bars, first, last = bars_within(history, pair, each.account.name, terms)
    # Decided on all that came before, too: a strategy is warm where its history allows it.
    return each.decided(bars[:last], terms.expiry_seconds)[first:]


def _bounds(starts_ms: NDArray[np.int64], terms: Terms) -> tuple[int, int]:
    first = 0 if terms.from_ms is None else int(np.searchsorted(starts_ms, terms.from_ms))
    last = len(starts_ms) if terms.to_ms is None else int(np.searchsorted(starts_ms, terms.to_ms))
    return first, last


def asked_of(accounts: Iterable[Chosen], interval_s: int) -> Mapping[str, None]:
    """Return what all strategies together want to come with bars, each name once.

    Returns
    -------
    Mapping[str, None]
        Features and predictions, as `features.given` names them.
    """
    every = (strategy for each in accounts for strategy in each.strategies)
    return dict.fromkeys(name for each in every for name in each.formulas(interval_s).given)
