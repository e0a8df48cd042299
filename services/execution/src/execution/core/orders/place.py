"""An intent to an order: down to whole lots, then placed, or denied by the first rule that objects."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from contracts.order import Order, OrderStatus
from contracts.replace import replace
from contracts.trusted import made
from contracts.units import MS_PER_MINUTE, decimal_string
from contracts.wakes import Wakes
from execution.core.account.mark import Mark
from execution.core.account.portfolio import Decided, Portfolio
from execution.core.account.valuation import equity, invested, reserved
from execution.core.alerts import alert
from execution.core.context import Context
from execution.core.orders.intent import Intent
from execution.core.orders.open_order import OpenOrder
from execution.core.rules import EXIT_RULES, ORDER_RULES
from execution.core.rules.rule import OrderRequest, OrderRule, RiskViolation

_ZERO = Decimal(0)
_HOUR_MS = 60 * MS_PER_MINUTE


def place(portfolio: Portfolio, intent: Intent, context: Context) -> Decided:
    """Place an order that follows from the pair's last signal, or deny it."""
    mark = portfolio.marks[intent.pair]
    request = _request(portfolio, intent, mark, context)
    found = _first_violation(request, intent)
    # What is less than a lot is denied as it was wanted: an order of nothing would say nothing.
    quantity = request.quantity or intent.quantity
    order_id = portfolio.sent_of(intent.pair).next_id(mark.signal_id, intent.purpose)
    sent = portfolio.with_another_sent(intent.pair, mark.signal_id, intent.purpose)
    if found is None:
        order = _order(order_id, intent, mark, quantity, context, "PLACED", intent.reason)
        buys = intent.side == "buy"
        opened = OpenOrder(
            order, request.cost_quote if buys else _ZERO, mark.model_name, mark.model_version, plan=intent.plan
        )
        changes: dict[str, Any] = _entered(portfolio, context) if buys else {}
        return replace(portfolio, sent=sent, orders={**portfolio.orders, intent.pair: opened}, **changes), [order]
    portfolio = replace(portfolio, sent=sent)
    rule, violation = found
    order = _order(order_id, intent, mark, quantity, context, "DENIED", violation.reason)
    told = [] if rule.code is None else [alert(context.account, rule.code, violation, context.at_ms, intent.pair)]
    return portfolio, [order, *told]


def standing(portfolio: Portfolio, pair: str, quantity: Decimal, context: Context) -> tuple[str, list[Wakes]] | None:
    """Return why a buy is denied now, and on which bars that may be otherwise; None if on any."""
    request = _request(portfolio, Intent(pair, "buy", quantity), portfolio.marks[pair], context)
    until: list[Wakes] = []
    for rule in ORDER_RULES:
        wakes = None if rule.stands is None else rule.stands(request)
        if wakes is None:
            return None
        until.append(wakes)
        if (found := rule.check(request)) is not None:
            return found.reason, until
    return None


def _order(
    order_id: str,
    intent: Intent,
    mark: Mark,
    quantity: Decimal,
    context: Context,
    status: OrderStatus,
    reason: str | None,
) -> Order:
    order = made(
        Order,
        account=context.account.name,
        order_id=order_id,
        signal_id=mark.signal_id,
        exchange=mark.exchange,
        pair=intent.pair,
        purpose=intent.purpose,
        side=intent.side,
        order_type=intent.order_type,
        limit_price=_text(intent.limit_price),
        collar_price=_text(intent.collar_price),
        time_in_force=intent.time_in_force,
        size_bound=intent.size_bound,
        instruction=intent.instruction,
        quantity=decimal_string(quantity),
        status=status,
        reason=reason,
        expires_at_ms=intent.expires_at_ms,
        decided_at_ms=context.at_ms,
        updated_at_ms=context.at_ms,
    )
    # Of all that it is made of only the quantity may be what no order can have; then its class says so.
    return order if quantity > 0 else Order.model_validate(order.model_dump())


def _request(portfolio: Portfolio, intent: Intent, mark: Mark, context: Context) -> OrderRequest:
    broker = context.broker
    instrument = broker.instrument(mark.exchange, intent.pair)
    quantity, price = instrument.rounded(intent.quantity), intent.limit_price or broker.price(intent.side, mark.close)
    return OrderRequest(
        account=context.account,
        pair=intent.pair,
        instrument=instrument,
        trading_state=portfolio.trading_state,
        operator_state=portfolio.operator_state,
        owner_state=portfolio.owner_state,
        of_owner=context.of_owner,
        equity=equity(portfolio),
        quantity=quantity,
        price=mark.close,
        cost_quote=quantity * price + broker.fee_quote(quantity, price, "taker", instrument),
        available_cash=portfolio.cash - reserved(portfolio),
        initial_balance=portfolio.initial_balance,
        open_pairs=_open_pairs_beside(portfolio, intent.pair),
        today=portfolio.today,
        bars_since_fill=_bars_since_fill(portfolio, intent.pair, context),
        is_short=intent.is_short,
        entries_in_hour=len(_recent(portfolio, context)),
        invested=invested(portfolio),
    )


def _entered(portfolio: Portfolio, context: Context) -> dict[str, Any]:
    """Return what a buy changes; of those of the last hour as many are kept as a limit asks about."""
    most = context.account.max_entries_per_hour
    kept = () if most is None else (*_recent(portfolio, context), context.at_ms)[-most:]
    return {"today": portfolio.today.with_entry(), "entered_ms": kept}


def _recent(portfolio: Portfolio, context: Context) -> list[int]:
    """Return when the buys that are remembered were sent, those of the last hour."""
    if not portfolio.entered_ms:
        return []
    return [sent_ms for sent_ms in portfolio.entered_ms if sent_ms > context.at_ms - _HOUR_MS]


def _open_pairs_beside(portfolio: Portfolio, own: str) -> int:
    """Return how many other pairs are held or being bought."""
    if not (portfolio.orders or portfolio.holdings):
        return 0
    buying = {pair for pair, opened in portfolio.orders.items() if opened.order.side == "buy"}
    held = {pair for pair, holding in portfolio.holdings.items() if holding.quantity > 0}
    return len((buying | held) - {own})


def _text(price: Decimal | None) -> str | None:
    return None if price is None else decimal_string(price)


def _bars_since_fill(portfolio: Portfolio, pair: str, context: Context) -> int | None:
    filled_ms = portfolio.filled_ms.get(pair)
    return None if filled_ms is None else (context.at_ms - filled_ms) // context.bar_ms


def _first_violation(request: OrderRequest, intent: Intent) -> tuple[OrderRule, RiskViolation] | None:
    for rule in ORDER_RULES if intent.opens else EXIT_RULES:
        if (found := rule.check(request)) is not None:
            return rule, found
    return None
