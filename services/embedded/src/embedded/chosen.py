"""What follows from what a person chose and from the environment: accounts, costs, pairs, bars, all of it checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from candles.settings import CandlesSettings
from contracts.account import Account
from contracts.currency import DEFAULT_BALANCES, in_words, quote_currency
from contracts.errors import BadInputError, BadSettingError
from contracts.units import MS_PER_SECOND, decimal_string, parse_decimal
from contracts.validation_errors import expectation
from embedded.accounts_file import read_accounts, read_owners
from embedded.bars import candle_intervals, parse_interval
from embedded.choices import Choices
from exchanges.paper import PaperBroker
from execution.core.owners.books import BooksOfOwner
from execution.settings import ExecutionSettings
from predictions.settings import PredictionsSettings
from signals.settings import SignalsSettings
from streaming.settings import environment_of, environment_variable, read_settings
from trades.settings import TradesSettings
from training.settings import TrainingSettings

_VARIABLE = environment_variable(ExecutionSettings, "accounts")


@dataclass(frozen=True)
class Chosen:
    """What follows from the options and the environment.

    Parameters
    ----------
    accounts
        At least one; each in one currency.
    pairs
        What streams.
    interval_s, horizon_bars
        Of the bars that are predicted.
    settings
        By environment variable, for every service.
    notes
        What a person should know of it.
    """

    accounts: tuple[Account, ...]
    pairs: tuple[str, ...]
    interval_s: int
    horizon_bars: int
    settings: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def currencies(self) -> dict[str, str]:
        """Account -> the currency of its amounts."""
        return {account.name: account.currency for account in self.accounts}

    def owner_books(self, environment: Mapping[str, str]) -> dict[str, BooksOfOwner]:
        """Return what adds up the books of all accounts of each owner, under the settings of a run."""
        accounts = environment_of(ExecutionSettings, accounts=self.accounts)
        told = read_settings(ExecutionSettings, {**environment, **self.settings, **accounts})
        return {
            name: BooksOfOwner(owner, told.policy.day_timezone, self.interval_s * MS_PER_SECOND)
            for name, owner in told.configured_owners.items()
        }


def choose(
    choices: Choices,
    environment: Mapping[str, str],
    *,
    name: str,
    pairs: Sequence[str],
    streams: Sequence[str] | None = None,
) -> Chosen:
    """Return what follows from `choices`.

    Parameters
    ----------
    environment
        Variables that the services will see beside what is chosen here.
    name
        Of the account that there is where no accounts are given.
    pairs
        What streams unless told otherwise.
    streams
        What streams in any case: an account can trade nothing else.

    Raises
    ------
    BadInputError, SettingsError
        If an option or a variable is wrong, or they do not fit together.
    """
    if streams is None and environment.get(environment_variable(TradesSettings, "pairs")):
        pairs = read_settings(TradesSettings, environment).pairs
    accounts = _accounts(choices, environment, name, pairs)
    settings = {**_costs(choices), **_bars(choices, environment), **_owners(choices)}
    seen = {**environment, **settings}
    traded = dict.fromkeys(pair for account in accounts for pair in account.pairs)
    streaming = tuple(streams or choices.pairs or traded)
    for account in accounts:
        if streams and (strangers := [pair for pair in account.pairs if pair not in streaming]):
            where = "--pairs" if len(accounts) == 1 and choices.accounts is None else f"accounts: {account.name}"
            raise BadInputError(where, f"pairs that are there, {', '.join(streaming)}", ", ".join(strangers))
        if strangers := [pair for pair in account.pairs if pair not in streaming]:
            expected = f"the pairs of every account among them; {account.name} trades {', '.join(strangers)}"
            raise BadInputError("--pairs", expected, ", ".join(streaming))
    return Chosen(
        accounts,
        streaming,
        read_settings(PredictionsSettings, seen).interval_s,
        _horizon_bars(seen),
        settings,
        tuple(_notes(choices, accounts)),
    )


def _owners(choices: Choices) -> dict[str, str]:
    owners = () if choices.accounts is None else read_owners(choices.accounts)
    return environment_of(ExecutionSettings, owners=owners) if owners else {}


def _horizon_bars(environment: Mapping[str, str]) -> int:
    """Wrong costs are complained of where execution's are, together with everything else that is wrong."""
    own = environment_variable(TrainingSettings, "horizon_bars").partition("_")[0]
    return read_settings(
        TrainingSettings, {name: value for name, value in environment.items() if name.startswith(own)}
    ).horizon_bars


def _accounts(
    choices: Choices, environment: Mapping[str, str], name: str, pairs: Sequence[str]
) -> tuple[Account, ...]:
    given: tuple[Account, ...] = ()
    if choices.accounts is not None:
        given = read_accounts(choices.accounts)
    elif environment.get(_VARIABLE):
        given = read_settings(ExecutionSettings, environment).accounts
    if given and choices.balance is not None:
        where = "--accounts" if choices.accounts is not None else _VARIABLE
        raise BadInputError("--balance", f"none beside {where}, whose accounts each have their own", choices.balance)
    return given or (_account(name, choices.pairs or pairs, choices.balance),)


def _account(name: str, pairs: Sequence[str], balance: str | None) -> Account:
    if len({quote_currency(pair) for pair in pairs}) > 1:
        expected = (
            f"pairs quoted in one currency for one account (--accounts takes several accounts), not {in_words(pairs)}"
        )
        raise BadInputError("--pairs", expected, ",".join(pairs))
    if balance is None:
        return Account(name=name, pairs=tuple(pairs))
    amount = parse_decimal(balance, "--balance")
    try:
        return Account(name=name, pairs=tuple(pairs), initial_balance_quote=amount)
    except ValidationError as error:
        first: Any = error.errors(include_url=False)[0]
        raise BadInputError(
            "--balance", f"an amount of {quote_currency(pairs[0])} {expectation(first)}", balance
        ) from error


def _costs(choices: Choices) -> dict[str, str]:
    if choices.fee_bps is None:
        return {}
    fee = parse_decimal(choices.fee_bps, "--fee-bps")
    try:
        PaperBroker(fee_bps=fee)
    except BadSettingError as error:
        raise BadInputError("--fee-bps", error.expected, choices.fee_bps) from error
    return environment_of(ExecutionSettings, fee_bps=fee)


def _bars(choices: Choices, environment: Mapping[str, str]) -> dict[str, str]:
    settings: dict[str, str] = {}
    if choices.horizon_bars is not None:
        settings |= environment_of(TrainingSettings, horizon_bars=choices.horizon_bars)
    if choices.interval is not None:
        seconds = parse_interval(choices.interval, "--interval")
        wanted = candle_intervals(seconds, read_settings(CandlesSettings, environment).intervals_s)
        settings |= environment_of(PredictionsSettings, interval_s=seconds)
        settings |= environment_of(SignalsSettings, interval_s=seconds)
        settings |= environment_of(CandlesSettings, intervals_s=",".join(map(str, wanted)))
    return settings


def _notes(choices: Choices, accounts: Sequence[Account]) -> list[str]:
    """Say of a currency whose size nobody here knows that its default is a guess."""
    return [
        f"Account {account.name} begins with {decimal_string(account.initial_balance_quote)} {account.currency}; "
        f"how much that is worth is not known here, so set a balance of your own."
        for account in accounts
        if account.currency not in DEFAULT_BALANCES and "initial_balance_quote" not in account.model_fields_set
    ]
