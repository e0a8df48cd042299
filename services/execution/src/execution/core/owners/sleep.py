"""When an owner's limits can say something new: what `execution.core.sleep` is to an account, over all of his."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from functools import partial

from contracts.owner import Owner
from contracts.wakes import Wakes
from execution.core.account.valuation import balance
from execution.core.owners.together import Owned, health_of
from execution.core.rules import LOSS_RULES
from execution.core.rules.rule import LossRule, of_owner

#: What a part of the owner's step says of his accounts between two minutes.
OwnerPart = Callable[[Owned, Owner], Iterable[Wakes]]


def wakes_of_losses(owned: Owned, owner: Owner, rule: LossRule) -> list[Wakes]:
    """From which equity of all accounts together on a loss rule speaks; who holds nothing can lose nothing.

    Parameters
    ----------
    owned, owner
        After the last minute, and whose.
    rule
        Of losses.

    Returns
    -------
    list[Wakes]
        One, or none.
    """
    book = owned.book
    if rule.equity_at is not None and not any(each.holdings for each in owned.portfolios.values()):
        return []
    if book.judged.has_ended(owner):
        return []
    health = health_of(book, owner, sum(map(balance, owned.portfolios.values()), Decimal(0)))
    return [rule.wakes(health, book.judged.trading_state, told=book.judged.told_today(rule))]


#: By name; a day begins for the owner where it does for one of his accounts, which wakes by itself.
OWNER_PARTS: Mapping[str, OwnerPart] = {
    of_owner(rule.code): partial(wakes_of_losses, rule=rule) for rule in LOSS_RULES
}
