"""One minute of an account's life: a pure fold over its portfolio."""

from __future__ import annotations

from decimal import localcontext
from typing import Any

from contracts.account import Account
from contracts.message import Message
from contracts.units import EXACT
from execution.core.broker import Broker
from execution.core.context import Context
from execution.core.decide import decide
from execution.core.mark import mark, start_day
from execution.core.minute import Minute
from execution.core.policy import Policy
from execution.core.portfolio import Portfolio
from execution.core.risk_checks import check_losses, flatten_if_stopped, report_stale
from execution.core.settle import settle
from execution.core.valuation import pnl


def act(
    portfolio: dict[str, Any], minute: Minute, account: Account, broker: Broker, policy: Policy
) -> tuple[dict[str, Any], list[Message]]:
    """Return the portfolio after `minute`, and what is to be told of it in the order in which it happened.

    Parameters
    ----------
    portfolio
        JSON as `execution.core.portfolio.Portfolio` writes it; not changed.
    """
    context = Context(account, Portfolio.from_json(portfolio), minute, broker, policy)
    # The default context would round products to 28 digits; here money is conserved to the last one.
    with localcontext(EXACT):
        start_day(context)
        settle(context)
        mark(context)
        report_stale(context)
        check_losses(context)
        flatten_if_stopped(context)
        decide(context)
        context.outputs.append(pnl(context.portfolio, account.name, minute.window_end_ms))
    return context.portfolio.to_json(), context.outputs
