"""`tradestream risk what-if`: a past run under other limits: what would have spoken, and what it had saved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from itertools import zip_longest
from pathlib import Path
from typing import Any

from backtest.achieved import equity_together
from backtest.again import Again, RunTerms, again, outcomes_of_run
from backtest.books import equity_at_end
from backtest.engine import Outcome
from backtest.parity import hold
from contracts.account import Account
from contracts.counted import counted
from contracts.errors import BadInputError
from contracts.fill import Fill
from contracts.message import Message
from contracts.order import Order
from contracts.owner import Owner
from contracts.risk_alert import RiskAlert
from contracts.units import EXACT
from results.statistics import max_drawdown_pct

#: How the run itself is called, and how all the new limits together.
AS_IT_RAN, ALL = "as it ran", "all of them"
DENIED = "DENIED"


@dataclass(frozen=True, slots=True)
class Spoke:
    """What a rule said, as often as it did.

    Attributes
    ----------
    rule
        Its code.
    severity
        Of its alerts; ``DENIED`` where it refused orders.
    times, first_ms, last_ms
        How often, and when for the first and the last time, event time.
    words
        What it said first; of a refused order its pair and side.
    """

    rule: str
    severity: str
    times: int
    first_ms: int
    last_ms: int
    words: str


@dataclass(frozen=True, slots=True)
class Under:
    """What an account came to under some limits.

    Attributes
    ----------
    limits
        What was other than in the run, in words.
    equity_quote, saved_quote, fees_quote
        At the end; how much more than as it ran, less where negative; fees paid. Quote currency, exact.
    max_drawdown_pct, fills
        Of its equity at closes; trades.
    ends
        The state of trading at the end.
    parts_ms
        Event time of the first message that is another than in the run; None if all are equal.
    spoke
        What its rules said, in order of time.
    """

    limits: str
    equity_quote: Decimal
    saved_quote: Decimal
    fees_quote: Decimal
    max_drawdown_pct: float
    fills: int
    ends: str
    parts_ms: int | None
    spoke: tuple[Spoke, ...]


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What an account came to, and would have; or all accounts of an owner together.

    Attributes
    ----------
    account, currency
        Whose, and what its amounts are in; of an owner his name.
    as_it_ran
        Under its own limits.
    each, all
        Under each new limit alone, and under all of them; of an owner under all that are new for his accounts, too.
    of_owner
        Whether it is of an owner.
    """

    account: str
    currency: str
    as_it_ran: Under
    each: tuple[Under, ...]
    all: Under
    of_owner: bool = False


def what_if(folder: Path, terms: RunTerms, changed: Mapping[str, Mapping[str, Any]]) -> list[WhatIf]:
    """Trade a run's accounts again under other limits; the strategies decide what they did, on the same candles.

    Parameters
    ----------
    folder
        Of the run, with its exported tables.
    terms
        What its services were told.
    changed
        By account and by owner, the fields that are other than they were, with values that these take.

    Returns
    -------
    list[WhatIf]
        One for each account of which something is other: beside the other accounts of its owner, as they were. And
        one for each owner of whom, or of one of whose accounts, something is other.

    Raises
    ------
    BadInputError
        If an account is none of the run's or was at a venue, or the run cannot be traded again as it was: then
        nothing can be said of other limits.
    """
    if terms.venues:
        expected = "a run on paper: what a venue had made of other orders nobody knows"
        raise BadInputError("--of", expected, f"{next(iter(terms.venues))}, an account at a venue")
    known = [*(account.name for account in terms.accounts), *terms.owners]
    if strangers := [name for name in changed if name not in known]:
        raise BadInputError("--limits", f"accounts and owners of the run ({', '.join(known)})", strangers[0])
    accounts = again(folder, terms)
    ran = outcomes_of_run(accounts)
    if differences := sum(len(each.differences) for each in hold(folder, ran)):
        told = f"{counted(differences, 'difference')} (tradestream backtest --of {folder} tells them)"
        raise BadInputError("--of", "a run that a backtest of it tells again", told)
    alone = [
        _compared(each, outcome, changed[each.account.name])
        for each, outcome in zip(accounts, ran, strict=True)
        if changed.get(each.account.name)
    ]
    return alone + [
        _compared_together(accounts, ran, owner, changed)
        for owner in terms.owners.values()
        if any(changed.get(name) for name in (owner.name, *(each.name for each in owner.accounts)))
    ]


def _compared(each: Again, ran: Outcome, changed: Mapping[str, Any]) -> WhatIf:
    def under(values: Mapping[str, Any], words: str) -> Under:
        account = Account.model_validate(each.account.model_dump() | dict(values))
        return _summed([each.outcome(account)], [ran], words)

    alone = [under({name: value}, _in_words(each.account, name, value)) for name, value in changed.items()]
    every = under(changed, ALL) if len(alone) > 1 else alone[0]
    return WhatIf(each.account.name, each.account.currency, _summed([ran], [ran], AS_IT_RAN), tuple(alone), every)


def _compared_together(
    accounts: Sequence[Again], ran: Sequence[Outcome], owner: Owner, changed: Mapping[str, Mapping[str, Any]]
) -> WhatIf:
    """Return what all accounts of an owner would have come to: under each new limit of his, and under all of them."""
    own = [each for each in accounts if each.account.owner == owner.name]
    were = [each for each in ran if each.market.account.owner == owner.name]

    def under(values: Mapping[str, Any], others: Mapping[str, Account], words: str) -> Under:
        then = Owner.model_validate(owner.model_dump() | dict(values))
        return _summed(outcomes_of_run(own, others, {owner.name: then}), were, words)

    others = {
        each.account.name: Account.model_validate(each.account.model_dump() | dict(changed[each.account.name]))
        for each in own
        if changed.get(each.account.name)
    }
    limits = changed.get(owner.name, {})
    alone = [under({name: value}, {}, _in_words(owner, name, value)) for name, value in limits.items()]
    every = under(limits, others, ALL) if others or len(alone) > 1 else alone[0]
    as_it_ran = _summed(were, were, AS_IT_RAN)
    return WhatIf(owner.name, owner.currency, as_it_ran, tuple(alone), every, of_owner=True)


def _in_words(of: Account | Owner, name: str, value: object) -> str:
    now, was = (
        "none" if each is None else f"{each:f}" if isinstance(each, Decimal) else str(each)
        for each in (value, getattr(of, name))
    )
    return f"{name} {now} (was {was})"


def _summed(outcomes: Sequence[Outcome], ran: Sequence[Outcome], words: str) -> Under:
    messages = sorted((m for each in outcomes for m in each.messages), key=lambda m: m.event_time_ms)
    with localcontext(EXACT):
        worth, was = (sum(map(equity_at_end, each), Decimal(0)) for each in (outcomes, ran))
        fees = sum((each.portfolio.fees for each in outcomes), Decimal(0))
        saved = worth - was
    states = dict.fromkeys(each.portfolio.standing for each in outcomes)
    return Under(
        words,
        worth,
        saved,
        fees,
        max_drawdown_pct(equity_together(outcomes)),
        sum(isinstance(each, Fill) for each in messages),
        ", ".join(states),
        min(
            (at for one, other in zip(outcomes, ran, strict=True) if (at := _parts_ms(one.messages, other.messages))),
            default=None,
        ),
        tuple(_spoke(messages)),
    )


def _parts_ms(messages: Sequence[Message], ran: Sequence[Message]) -> int | None:
    pairs = zip_longest(messages, ran)
    return next((min(each.event_time_ms for each in pair if each) for pair in pairs if pair[0] != pair[1]), None)


def _spoke(messages: Iterable[Message]) -> Iterable[Spoke]:
    found: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for each in messages:
        if isinstance(each, RiskAlert):
            found.setdefault((each.rule, each.severity), []).append((each.time_ms, each.message))
        elif isinstance(each, Order) and each.status == DENIED and each.reason is not None:
            words = f"{each.side} {each.pair}"
            found.setdefault((each.reason, DENIED), []).append((each.updated_at_ms, words))
    told = [
        Spoke(rule, severity, len(every), every[0][0], every[-1][0], every[0][1])
        for (rule, severity), every in found.items()
    ]
    return sorted(told, key=lambda each: each.first_ms)
