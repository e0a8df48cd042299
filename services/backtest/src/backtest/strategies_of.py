"""An account's strategy by its name or file, and what it says of a history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from backtest.bars import Bars
from backtest.decided import Decided, decide
from contracts.account import Account
from contracts.errors import BadInputError
from features import FEATURES
from features.batch import compute
from features.blocks import Floats
from strategies.formulas import Formulas, formulas_of
from strategies.loading import StrategyFile
from strategies.of_account import file_of_account, made_for, undecided_of
from strategies.strategy import Strategy


@dataclass(frozen=True)
class Chosen:
    """An account with its strategy.

    Parameters
    ----------
    account, file, strategy
        Whose, from where, with its parameters.
    """

    account: Account
    file: StrategyFile
    strategy: Strategy

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
        asked = self.formulas(bars.interval_s)
        if missing := [name for name in asked.given if "." in name and name not in bars.given]:
            expected = "a strategy of bars and features; predictions come with the folder of a run (--run)"
            came = f"{self.file.name}, which takes {missing[0]}"
            raise BadInputError(f"{self.account.name}.strategy", expected, came)
        lacking = [name for name in asked.asked if name not in bars.given]
        known = bars.with_given(_features(bars, lacking)) if lacking else bars
        if not asked.models:  # its signals copy nothing of what a model said for other accounts
            known = replace(known, said={})
        found = decide(self.strategy, self.file.name, self.file.hash_of(self.strategy), known, expiry_seconds)
        return replace(found, undecided=undecided_of(self.account))


def chosen(account: Account) -> Chosen:
    """Return an account with the strategy that it names.

    Returns
    -------
    Chosen
        Ready to decide.

    Raises
    ------
    BadInputError
        If there is no such strategy, or its file or parameters are wrong.
    """
    file = file_of_account(account)
    return Chosen(account, file, made_for(account, file))


def _features(bars: Bars, names: Iterable[str]) -> Mapping[str, Floats]:
    wanted = [each for each in FEATURES if each.name in set(names)]
    return compute(bars.starts_ms, bars.columns, bars.interval_s, wanted)
