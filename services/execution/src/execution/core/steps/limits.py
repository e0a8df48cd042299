"""Loss limits and stale data: alerts and the trading state."""

from __future__ import annotations

from decimal import Decimal

from contracts.message import Message
from contracts.replace import replace
from contracts.wakes import ALWAYS, Wakes
from execution.core.account.portfolio import Decided, Portfolio
from execution.core.account.valuation import balance, equity
from execution.core.alerts import alert
from execution.core.context import Context
from execution.core.minute.minute import Minute
from execution.core.policy import Policy
from execution.core.rules import PAIR_RULES
from execution.core.rules.rule import AccountHealth, LossRule, PairRule, PairView
from execution.core.steps.judging import Judged, judge


def check_losses(portfolio: Portfolio, minute: Minute, context: Context) -> Decided:
    """Check every loss limit; say once a day how near each is, break off, stop for good where a rule is final."""
    before = judged_of(portfolio)
    if before.has_ended(context.account):
        return portfolio, []
    after, told = judge(before, _health(portfolio, context, worth(portfolio, minute, context.policy)))
    if after.alerted is not before.alerted or after.trading_state != before.trading_state:
        portfolio = replace(portfolio, trading_state=after.trading_state, alerted=dict(after.alerted))
    return portfolio, [alert(context.account, rule.code, violation, context.at_ms) for rule, violation in told]


def wakes_of_losses(portfolio: Portfolio, context: Context, rule: LossRule) -> list[Wakes]:
    """From which equity on a loss rule speaks; what holds nothing can lose nothing."""
    if rule.equity_at is not None and not portfolio.holdings:
        return []
    judged = judged_of(portfolio)
    if judged.has_ended(context.account):
        return []
    health = _health(portfolio, context, balance(portfolio))
    return [rule.wakes(health, portfolio.trading_state, told=judged.told_today(rule))]


def wakes_of_pairs(portfolio: Portfolio, _context: Context, rule: PairRule) -> list[Wakes]:
    """Where a rule of pairs speaks of those in which money stands; while it has spoken of one, on every bar."""
    if not (portfolio.holdings or portfolio.orders):
        return []
    concerned = {*portfolio.holdings, *portfolio.orders}
    return [
        ALWAYS if rule.wakes is None or _episode(rule, pair) in portfolio.stale else rule.wakes(pair)
        for pair in concerned
    ]


def check_pairs(portfolio: Portfolio, minute: Minute, context: Context) -> Decided:
    """Report once per episode a pair that was not waited for, or whose mark is unknown while money stands in it."""
    outputs: list[Message] = []
    if not (portfolio.holdings or portfolio.orders or minute.missing or portfolio.stale):
        return portfolio, outputs
    stale = set()
    for pair in sorted({*portfolio.holdings, *portfolio.orders, *minute.missing}):
        view = _view(portfolio, minute, pair, context)
        for rule in PAIR_RULES:
            violation = rule.check(view)
            if violation is None:
                continue
            episode = _episode(rule, pair)
            stale.add(episode)
            if episode not in portfolio.stale:
                outputs.append(alert(context.account, rule.code, violation, context.at_ms, pair))
    return portfolio if stale == portfolio.stale else replace(portfolio, stale=frozenset(stale)), outputs


def judged_of(portfolio: Portfolio) -> Judged:
    """Return what an account's limits have found so far."""
    return Judged(portfolio.trading_state, portfolio.alerted, portfolio.day)


def worth(portfolio: Portfolio, minute: Minute, policy: Policy) -> Decimal:
    """Return equity at the policy's risk mark."""
    if not portfolio.holdings:
        return balance(portfolio)
    low = policy.risk_mark == "low"
    prices = {
        pair: Decimal(candle.mark_low if low else candle.mark_close)
        for pair, candle in minute.candles.items()
        if pair in portfolio.holdings
    }
    return equity(portfolio, prices)


def _health(portfolio: Portfolio, context: Context, worth: Decimal) -> AccountHealth:
    return AccountHealth(
        context.account,
        portfolio.initial_balance,
        portfolio.day_start_balance,
        worth,
        portfolio.highest_equity,
        portfolio.highest_day_start,
    )


def _episode(rule: PairRule, pair: str) -> str:
    # What was kept when there was one such rule stays what it was.
    return pair if rule.code == "STALE_DATA" else f"{rule.code}:{pair}"


def _view(portfolio: Portfolio, minute: Minute, pair: str, context: Context) -> PairView:
    signal, mark = minute.candles.get(pair), portfolio.marks.get(pair)
    return PairView(
        pair,
        minute.window_start_ms,
        minute.window_end_ms,
        has_complete_candle=signal is not None and signal.mark_quality != "gap",
        marked_at_ms=None if mark is None else mark.marked_at_ms,
        is_traded=pair in context.account.pairs,
    )
