"""One minute of an account's life: a pure fold over its book."""

from __future__ import annotations

from decimal import localcontext
from typing import Any

from contracts.account import Account
from contracts.message import Message
from contracts.units import EXACT
from execution.core.book import Book
from execution.core.broker import Broker
from execution.core.decide import decide
from execution.core.desk import Desk
from execution.core.guard import check_losses, flatten_if_stopped, report_stale
from execution.core.mark import mark, start_day
from execution.core.minute import Minute
from execution.core.policy import Policy
from execution.core.settle import settle
from execution.core.valuation import pnl


def act(
    book: dict[str, Any], minute: Minute, account: Account, broker: Broker, policy: Policy
) -> tuple[dict[str, Any], list[Message]]:
    """Return the book after `minute`, and what is to be told of it in the order in which it happened.

    Parameters
    ----------
    book
        JSON as `execution.core.book.Book` writes it; not changed.
    """
    desk = Desk(account, Book.from_json(book), minute, broker, policy)
    # The default context would round products to 28 digits; here money is conserved to the last one.
    with localcontext(EXACT):
        start_day(desk)
        settle(desk)
        mark(desk)
        report_stale(desk)
        check_losses(desk)
        flatten_if_stopped(desk)
        decide(desk)
        desk.outputs.append(pnl(desk.book, account.name, minute.window_end_ms))
    return desk.book.to_json(), desk.outputs
