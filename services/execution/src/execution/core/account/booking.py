"""Reports to orders, fills, positions and alerts: the one place where money moves."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from contracts.account import Account
from contracts.errors import BadInputError
from contracts.fill import Fill
from contracts.message import Message
from contracts.order import STOP
from contracts.order_report import Execution, OrderReport
from contracts.position import Position
from contracts.replace import replace
from contracts.trusted import made
from contracts.units import decimal_string
from execution.core.account.guard import Guard
from execution.core.account.holding import Holding
from execution.core.account.portfolio import Decided, Portfolio
from execution.core.alerts import alert
from execution.core.orders.life import after
from execution.core.orders.open_order import OpenOrder
from execution.core.rules import FILL_RULES

_ZERO = Decimal(0)


def book_all(portfolio: Portfolio, reports: Iterable[OrderReport], account: Account) -> Decided:
    """Book the reports of orders in flight, one after another."""
    outputs: list[Message] = []
    for report in reports:
        portfolio, told = book(portfolio, find(portfolio, report), report, account)
        outputs += told
    return portfolio, outputs


def find(portfolio: Portfolio, report: OrderReport) -> OpenOrder:
    """Return the order that a report is of.

    Raises
    ------
    BadInputError
        If it is neither in flight nor among those that have just ended.
    """
    of_pair = portfolio.orders.get(report.pair)
    if of_pair is not None and of_pair.order.order_id == report.order_id:
        return of_pair  # the usual case
    for opened in (*portfolio.in_flight(), *portfolio.resting()):
        if opened.order.order_id == report.order_id:
            return opened
    if report.order_id not in portfolio.ended:
        raise BadInputError("order_report.order_id", f"an order of {report.account} that is known", report.order_id)
    return portfolio.ended[report.order_id]


def book(portfolio: Portfolio, opened: OpenOrder, report: OrderReport, account: Account) -> Decided:
    """Return the portfolio after a report of the order `opened`, which may have ended, and what follows from it.

    A fill is a fact: it is booked whatever the order's state, and once, by its execution id.
    """
    execution = report.execution
    if execution is not None and execution.execution_id in opened.executions:
        return portfolio, []
    order = after(opened.order, report)
    if order is opened.order:
        return portfolio, []
    if execution is None:
        return portfolio.with_order(opened.after(order)), [order]
    portfolio, fill, position = _fill(portfolio, opened, report, execution)
    spent = Decimal(execution.quantity) * Decimal(execution.price) + Decimal(fill.fee_quote)
    left = max(_ZERO, opened.reserved_quote - spent)
    now = opened.filled(order, execution.execution_id, left)
    alerts = [
        alert(account, rule.code, violation, report.reported_at_ms, fill.pair, fill.fill_id)
        for rule in FILL_RULES
        if (violation := rule.check(opened.order, fill)) is not None
    ]
    if opened.plan is not None:
        portfolio = _guarded(portfolio, now, fill)
    return portfolio.with_order(now), [order, fill, position, *alerts]


def _guarded(portfolio: Portfolio, opened: OpenOrder, fill: Fill) -> Portfolio:
    """Return the portfolio with the exit plan of what a first fill has opened."""
    pair = fill.pair
    if opened.plan is None or pair in portfolio.guards or pair not in portfolio.holdings:
        return portfolio
    return portfolio.with_guard(pair, Guard(opened.plan, opened, fill.filled_at_ms, Decimal(fill.price)))


def _fill(
    portfolio: Portfolio, opened: OpenOrder, report: OrderReport, execution: Execution
) -> tuple[Portfolio, Fill, Position]:
    order, pair = opened.order, report.pair
    quantity, price, fee = Decimal(execution.quantity), Decimal(execution.price), Decimal(execution.fee)
    fee_base = fee if execution.fee_in == "base" else _ZERO
    fee_quote = fee_base * price if execution.fee_in == "base" else fee
    signed = quantity if order.side == "buy" else -quantity
    # A fee in base currency is sold for itself at the price of the fill: it leaves what is held, not the cash.
    before = portfolio.holdings.get(pair, Holding())
    held = before.traded(signed - fee_base, price, fee_quote)
    realised = held.realised_quote - before.realised_quote
    holdings = portfolio.holdings.copy()
    holdings.pop(pair, None)
    if held.quantity:
        holdings[pair] = held
    cash_fee = _ZERO if execution.fee_in == "base" else fee
    portfolio = replace(
        portfolio,
        cash=portfolio.cash - (signed * price + cash_fee),
        fees=portfolio.fees + fee_quote,
        realised=portfolio.realised + realised,
        holdings=holdings,
        booked_ms=max(portfolio.booked_ms, report.reported_at_ms),
        today=portfolio.today.with_fill(
            pair, realised - fee_quote, is_stop=report.reason == STOP and not held.quantity
        ),
        filled_ms=portfolio.filled_ms | {pair: max(portfolio.filled_ms.get(pair, 0), report.reported_at_ms)},
    )
    fill = made(
        Fill,
        account=order.account,
        fill_id=f"{order.order_id}:{execution.execution_id}",
        execution_id=execution.execution_id,
        order_id=order.order_id,
        signal_id=order.signal_id,
        exchange=order.exchange,
        pair=pair,
        side=order.side,
        quantity=execution.quantity,
        reference_price=execution.reference_price or decimal_string(portfolio.marks[pair].close),
        price=execution.price,
        fee_quote=decimal_string(fee_quote),
        fee_base=decimal_string(fee_base),
        realised_pnl_quote=decimal_string(realised),
        candle_window_start_ms=report.reported_at_ms // portfolio.bar_ms * portfolio.bar_ms,
        filled_at_ms=report.reported_at_ms,
        model_name=opened.model_name,
        model_version=opened.model_version,
    )
    return portfolio, fill, _position(fill, before, held, portfolio.booked_ms)


def _position(fill: Fill, before: Holding, held: Holding, at_ms: int) -> Position:
    return made(
        Position,
        account=fill.account,
        exchange=fill.exchange,
        pair=fill.pair,
        fill_id=fill.fill_id,
        action="CLOSED" if not held.quantity else "MODIFIED" if before.quantity else "OPENED",
        quantity=decimal_string(held.quantity),
        average_price=decimal_string(held.average_price),
        cost_quote=decimal_string(held.cost_quote),
        realised_pnl_quote=decimal_string(held.realised_quote),
        fees_quote=decimal_string(held.fees_quote),
        updated_at_ms=at_ms,
    )
