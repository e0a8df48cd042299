"""What an owner's limits look at beside his accounts: the highest, and what a day began with, of their sum."""

from __future__ import annotations

from dataclasses import field
from decimal import Decimal
from typing import Any

from contracts.errors import BadInputError
from contracts.owner import Owner
from contracts.replace import replace
from contracts.units import decimal_string
from contracts.values import dataclass
from execution.core.account.operator_state import ACTIVE
from execution.core.rules.rule import of_owner
from execution.core.steps.judging import Judged


@dataclass(frozen=True, slots=True)
class OwnersBook:
    """Of all accounts together, in quote currency.

    Attributes
    ----------
    initial_balance
        What they began with.
    highest_equity, highest_day_start
        At the closes of any minute, and of the balances that days began with.
    day_start_balance
        What the loss of the day is counted from.
    accounts
        Those whose money is in it, by name, sorted.
    judged
        What the owner's limits have found.
    """

    initial_balance: Decimal
    highest_equity: Decimal
    highest_day_start: Decimal
    day_start_balance: Decimal
    accounts: tuple[str, ...]
    judged: Judged = field(default_factory=Judged)

    @classmethod
    def opened(cls, owner: Owner) -> OwnersBook:
        """Return the book of an owner none of whose accounts has traded.

        Returns
        -------
        OwnersBook
            All of it cash.
        """
        start = owner.initial_balance_quote
        return cls(start, start, Decimal(0), start, tuple(each.name for each in owner.accounts))

    def joined(self, owner: Owner) -> OwnersBook:
        """Return it with the accounts that have come since: what they bring is no profit.

        Returns
        -------
        OwnersBook
            The same where there are none.

        Raises
        ------
        BadInputError
            If an account is gone: what went with it would be a loss.
        """
        names = tuple(each.name for each in owner.accounts)
        if names == self.accounts:
            return self
        if gone := sorted({*self.accounts} - {*names}):
            expected = f"{', '.join(gone)} among them, with whose money {owner.name} began"
            raise BadInputError(f"accounts of owner {owner.name}", expected, ", ".join(names))
        brought = sum((e.initial_balance_quote for e in owner.accounts if e.name not in self.accounts), Decimal(0))
        return replace(self, accounts=names, **{name: getattr(self, name) + brought for name in _MONEY})

    @property
    def state(self) -> str:
        """ACTIVE, or what each account is told: which limit of its owner is broken."""
        found = self.judged.trading_state
        return found if found == ACTIVE else of_owner(found)

    def to_json(self) -> dict[str, Any]:
        """Return JSON-able data.

        Returns
        -------
        dict[str, Any]
            Decimals as text.
        """
        data: dict[str, Any] = {name: decimal_string(getattr(self, name)) for name in _MONEY}
        of = self.judged
        data["accounts"] = list(self.accounts)
        return data | {"trading_state": of.trading_state, "alerted": dict(of.alerted), "day": of.day}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> OwnersBook:
        """Read what `to_json` wrote.

        Returns
        -------
        OwnersBook
            An equal one.
        """
        judged = Judged(data["trading_state"], dict(data["alerted"]), data["day"])
        money: dict[str, Any] = {name: Decimal(data[name]) for name in _MONEY}
        return cls(**money, accounts=tuple(data["accounts"]), judged=judged)


_MONEY = ("initial_balance", "highest_equity", "highest_day_start", "day_start_balance")
