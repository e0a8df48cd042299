"""The order that rests on what is held: placed after an entry, raised by a trailing stop, gone with the position."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from contracts.message import Message
from contracts.order import ENDS, Order
from contracts.replace import replace
from contracts.units import decimal_string
from contracts.wakes import ALWAYS, Wakes
from execution.core.account.guard import Guard
from execution.core.account.portfolio import Decided, Portfolio
from execution.core.context import Context
from execution.core.minute.minute import Minute
from execution.core.orders.close import sellable
from execution.core.orders.give_up import give_up
from execution.core.orders.ids import order_id
from execution.core.orders.life import amended
from execution.core.orders.open_order import OpenOrder
from execution.core.steps.flatten import REMOVED_PAIR

POSITION_CLOSED, RESIZED, EXIT_REACHED = "position_closed", "resized", "exit_reached"


def protect(portfolio: Portfolio, context: Context) -> Decided:
    """See that what rests on a position is as large as it, and that nothing rests on, or sells, what is not held."""
    outputs: list[Message] = []
    if not portfolio.guards:
        return portfolio, outputs
    for pair in sorted(portfolio.guards):
        portfolio, told = (_rest if _is_held(portfolio, pair) else _release)(portfolio, pair, context)
        outputs += told
    return portfolio, outputs


def trail(portfolio: Portfolio, minute: Minute, context: Context) -> Decided:
    """After a bar with trades, let stops follow its high: what came first within it is not known."""
    outputs: list[Message] = []
    if not portfolio.guards:
        return portfolio, outputs
    for pair, guard in sorted(portfolio.guards.items()):
        candle = minute.candles.get(pair)
        if guard.plan.trailing_pct is None or candle is None or not candle.mark_trade_count:
            continue
        guard = replace(guard, best=max(guard.best, Decimal(candle.mark_high)))
        stop = _levels(portfolio, pair, guard, context)[0]
        resting = guard.opened
        if resting is not None and stop != resting.order.stop_price and not resting.order.is_set_off:
            order = amended(resting.order, context.at_ms, stop_price=stop)
            guard = replace(guard, opened=replace(resting, order=order))
            outputs.append(order)
        portfolio = portfolio.with_guard(pair, guard)
    return portfolio, outputs


def wakes(portfolio: Portfolio, _context: Context) -> Iterable[Wakes]:
    """Where a stop follows the price up; while nothing rests on what should have something, on every bar."""
    for pair, guard in portfolio.guards.items():
        if guard.plan.has_levels and guard.opened is None:
            yield ALWAYS
        elif guard.plan.trailing_pct is not None:
            yield Wakes(high_at_least={pair: guard.best})


def _is_held(portfolio: Portfolio, pair: str) -> bool:
    return pair in portfolio.holdings and portfolio.holdings[pair].quantity > 0


def _levels(portfolio: Portfolio, pair: str, guard: Guard, context: Context) -> tuple[str | None, str | None]:
    instrument = context.broker.instrument(guard.entry.order.exchange, pair)
    entered_at = portfolio.holdings[pair].average_price
    levels = guard.stop(entered_at, instrument), guard.target(entered_at, instrument)
    stop, target = (None if level is None else decimal_string(level) for level in levels)
    return stop, target


def _rest(portfolio: Portfolio, pair: str, context: Context) -> Decided:
    """Place what should rest on a position, anew where the position has another size."""
    guard, quantity, told = portfolio.guards[pair], sellable(portfolio, pair, context), list[Message]()
    if not guard.plan.has_levels:
        return portfolio, told
    in_flight = portfolio.orders.get(pair)
    if in_flight and guard.opened and guard.opened.order.status == "PARTIALLY_FILLED":
        # The way out has begun: nothing more of the entry, and nothing is sold by two orders at once.
        portfolio, told = give_up(portfolio, in_flight, EXIT_REACHED, context)
    is_traded = pair in context.account.pairs  # of others nobody brings the price that would reach it
    if guard.opened is not None:
        order = guard.opened.order
        if is_traded and Decimal(order.quantity) - Decimal(order.filled_quantity) == quantity:
            return portfolio, told
        portfolio, given_up = give_up(portfolio, guard.opened, RESIZED if is_traded else REMOVED_PAIR, context)
        told, guard = [*told, *given_up], portfolio.guards[pair]
    is_free = guard.opened is None and not _is_being_sold(portfolio, pair, context)
    if not is_free or not is_traded or _is_too_little(portfolio, pair, quantity, context):
        return portfolio, told
    guard = replace(guard, attempts=guard.attempts + 1)
    order = _resting(portfolio, pair, guard, quantity, context)
    opened = OpenOrder(order, Decimal(0), guard.entry.model_name, guard.entry.model_version)
    return portfolio.with_guard(pair, guard).with_order(opened), [*told, order]


def _is_being_sold(portfolio: Portfolio, pair: str, context: Context) -> bool:
    """Whether an order in flight has set the position aside at a venue: nothing can rest on it then."""
    opened = portfolio.orders.get(pair)
    return context.broker.answers_later and opened is not None and opened.order.side == "sell"


def _is_too_little(portfolio: Portfolio, pair: str, quantity: Decimal, context: Context) -> bool:
    instrument = context.broker.instrument(portfolio.guards[pair].entry.order.exchange, pair)
    return instrument.is_below_minimum(quantity, portfolio.holdings[pair].average_price) or quantity == 0


def _resting(portfolio: Portfolio, pair: str, guard: Guard, quantity: Decimal, context: Context) -> Order:
    stop, target = _levels(portfolio, pair, guard, context)
    entry = guard.entry.order
    # A fill that comes after all was sold begins another position of the same entry, which counts its attempts anew.
    fills = len(guard.entry.executions)
    again = f"{fills}:" if fills > 1 else ""
    # It rests from the entry on: within the bar that filled it, which is what this minute is about.
    at_ms = max(guard.since_ms, context.at_ms - context.bar_ms)
    return Order(
        account=entry.account,
        order_id=order_id(f"{entry.signal_id}:{again}{guard.attempts}", "protect"),
        signal_id=entry.signal_id,
        exchange=entry.exchange,
        pair=pair,
        purpose="protect",
        side="sell",
        order_type=guard.order_type,
        stop_price=stop,
        limit_price=target,
        instruction="reduce_only",
        quantity=decimal_string(quantity),
        status="PLACED",
        reason=None,
        decided_at_ms=at_ms,
        updated_at_ms=at_ms,
    )


def _release(portfolio: Portfolio, pair: str, context: Context) -> Decided:
    """Give up what rests on what is not held any more, and what is in flight for it: a sell, or the entry's rest."""
    outputs: list[Message] = []
    for opened in (portfolio.guards[pair].opened, portfolio.orders.get(pair)):
        if opened is not None and opened.order.status not in ENDS:
            portfolio, told = give_up(portfolio, opened, POSITION_CLOSED, context)
            outputs += told
    if portfolio.guards[pair].opened is not None:
        return portfolio, outputs  # until the venue has answered
    others = {other: guard for other, guard in portfolio.guards.items() if other != pair}
    return replace(portfolio, guards=others), outputs
