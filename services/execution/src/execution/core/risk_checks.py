"""Loss limits and stale data: alerts, the trading state, and flattening after a breach."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from contracts.account import Account
from contracts.message import Message
from contracts.risk_alert import RiskAlert
from contracts.risk_rules import RiskRule
from contracts.units import decimal_string
from execution.core.minute import Minute
from execution.core.order_lifecycle import advance
from execution.core.place import in_flight, market_order
from execution.core.policy import Policy
from execution.core.portfolio import ACTIVE, Decided, Portfolio
from execution.core.rules import LOSS_RULES, PAIR_RULES
from execution.core.rules.rule import AccountHealth, PairView, RiskViolation
from execution.core.valuation import equity

#: The account has ended: nothing is checked any more.
_FINAL_STATES = {rule.state for rule in LOSS_RULES if rule.is_final}


def alert(
    account: Account, code: RiskRule, violation: RiskViolation, time_ms: int, pair: str | None = None
) -> RiskAlert:
    """Return the report of a violation."""
    return RiskAlert(
        account=account.name,
        rule=code,
        severity=violation.severity,
        pair=pair,
        value=decimal_string(violation.value),
        limit=decimal_string(violation.limit),
        message=violation.message,
        time_ms=time_ms,
    )


def check_losses(portfolio: Portfolio, minute: Minute, account: Account, policy: Policy) -> Decided:
    """Check every loss limit; warn and break off once a day each, stop for good where a rule is final."""
    outputs: list[Message] = []
    if portfolio.trading_state in _FINAL_STATES:
        return portfolio, outputs
    low = policy.risk_mark == "low"
    prices = {p: Decimal(s.mark_low if low else s.mark_close) for p, s in minute.signals.items()}
    worth = equity(portfolio, prices)
    health = AccountHealth(account, portfolio.initial_balance, portfolio.day_start_balance, worth)
    for rule in LOSS_RULES:
        violation = rule.check(health)
        if violation is None:
            continue
        portfolio, is_first = _first_today(portfolio, f"{rule.state}:{violation.severity}")
        if is_first:
            outputs.append(alert(account, rule.code, violation, minute.window_end_ms))
        if violation.severity == "CRITICAL":
            portfolio = replace(portfolio, trading_state=rule.state)
    return portfolio, outputs


def _first_today(portfolio: Portfolio, name: str) -> tuple[Portfolio, bool]:
    today = portfolio.day or ""
    if portfolio.alerted.get(name) == today:
        return portfolio, False
    return replace(portfolio, alerted={**portfolio.alerted, name: today}), True


def flatten_if_stopped(portfolio: Portfolio, minute: Minute, account: Account) -> Decided:
    """While no trading is allowed: no buys in flight, and a sell that never expires for everything held."""
    state, at_ms = portfolio.trading_state, minute.window_end_ms
    outputs: list[Message] = []
    if state == ACTIVE:
        return portfolio, outputs
    for pair, opened in sorted(portfolio.orders.items()):
        if opened.order.side == "buy":
            portfolio = portfolio.without_order(pair)
            outputs.append(advance(opened.order, "CANCELLED", at_ms, state))
    for pair, holding in sorted(portfolio.holdings.items()):
        if pair not in portfolio.orders:
            mark = portfolio.marks[pair]
            order = market_order(
                account.name, pair, mark, "sell", holding.quantity, at_ms, purpose="flatten", reason=state
            )
            portfolio = portfolio.with_order(in_flight(order, mark, expires_at_ms=None, reserved_quote=Decimal(0)))
            outputs.append(order)
    return portfolio, outputs


def check_pairs(portfolio: Portfolio, minute: Minute, account: Account) -> Decided:
    """Report once per episode a pair that was not waited for, or whose mark is unknown while money stands in it."""
    outputs: list[Message] = []
    stale = set()
    for pair in sorted({*portfolio.holdings, *portfolio.orders, *minute.missing}):
        view = _view(portfolio, minute, pair)
        for rule in PAIR_RULES:
            violation = rule.check(view)
            if violation is None:
                continue
            stale.add(pair)
            if pair not in portfolio.stale:
                outputs.append(alert(account, rule.code, violation, minute.window_end_ms, pair))
    return portfolio if stale == portfolio.stale else replace(portfolio, stale=frozenset(stale)), outputs


def _view(portfolio: Portfolio, minute: Minute, pair: str) -> PairView:
    signal, mark = minute.signals.get(pair), portfolio.marks.get(pair)
    return PairView(
        pair,
        minute.window_start_ms,
        minute.window_end_ms,
        has_complete_candle=signal is not None and signal.mark_quality != "gap",
        marked_at_ms=None if mark is None else mark.marked_at_ms,
    )
