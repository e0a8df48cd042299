"""Loss limits and stale data: alerts, the trading state, and flattening after a breach."""

from __future__ import annotations

from decimal import Decimal

from contracts.risk_alert import RiskAlert
from contracts.units import MS_PER_SECOND, decimal_string
from execution.core.book import ACTIVE
from execution.core.desk import Desk
from execution.core.place import in_flight, market_order
from execution.core.rules import ACCOUNT_RULES
from execution.core.rules.finding import AccountHealth, Finding
from execution.core.rules.total_loss import TOTAL_LOSS
from execution.core.valuation import equity

_ZERO = Decimal(0)


def alert(desk: Desk, finding: Finding, pair: str | None = None) -> None:
    """Report a finding that has a rule."""
    if finding.rule is None:
        return
    desk.outputs.append(
        RiskAlert(
            account=desk.account.name,
            rule=finding.rule,
            severity=finding.severity,
            pair=pair,
            value=decimal_string(finding.value),
            limit=decimal_string(finding.limit),
            message=finding.message,
            time_ms=desk.minute.window_end_ms,
        )
    )


def check_losses(desk: Desk) -> None:
    """Ask every account rule; warn and break off once a day each, stop for good on total loss."""
    book = desk.book
    if book.trading_state == TOTAL_LOSS:
        return
    low = desk.policy.risk_mark == "low"
    prices = {p: Decimal(s.mark_low if low else s.mark_close) for p, s in desk.minute.signals.items()}
    health = AccountHealth(desk.account, book.initial_balance, book.day_start_balance, equity(book, prices))
    for rule in ACCOUNT_RULES:
        finding = rule(health)
        if finding is None:
            continue
        if _first_today(desk, f"{finding.reason}:{finding.severity}"):
            alert(desk, finding)
        if finding.severity == "CRITICAL":
            book.trading_state = finding.reason


def _first_today(desk: Desk, name: str) -> bool:
    today = desk.book.day or ""
    first = desk.book.alerted.get(name) != today
    desk.book.alerted[name] = today
    return first


def flatten_if_stopped(desk: Desk) -> None:
    """While no trading is allowed: no buys in flight, and a sell that never expires for everything held."""
    book = desk.book
    if book.trading_state == ACTIVE:
        return
    at_ms = desk.minute.window_end_ms
    for pair, opened in sorted(book.orders.items()):
        if opened.order.side == "buy":
            desk.cancel(pair, book.trading_state, at_ms)
    for pair, holding in sorted(book.holdings.items()):
        if pair not in book.orders:
            mark = book.marks[pair]
            order = market_order(
                desk.account.name, pair, mark, "sell", holding.quantity, at_ms,
                purpose="flatten", reason=book.trading_state,
            )  # fmt: skip
            desk.place(in_flight(order, mark, expires_at_ms=None, reserved_quote=_ZERO))


def report_stale(desk: Desk) -> None:
    """Report once per episode a pair that was not waited for, or whose mark is unknown while money stands in it."""
    book, minute = desk.book, desk.minute
    at_risk = book.holdings.keys() | book.orders.keys()
    blind = {p for p in at_risk if p not in minute.signals or minute.signals[p].mark_quality == "gap"}
    stale = blind | set(minute.missing)
    for pair in sorted(stale - book.stale):
        alert(desk, _stale(desk, pair), pair)
    book.stale = stale


def _stale(desk: Desk, pair: str) -> Finding:
    minute = desk.minute
    bar_ms = minute.window_end_ms - minute.window_start_ms
    mark = desk.book.marks.get(pair)
    unknown_ms = minute.window_end_ms - mark.marked_at_ms if mark else bar_ms
    return Finding(
        reason="STALE_DATA",
        rule="STALE_DATA",
        severity="WARNING",
        value=Decimal(max(unknown_ms, bar_ms)) / MS_PER_SECOND,
        limit=Decimal(bar_ms) / MS_PER_SECOND,
        message=f"{pair}: no complete candle for the window that ended at {minute.window_end_ms}",
    )
