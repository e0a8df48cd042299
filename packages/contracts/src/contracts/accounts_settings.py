"""Which accounts there are: a mixin for the settings of services that deal with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pydantic import BaseModel, Field, model_validator

from contracts.account import Account
from contracts.currency import in_words, quote_currency
from contracts.owner import Owner, OwnerSettings, owners_of
from contracts.units import Pair

DEFAULT_ACCOUNT = "paper"


class AccountsSettings(BaseModel):
    """Adds TRADESTREAM_ACCOUNTS and TRADESTREAM_OWNERS, read alike by signals and execution.

    Examples
    --------
    >>> [account.name for account in AccountsSettings(TRADES_PAIRS=("BTC/USD",)).configured_accounts]
    ['paper']
    """

    pairs: tuple[Pair, ...] = Field(
        ("BTC/USD", "ETH/USD", "SOL/USD"),
        validation_alias="TRADES_PAIRS",
        description="pairs of the default account: those the trades service streams",
    )
    accounts: tuple[Account, ...] = Field(
        (),
        validation_alias="TRADESTREAM_ACCOUNTS",
        description=f"JSON list of accounts; if empty, one called {DEFAULT_ACCOUNT} that trades all pairs; "
        "the pairs of an account are quoted in one currency",
    )

    owners: tuple[OwnerSettings, ...] = Field(
        (),
        validation_alias="TRADESTREAM_OWNERS",
        description="JSON list of owners that accounts name, with limits over all accounts of each; "
        "one that is not listed has the usual limits",
    )

    @model_validator(mode="after")
    def _each_once(self) -> AccountsSettings:
        if not self.pairs and not self.accounts:
            raise ValueError("at least one account in TRADESTREAM_ACCOUNTS when TRADES_PAIRS is [], was none")
        names = [account.name for account in self.accounts]
        doubled = sorted({name for name in names if names.count(name) > 1})
        if doubled:
            raise ValueError(
                f"each account name of TRADESTREAM_ACCOUNTS once, was {', '.join(doubled)} more than once"
            )
        return self

    @model_validator(mode="after")
    def _default_account_has_one_currency(self) -> AccountsSettings:
        if not self.accounts and len({quote_currency(pair) for pair in self.pairs}) > 1:
            raise ValueError(
                f"an account in TRADESTREAM_ACCOUNTS for each currency that TRADES_PAIRS are quoted in, "
                f"was none, and {in_words(self.pairs)}"
            )
        return self

    @model_validator(mode="after")
    def _owners_have_accounts(self) -> AccountsSettings:
        owners_of(self.accounts, self.owners)
        return self

    @property
    def configured_owners(self) -> Mapping[str, Owner]:
        """The owners that accounts name, by name."""
        return owners_of(self.accounts, self.owners)

    @property
    def key_on_signals(self) -> Callable[[str], str]:
        """What says the key of what an account is told on `signals`: its owner's, where it has one, else its name.

        An account that nobody configured, such as a forward test's, has no owner. Asked for once, it looks up each.
        """
        owner = {each.name: each.owner for each in self.accounts if each.owner is not None}
        return lambda account: owner.get(account, account)

    @property
    def configured_accounts(self) -> tuple[Account, ...]:
        """The accounts, or the default one."""
        return self.accounts or (Account(name=DEFAULT_ACCOUNT, pairs=self.pairs),)

    def account(self, name: str) -> Account | None:
        """Return the account called `name`, None if there is none.

        Returns
        -------
        Account | None
            The account with its limits.
        """
        return next((account for account in self.configured_accounts if account.name == name), None)
