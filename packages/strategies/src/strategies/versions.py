"""The versions of an account's file that were loaded, one after another: one answer for `signals` and a backtest."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from contracts.account import Account
from contracts.account_strategy import AccountStrategy
from contracts.strategy_check import StrategyCheck
from strategies.of_account import REFUSED


@dataclass(frozen=True)
class Version:
    """A text of a file that decides from a moment on.

    Attributes
    ----------
    check_id, at_ms
        Which check has let it in, and when that was.
    told
        The account's strategy with that text; with `strategies.of_account.REFUSED` where no version was good yet.
    """

    check_id: str
    at_ms: int
    told: AccountStrategy


def file_hash(source: str) -> str:
    """Return a hash of a file's text.

    Parameters
    ----------
    source
        What it says.

    Returns
    -------
    str
        Twelve hexadecimal digits.
    """
    return hashlib.sha256(source.encode()).hexdigest()[:12]


def is_own_file(told: AccountStrategy) -> bool:
    """Return whether a strategy is read from a file of the user's.

    Parameters
    ----------
    told
        As an account has it.

    Returns
    -------
    bool
        False of one that comes along, or whose text came with the account.
    """
    return told.source is None and told.strategy.endswith(".py")


def versions_of(told: AccountStrategy, checks: Iterable[StrategyCheck]) -> list[Version]:
    """Return what has decided for an account that follows a file, in order.

    Parameters
    ----------
    told
        As the account has it.
    checks
        Of any files, in the order in which they were made.

    Returns
    -------
    list[Version]
        Empty where nothing was loaded, as of strategies that come along: then it is what the account says.
    """
    found: list[Version] = []
    if not is_own_file(told):
        return found
    for check in (each for each in checks if each.loads and each.file == told.strategy):
        source = check.source if check.passed else REFUSED
        if not found or (check.passed and found[-1].told.source != source):
            version = told.model_copy(update={"source": source})
            found.append(Version(check.check_id, check.checked_at_ms, version))
    return found


def begun_with(account: Account, checks: Iterable[StrategyCheck]) -> Account:
    """Return an account with the first version of each of its files.

    Parameters
    ----------
    account
        As it is configured.
    checks
        As `versions_of` has them.

    Returns
    -------
    Account
        The same one where nothing of it was loaded.
    """
    known = list(checks)
    every = [(told, versions_of(told, known)) for told in account.deciding]
    if not any(versions for _, versions in every):
        return account
    tables = tuple(versions[0].told if versions else told for told, versions in every)
    return account.model_copy(update={"strategies": tables})


def in_force(told: AccountStrategy, checks: Iterable[StrategyCheck]) -> AccountStrategy:
    """Return what decides now for an account that follows a file.

    Parameters
    ----------
    told
        As the account has it.
    checks
        As `versions_of` has them.

    Returns
    -------
    AccountStrategy
        With the text of the last good version.
    """
    versions = versions_of(told, checks)
    return versions[-1].told if versions else told
