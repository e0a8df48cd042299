"""The strategy that an account names, with its parameters: one answer for the live run and a backtest of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from contracts.account_strategy import PREDICTION, AccountStrategy
from contracts.errors import BadInputError
from contracts.nearest import did_you_mean
from contracts.signal import SignalReason
from strategies.built_in import STRATEGIES
from strategies.loading import StrategyFile, from_source, load
from strategies.strategy import Strategy

#: What the strategy of predictions may take from the account.
_FLOOR: Final = "minimum_confidence"
#: What decides where no version of a file was good yet: nothing.
REFUSED: Final = """from strategies import Strategy, unknown


class Refused(Strategy):
    def target(self):
        return unknown
"""


def file_of(strategy: str, field: str, names: str = f"one of {', '.join(STRATEGIES)}") -> StrategyFile:
    """Return the file of a strategy that is named, or given as a path.

    Parameters
    ----------
    strategy
        A name of one that comes along, or a path that ends in .py.
    field, names
        What is complained of, and which names the complaint offers.

    Returns
    -------
    StrategyFile
        With its one class.

    Raises
    ------
    BadInputError
        If there is none.
    """
    if strategy.endswith(".py"):
        return load(Path(strategy))
    if strategy not in STRATEGIES:
        expected = f"{names}, or a path ending in .py{did_you_mean(strategy, STRATEGIES)}"
        raise BadInputError(field, expected, strategy)
    return STRATEGIES[strategy]


def file_of_account(account: str, told: AccountStrategy) -> StrategyFile:
    """Return the file of a strategy that an account follows.

    Parameters
    ----------
    account
        Its name, for complaints.
    told
        Which strategy.

    Returns
    -------
    StrategyFile
        With its one class.

    Raises
    ------
    BadInputError
        If there is none.
    """
    if told.source is not None:
        return from_source(Path(told.strategy), told.source)
    return file_of(told.strategy, f"{account}.strategy", PREDICTION)


def made_for(told: AccountStrategy, file: StrategyFile) -> Strategy:
    """Return an account's strategy with the account's parameters.

    Parameters
    ----------
    told
        What the account says of it (`contracts.account.Account.deciding`).
    file
        Its file.

    Returns
    -------
    Strategy
        Ready to run.
    """
    given: dict[str, object] = {} if told.source == REFUSED else dict(told.parameters)
    if told.strategy == PREDICTION and told.minimum_confidence is not None:
        given.setdefault(_FLOOR, told.minimum_confidence)
    return file.made(given)


def undecided_of(told: AccountStrategy) -> SignalReason:
    """Return the reason to give where everything is known and the account's strategy decides nothing.

    Returns
    -------
    SignalReason
        Of the strategy of predictions, that the model is not sure enough; of a file that is not loaded, just that.
    """
    if told.source == REFUSED:
        return "refused"
    return "below_confidence" if told.strategy == PREDICTION else "undecided"


def with_parameters(told: AccountStrategy, parameters: Mapping[str, int | float]) -> AccountStrategy:
    """Return a strategy of an account with other parameters.

    Parameters
    ----------
    told
        As the account has it (`contracts.account.Account.deciding`).
    parameters
        Other ones; what they do not name stays.

    Returns
    -------
    AccountStrategy
        For the same pairs.
    """
    return told.model_copy(update={"parameters": {**told.parameters, **parameters}})
