"""An account's strategy, found by its name or read from its file."""

from __future__ import annotations

import math

from contracts.account import Account
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


def decider_of(account: Account, interval_s: int = 60) -> Decider:
    """Return an account with its strategy.

    Parameters
    ----------
    account
        Says which strategy, with which parameters.
    interval_s
        Length of the bars it decides on, seconds.

    Raises
    ------
    BadInputError
        If there is no such strategy, or its file or parameters are wrong.
    """
    file = file_of_account(account)
    try:
        strategy = made_for(account, file)
        formulas = formulas_of(strategy, interval_s)
        _try_out(strategy, interval_s)
    except TradestreamError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a user's file does is told in words
        raise BadInputError(
            at_line(error, file.path), "a strategy that says what to hold", described(error)
        ) from None
    followed = Followed(
        file.name,
        file.hash_of(strategy),
        strategy,
        formulas.asked,
        waits=bool(formulas.models),
        warm_up_bars=formulas.warm_up_bars,
        kept_bars=Stream(strategy, interval_s).kept_bars,
        undecided=undecided_of(account),
    )
    return Decider(account, followed)


def _try_out(strategy: Strategy, interval_s: int) -> None:
    """Ask once: a target that is none is better refused now than with each row."""
    for said in _TRIED:
        stream = Stream(strategy, interval_s)
        stream.push(0, _TRIED_BAR, [said] * len(stream.given))
        as_json(strategy, stream.state)
