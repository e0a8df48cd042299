"""When an account's next step can do more than mark: each part of it says so beside what it does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from contracts.wakes import ALWAYS, NEVER, Wakes
from execution.core.account.portfolio import Portfolio
from execution.core.context import Context
from execution.core.rules import LOSS_RULES, PAIR_RULES
from execution.core.rules.rule import never
from execution.core.steps import decide, flatten, limits, mark, protect

#: What a part of the step says of a portfolio between two minutes.
Part = Callable[[Portfolio, Context], Iterable[Wakes]]


def _orders(portfolio: Portfolio, context: Context) -> Iterable[Wakes]:
    """What the broker says of each order in flight; one that says nothing keeps awake while there are any."""
    if not (portfolio.orders or portfolio.guards):
        return []
    of_broker: Callable[..., Wakes] | None = getattr(context.broker, "wakes", None)
    if of_broker is None:
        return [ALWAYS]
    return [of_broker(opened.order) for opened in (*portfolio.in_flight(), *portfolio.resting())]


#: By name, as `act` has them: tests move each of them to the late side and must see that it is missed.
PARTS: Mapping[str, Part] = {
    "orders": _orders,  # first, as it most often says ALWAYS
    "day": mark.wakes,
    "stopped": flatten.wakes,
    "decisions": decide.wakes,
    "denied": decide.wakes_of_denied,
    "guards": protect.wakes,
    **{rule.code: partial(limits.wakes_of_losses, rule=rule) for rule in LOSS_RULES},
    **{rule.code: partial(limits.wakes_of_pairs, rule=rule) for rule in PAIR_RULES if rule.wakes is not never},
}


def wakes(portfolio: Portfolio, context: Context, parts: Mapping[str, Part] = PARTS) -> list[Wakes]:
    """Return all on which the step may do more than mark, until it next does.

    Parameters
    ----------
    portfolio
        After the last minute.
    context
        Of the account; its time is not looked at.
    parts
        Those that are asked.

    Returns
    -------
    list[Wakes]
        What each has to say.
    """
    found = []
    for part in parts.values():
        for each in part(portfolio, context):
            if each.always:
                return [ALWAYS]  # whatever the others say
            if each is not NEVER:
                found.append(each)
    return found
