"""An account's strategies by their names or files, and what they say of a history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from backtest.bars import Bars
from backtest.decided import Decided, decide
from contracts.account import Account
from contracts.account_strategy import AccountStrategy
from contracts.errors import BadInputError
from contracts.strategy_setting import Switch
from features import FEATURES
from features.batch import compute
from features.blocks import Floats
from strategies.formulas import Formulas, formulas_of
from strategies.loading import StrategyFile
from strategies.of_account import file_of_account, made_for, undecided_of
from strategies.strategy import Strategy


@dataclass(frozen=True)
class Deciding:
    """A strategy that decides for some pairs of an account.

    Parameters
    ----------
    account
        The account's name, for complaints.
    told
        What the account says of it.
    file, strategy
        From where, with its parameters.
    switch
        Whether operators let it decide.
    """

    account: str
    told: AccountStrategy
    file: StrategyFile
    strategy: Strategy
    switch: Switch = "on"

    @property
    def hash(self) -> str:
        """Of its file and its parameters."""
        return self.file.hash_of(self.strategy)

    def formulas(self, interval_s: int) -> Formulas:
        """Return what is computed for it on bars of a length.

        Returns
        -------
        Formulas
            With the features and models it asks for.
        """
        return formulas_of(self.strategy, interval_s)

    def decided(self, bars: Bars, expiry_seconds: int) -> Decided:
        """Return what it says of a history, of which features that did not come along are computed.

        Returns
        -------
        Decided
            One target for each bar.

        Raises
        ------
        BadInputError
            If it takes predictions and none came with the bars.
        """
        known = self.known(bars)
        if not self.formulas(bars.interval_s).models:  # its signals copy nothing of what a model said for others
            known = replace(known, said={})
        found = decide(self.strategy, self.file.name, self.hash, known, expiry_seconds)
        return replace(found, undecided=undecided_of(self.told)).switched(self.switch)

    def known(self, bars: Bars) -> Bars:
        """Return bars with all that it asks for; features that did not come along are computed.

        Returns
        -------
        Bars
            The same ones.

        Raises
        ------
        BadInputError
            If it takes predictions and none came with the bars.
        """
        asked = self.formulas(bars.interval_s)
        if missing := [name for name in asked.given if "." in name and name not in bars.given]:
            expected = "a strategy of bars and features; predictions come with a run (--run) or a model (--models)"
            came = f"{self.file.name}, which takes {missing[0]}"
            raise BadInputError(f"{self.account}.strategy", expected, came)
        lacking = [name for name in asked.asked if name not in bars.given]
        return bars.with_given(features_of(bars, lacking)) if lacking else bars


@dataclass(frozen=True)
class Chosen:
    """An account with its strategies.

    Parameters
    ----------
    account
        Whose.
    strategies
        At least one; each pair of the account is of one.
    """

    account: Account
    strategies: tuple[Deciding, ...]

    @property
    def only(self) -> Deciding:
        """Its strategy, where it has one for all its pairs."""
        [each] = self.strategies
        return each

    def of(self, pair: str) -> Deciding:
        """Return what decides for a pair of the account.

        Returns
        -------
        Deciding
            With its parameters.
        """
        return next(each for each in self.strategies if pair in each.told.pairs)

    def decided(self, bars: Bars, expiry_seconds: int) -> Decided:
        """Return what is said of the history of a pair; see `Deciding.decided`.

        Returns
        -------
        Decided
            One target for each bar.
        """
        return self.of(bars.pair).decided(bars, expiry_seconds)


def chosen(account: Account) -> Chosen:
    """Return an account with the strategies that it names.

    Returns
    -------
    Chosen
        Ready to decide.

    Raises
    ------
    BadInputError
        If there is no such strategy, or its file or parameters are wrong.
    """
    return Chosen(account, tuple(deciding(account.name, each) for each in account.deciding))


def deciding(account: str, told: AccountStrategy) -> Deciding:
    """Return a strategy that an account names.

    Parameters
    ----------
    account
        Its name, for complaints.
    told
        Which strategy, with which parameters.

    Returns
    -------
    Deciding
        Ready to decide.

    Raises
    ------
    BadInputError
        If there is no such strategy, or its file or parameters are wrong.
    """
    file = file_of_account(account, told)
    return Deciding(account, told, file, made_for(told, file))


def features_of(bars: Bars, names: Iterable[str]) -> Mapping[str, Floats]:
    """Return features of the catalogue over bars, whatever came along with them.

    Returns
    -------
    Mapping[str, Floats]
        By name, as a service computes them bar by bar.
    """
    wanted = [each for each in FEATURES if each.name in set(names)]
    return compute(bars.starts_ms, bars.columns, bars.interval_s, wanted)
