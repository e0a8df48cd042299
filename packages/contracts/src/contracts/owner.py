"""Somebody who has several accounts, and limits over all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from pydantic import ConfigDict, Field, model_validator

from contracts.account import NAME, Account
from contracts.risk_rules import OwnerLimits


class OwnerSettings(OwnerLimits):
    """An owner as services are told of him (setting `TRADESTREAM_OWNERS`, a JSON list): his name and his limits.

    They are an account's, of the sum of his accounts: what they began with, what they are worth, what they hold.

    Attributes
    ----------
    name
        What accounts call him; on `signals` it is the key of all that his accounts are told.
    max_daily_loss_pct, max_total_loss_pct
        What he may lose in a trading day, and since the start, percent of what his accounts began with.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, pattern=NAME)


class Owner(OwnerSettings):
    """An owner with his accounts, by name.

    Attributes
    ----------
    accounts
        At least one, in sorted order; all in one currency.
    """

    accounts: tuple[Account, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _in_one_currency(self) -> Owner:
        if len(currencies := {each.currency for each in self.accounts}) > 1:
            told = ", ".join(f"{each.name} in {each.currency}" for each in self.accounts)
            raise ValueError(
                f"accounts of owner {self.name} in one currency, not in {' and '.join(sorted(currencies))}: {told}"
            )
        return self

    @property
    def currency(self) -> str:
        """What his amounts are in."""
        return self.accounts[0].currency

    @property
    def initial_balance_quote(self) -> Decimal:
        """What his accounts begin with together, quote currency."""
        return sum((each.initial_balance_quote for each in self.accounts), Decimal(0))


class OwnerNameError(ValueError):
    """An owner has a name that cannot be: who reads a file says where it stands there.

    Parameters
    ----------
    text
        The complaint about settings.
    name, expected
        What came, and what would have been accepted.
    of_account
        Whether an account gives the name, and not the owner's own settings.
    """

    def __init__(self, text: str, name: str, expected: str, *, of_account: bool = False) -> None:
        super().__init__(text)
        self.name = name
        self.expected = expected
        self.of_account = of_account


def owners_of(accounts: Iterable[Account], settings: Iterable[OwnerSettings]) -> Mapping[str, Owner]:
    """Return the owners that accounts name, those without settings with the usual limits.

    Parameters
    ----------
    accounts
        All that there are.
    settings
        Limits by owner.

    Returns
    -------
    Mapping[str, Owner]
        By name, sorted.

    Raises
    ------
    OwnerNameError
        If an owner is there twice, nobody has such accounts, or one is called as an account is.
    ValueError
        If an owner has two currencies.
    """
    every, told = tuple(accounts), tuple(settings)
    names = [each.name for each in told]
    if doubled := sorted({name for name in names if names.count(name) > 1}):
        text = f"each owner of TRADESTREAM_OWNERS once, was {', '.join(doubled)} more than once"
        raise OwnerNameError(text, doubled[0], "a name that no other owner has")
    of = {each.owner for each in every if each.owner is not None}
    if strangers := sorted({*names} - of):
        text = f"owners that an account names, was {', '.join(strangers)}, whom none does"
        raise OwnerNameError(text, strangers[0], "an owner that an account names")
    if taken := sorted(of & {each.name for each in every}):
        expected = "an owner whose name no account has"
        raise OwnerNameError(f"{expected}, was {', '.join(taken)}", taken[0], expected, of_account=True)
    limits = {each.name: each.model_dump() for each in told}
    return {
        name: Owner(
            **limits.get(name, {"name": name}),
            accounts=tuple(sorted((each for each in every if each.owner == name), key=lambda each: each.name)),
        )
        for name in sorted(of)
    }
