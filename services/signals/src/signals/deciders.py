"""An account's strategies, found by their names or read from their files."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

from contracts.account import Account
from contracts.account_strategy import AccountStrategy
from contracts.errors import BadInputError, TradestreamError
from features.bars import Bar
from signals.core.followed import Decider, Followed
from strategies.formulas import formulas_of
from strategies.loading import at_line, described
from strategies.of_account import file_of_account, made_for, undecided_of
from strategies.running import Stream, as_json
from strategies.strategy import Strategy

#: What a strategy is tried on before it is asked anything: what a model may say, and a candle.
_TRIED = (0.0, 0.5, 1.0, math.nan)
_TRIED_BAR = Bar(100.0, 103.0, 99.0, 102.0, volume=3.0, trade_count=5.0, taker_buy_volume=1.0)


def deciders_of(account: Account, interval_s: int = 60) -> tuple[Decider, ...]:
    """Return an account with each of its strategies.

    Parameters
    ----------
    account
        Says which strategies, with which parameters, for which pairs.
    interval_s
        Length of the bars they decide on, seconds.

    Returns
    -------
    tuple[Decider, ...]
        One for each strategy of the account.

    Raises
    ------
    BadInputError
        If there is no such strategy, or its file or parameters are wrong.
    """
    every = [(followed_of(account.name, each, interval_s), each.pairs) for each in account.deciding]
    # It acts on a minute once all its pairs have delivered it: they begin together, or one waits for the others.
    begins_with_rows = any(not followed.waits for followed, _ in every)
    return tuple(Decider(account, followed, pairs, begins_with_rows) for followed, pairs in every)


def begun_together(deciders: Iterable[Decider]) -> tuple[Decider, ...]:
    """Return who decides; of an owner all accounts begin with rows where one of them does.

    His minute is due when each account has its own, so that one that waits for its first prediction holds up all.

    Parameters
    ----------
    deciders
        Of all accounts.

    Returns
    -------
    tuple[Decider, ...]
        In the same order.
    """
    every = tuple(deciders)
    with_rows = {each.account.owner for each in every if each.begins_with_rows} - {None}
    return tuple(replace(each, begins_with_rows=True) if each.account.owner in with_rows else each for each in every)


def followed_of(account: str, told: AccountStrategy, interval_s: int = 60) -> Followed:
    """Return a strategy as an account follows it.

    Parameters
    ----------
    account
        Its name, for complaints.
    told
        Which strategy, with which parameters.
    interval_s
        Length of the bars it decides on, seconds.

    Returns
    -------
    Followed
        Ready to be asked.

    Raises
    ------
    BadInputError
        If there is no such strategy, or its file or parameters are wrong.
    """
    file = file_of_account(account, told)
    try:
        strategy = made_for(told, file)
        formulas = formulas_of(strategy, interval_s)
        _try_out(strategy, interval_s)
    except TradestreamError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a user's file does is told in words
        raise BadInputError(
            at_line(error, file.path), "a strategy that says what to hold", described(error)
        ) from None
    return Followed(
        file.name,
        file.hash_of(strategy),
        strategy,
        formulas.asked,
        waits=bool(formulas.models),
        warm_up_bars=formulas.warm_up_bars,
        kept_bars=Stream(strategy, interval_s).kept_bars,
        undecided=undecided_of(told),
    )


def _try_out(strategy: Strategy, interval_s: int) -> None:
    """Ask once: a target that is none is better refused now than with each row."""
    for said in _TRIED:
        stream = Stream(strategy, interval_s)
        stream.push(0, _TRIED_BAR, [said] * len(stream.given))
        as_json(strategy, stream.state)
