"""Loss limits and stale data: alerts, the trading state, and flattening after a breach."""

from __future__ import annotations

from decimal import Decimal

from contracts.risk_alert import RiskAlert
from contracts.units import MS_PER_SECOND, decimal_string
from execution.core.context import Context
from execution.core.place import in_flight, market_order
from execution.core.portfolio import ACTIVE
from execution.core.rules import ACCOUNT_RULES
from execution.core.rules.total_loss import TOTAL_LOSS
from execution.core.rules.violation import AccountHealth, RiskViolation
from execution.core.valuation import equity

_ZERO = Decimal(0)


def alert(context: Context, violation: RiskViolation, pair: str | None = None) -> None:
    """Report a violation that has a rule."""
    if violation.rule is None:
        return
    context.outputs.append(
        RiskAlert(
            account=context.account.name,
            rule=violation.rule,
            severity=violation.severity,
            pair=pair,
            value=decimal_string(violation.value),
            limit=decimal_string(violation.limit),
            message=violation.message,
            time_ms=context.minute.window_end_ms,
        )
    )


def check_losses(context: Context) -> None:
    """Ask every account rule; warn and break off once a day each, stop for good on total loss."""
    portfolio = context.portfolio
    if portfolio.trading_state == TOTAL_LOSS:
        return
    low = context.policy.risk_mark == "low"
    prices = {p: Decimal(s.mark_low if low else s.mark_close) for p, s in context.minute.signals.items()}
    health = AccountHealth(
        context.account, portfolio.initial_balance, portfolio.day_start_balance, equity(portfolio, prices)
    )
    for rule in ACCOUNT_RULES:
        violation = rule(health)
        if violation is None:
            continue
        if _first_today(context, f"{violation.reason}:{violation.severity}"):
            alert(context, violation)
        if violation.severity == "CRITICAL":
            portfolio.trading_state = violation.reason


def _first_today(context: Context, name: str) -> bool:
    today = context.portfolio.day or ""
    first = context.portfolio.alerted.get(name) != today
    context.portfolio.alerted[name] = today
    return first


def flatten_if_stopped(context: Context) -> None:
    """While no trading is allowed: no buys in flight, and a sell that never expires for everything held."""
    portfolio = context.portfolio
    if portfolio.trading_state == ACTIVE:
        return
    at_ms = context.minute.window_end_ms
    for pair, opened in sorted(portfolio.orders.items()):
        if opened.order.side == "buy":
            context.cancel(pair, portfolio.trading_state, at_ms)
    for pair, holding in sorted(portfolio.holdings.items()):
        if pair not in portfolio.orders:
            mark = portfolio.marks[pair]
            order = market_order(
                context.account.name,
                pair,
                mark,
                "sell",
                holding.quantity,
                at_ms,
                purpose="flatten",
                reason=portfolio.trading_state,
            )
            context.place(in_flight(order, mark, expires_at_ms=None, reserved_quote=_ZERO))


def report_stale(context: Context) -> None:
    """Report once per episode a pair that was not waited for, or whose mark is unknown while money stands in it."""
    portfolio, minute = context.portfolio, context.minute
    at_risk = portfolio.holdings.keys() | portfolio.orders.keys()
    blind = {p for p in at_risk if p not in minute.signals or minute.signals[p].mark_quality == "gap"}
    stale = blind | set(minute.missing)
    for pair in sorted(stale - portfolio.stale):
        alert(context, _stale(context, pair), pair)
    portfolio.stale = stale


def _stale(context: Context, pair: str) -> RiskViolation:
    minute = context.minute
    bar_ms = minute.window_end_ms - minute.window_start_ms
    mark = context.portfolio.marks.get(pair)
    unknown_ms = minute.window_end_ms - mark.marked_at_ms if mark else bar_ms
    return RiskViolation(
        reason="STALE_DATA",
        rule="STALE_DATA",
        severity="WARNING",
        value=Decimal(max(unknown_ms, bar_ms)) / MS_PER_SECOND,
        limit=Decimal(bar_ms) / MS_PER_SECOND,
        message=f"{pair}: no complete candle for the window that ended at {minute.window_end_ms}",
    )
