"""One minute of an owner: his accounts in the order of their names, each by the step there is, then his limits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext

from contracts.account import Account
from contracts.message import Message
from contracts.operator_command import OperatorCommand
from contracts.owner import Owner
from contracts.replace import replace
from contracts.units import EXACT
from execution.core.account.portfolio import Decided, Portfolio
from execution.core.account.valuation import balance, equity, invested, pnl
from execution.core.act import trade
from execution.core.alerts import alert
from execution.core.broker import Broker
from execution.core.context import Context
from execution.core.hear import Word, hear
from execution.core.minute.minute import Minute
from execution.core.owners.book import OwnersBook
from execution.core.policy import Policy
from execution.core.rules.rule import AccountHealth, OfOwner, of_owner
from execution.core.steps.judging import judge
from execution.core.steps.limits import worth
from execution.core.steps.mark import counted_from
from execution.core.steps.trading_day import trading_day

_ZERO = Decimal(0)
#: By account.
Portfolios = Mapping[str, Portfolio]
#: A step of one account: the portfolio before, its minute and its context to the portfolio after, and what is told.
Step = Callable[[Portfolio, Minute, Context], Decided]


@dataclass(frozen=True)
class Owned:
    """All that an owner's accounts are.

    Attributes
    ----------
    book
        Of their sum.
    portfolios
        Of each account, those that have not traded too.
    """

    book: OwnersBook
    portfolios: Portfolios

    @classmethod
    def opened(cls, owner: Owner) -> Owned:
        """Return what an owner has none of whose accounts has traded.

        Returns
        -------
        Owned
            All of it cash.
        """
        return cls(OwnersBook.opened(owner), {each.name: Portfolio.opened(each) for each in owner.accounts})

    def with_portfolio(self, account: str, portfolio: Portfolio) -> Owned:
        """Return it with an account as it is now.

        Returns
        -------
        Owned
            A new one.
        """
        return Owned(self.book, {**self.portfolios, account: portfolio})


def act_together(
    owned: Owned, minutes: Mapping[str, Minute], owner: Owner, brokers: Mapping[str, Broker], policy: Policy
) -> tuple[Owned, list[Message]]:
    """Return what the accounts are after a minute, what is to be told of it, and the books of each that had one.

    Parameters
    ----------
    owned
        Before it.
    minutes
        By account, what its pairs say; of one that has no candle of the window, none.
    owner
        Whose accounts, and his limits.
    brokers
        By account.
    policy
        How time and risk are judged.

    Returns
    -------
    tuple[Owned, list[Message]]
        Orders, fills, positions, alerts and P&L.
    """
    with localcontext(EXACT):
        owned, told = trade_together(owned, minutes, owner, brokers, policy)
        books = [pnl(owned.portfolios[name], name, minutes[name].window_end_ms) for name in sorted(minutes)]
    return owned, [*(message for each in told.values() for message in each), *books]


def trade_together(
    owned: Owned,
    minutes: Mapping[str, Minute],
    owner: Owner,
    brokers: Mapping[str, Broker],
    policy: Policy,
    step: Step = trade,
) -> tuple[Owned, dict[str, list[Message]]]:
    """Return what `act_together` does but for the books, what is told by account, in the context of exact amounts.

    Parameters
    ----------
    owned, minutes, owner, brokers, policy
        As `act_together` has them.
    step
        What an account does on its minute.

    Returns
    -------
    tuple[Owned, dict[str, list[Message]]]
        By account, those without a minute too, in sorted order.
    """
    any_minute = next(iter(minutes.values()))
    owned = _start_day(owned, any_minute.window_start_ms, owner, policy)
    told: dict[str, list[Message]] = {each.name: [] for each in owner.accounts}
    portfolios = dict(owned.portfolios)
    for account in owner.accounts:
        if (minute := minutes.get(account.name)) is None:
            continue
        context = context_of(account, portfolios, owner, brokers[account.name], policy, minute)
        portfolios[account.name], told[account.name] = step(portfolios[account.name], minute, context)
    owned = replace(owned, portfolios=portfolios)
    owned, alerts = _check(owned, minutes, owner, policy, any_minute)
    return owned, {name: [*messages, *alerts[name]] for name, messages in told.items()}


def context_of(
    account: Account, portfolios: Portfolios, owner: Owner, broker: Broker, policy: Policy, minute: Minute
) -> Context:
    """Return what an account's step is told, of the other accounts too: as they are before it.

    Parameters
    ----------
    account, portfolios, owner
        Which, what all of its owner's accounts are by name, and whose.
    broker, policy, minute
        As the account's step has them.

    Returns
    -------
    Context
        Of the minute.
    """
    bar_ms = minute.window_end_ms - minute.window_start_ms
    of = None
    if owner.max_gross_pct is not None:
        others = (each for name, each in portfolios.items() if name != account.name)
        elsewhere = sum((sum(invested(each).values(), _ZERO) for each in others), _ZERO)
        of = OfOwner(owner, _sum(map(equity, portfolios.values())), elsewhere)
    return Context(account, broker, policy, minute.window_end_ms, bar_ms, of)


def hear_one(
    owned: Owned, word: Word, owner: Owner, account: Account, broker: Broker, policy: Policy
) -> tuple[Owned, list[Message]]:
    """Return what the accounts are after a report or a command to one of them, and what is to be told of it.

    What a limit of the owner has stopped is lifted by a command that lifts limits, for all of his accounts: they were
    stopped together.

    Parameters
    ----------
    owned, owner
        Before it, and whose.
    word, account
        What is said, and to which account.
    broker, policy
        As the account's step has them.

    Returns
    -------
    tuple[Owned, list[Message]]
        Nothing is told where nothing has changed.
    """
    portfolio = owned.portfolios[account.name]
    if isinstance(word, OperatorCommand) and word.lifts_limits and word.command_id not in portfolio.commands:
        owned = _told_state(replace(owned, book=replace(owned.book, judged=owned.book.judged.pardoned())))
        portfolio = owned.portfolios[account.name]
    portfolio, told = hear(portfolio, word, account, broker, policy)
    return owned.with_portfolio(account.name, portfolio), told


def _start_day(owned: Owned, window_start_ms: int, owner: Owner, policy: Policy) -> Owned:
    """At the first minute of a day of any account take what all begin with, and lift a stop of the day for all."""
    day, book = trading_day(window_start_ms, policy.day_timezone), owned.book
    if day == book.judged.day:
        return owned
    begins_with = _sum(map(balance, owned.portfolios.values()))
    counted = counted_from(owner, begins_with, lambda: _sum(map(equity, owned.portfolios.values())))
    judged = replace(book.judged, day=day, trading_state=book.judged.lifted(owner))
    highest = max(book.highest_day_start, begins_with)
    book = replace(book, day_start_balance=counted, highest_day_start=highest, judged=judged)
    return _told_state(replace(owned, book=book))


def _check(
    owned: Owned, minutes: Mapping[str, Minute], owner: Owner, policy: Policy, minute: Minute
) -> tuple[Owned, dict[str, list[Message]]]:
    """Hold the sums against the owner's limits; each account hears of it in the same step."""
    book = owned.book
    alerts: dict[str, list[Message]] = {each.name: [] for each in owner.accounts}
    highest = _sum(map(equity, owned.portfolios.values()))
    if highest > book.highest_equity:
        book = replace(book, highest_equity=highest)
    if book.judged.has_ended(owner):
        return replace(owned, book=book), alerts
    empty = Minute(minute.window_start_ms, minute.window_end_ms, {})
    now = _sum(worth(each, minutes.get(name, empty), policy) for name, each in owned.portfolios.items())
    judged, told = judge(book.judged, health_of(book, owner, now))
    for rule, violation in told:
        spoken = replace(
            violation,
            reason=of_owner(violation.reason),
            message=f"{of_owner(violation.message)}, over all accounts of {owner.name}",
        )
        for account in owner.accounts:
            alerts[account.name].append(alert(account, of_owner(rule.code), spoken, minute.window_end_ms))
    return _told_state(replace(owned, book=replace(book, judged=judged))), alerts


def _told_state(owned: Owned) -> Owned:
    """Tell each account how its owner's limits stand."""
    state = owned.book.state
    if all(each.owner_state == state for each in owned.portfolios.values()):
        return owned
    told = {name: replace(each, owner_state=state) for name, each in owned.portfolios.items()}
    return replace(owned, portfolios=told)


def health_of(book: OwnersBook, owner: Owner, now: Decimal) -> AccountHealth:
    """Return what loss limits look at, with what the accounts are worth now.

    Returns
    -------
    AccountHealth
        Of all of them together.
    """
    return AccountHealth(
        owner, book.initial_balance, book.day_start_balance, now, book.highest_equity, book.highest_day_start
    )


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, _ZERO)
