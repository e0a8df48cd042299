"""Signals to orders: what a decision means for what is already held and ordered."""

from __future__ import annotations

from decimal import Decimal

from contracts.message import Message
from contracts.order import Order, Purpose
from contracts.replace import replace
from contracts.signal import SHORT, Decision, Signal
from contracts.units import BPS
from contracts.wakes import NEVER, Wakes
from execution.core.account.closes import Closes
from execution.core.account.operator_state import HALTED
from execution.core.account.portfolio import Decided, Portfolio
from execution.core.account.valuation import equity, reserved
from execution.core.context import Context
from execution.core.minute.minute import Minute
from execution.core.orders.close import close, sellable
from execution.core.orders.exit_plan import ExitPlan, exact
from execution.core.orders.give_up import give_up
from execution.core.orders.intent import Intent
from execution.core.orders.place import place, standing
from execution.core.orders.sizing import Asked, Sized, quantity_for, size
from execution.core.rules.rule import PERCENT

SUPERSEDED, SWITCHED_OFF = "superseded", "switched_off"
_ZERO = Decimal(0)
_NO_PLAN, _NO_CLOSES = ExitPlan(), Closes()
#: What the strategy wanted, and may take back.
_STRATEGYS: frozenset[Purpose] = frozenset({"decision", "exit"})
_BUY: frozenset[Decision] = frozenset({"buy"})
_SELL: frozenset[Decision] = frozenset({"sell"})
_BOTH = _BUY | _SELL


def decide(portfolio: Portfolio, minute: Minute, context: Context) -> Decided:
    """Act on the minute's decisions, pairs in sorted order."""
    outputs: list[Message] = []
    for signal in minute.signals.values():
        if signal.reason == "off":
            portfolio, ended = _end_entry(portfolio, signal, context)
            outputs += ended
        if signal.decision == "none":
            continue
        if portfolio.shorts:
            portfolio = _no_longer_short(portfolio, signal)
        if portfolio.denied:
            portfolio = _no_longer_wanted(portfolio, signal)
        if signal.pair in portfolio.orders:
            portfolio, superseded = _supersede(portfolio, signal, context)
            outputs += superseded
        portfolio, ordered = (_enter if signal.decision == "buy" else _exit)(portfolio, signal, context)
        outputs += ordered
    return portfolio, outputs


def wakes(portfolio: Portfolio, context: Context) -> list[Wakes]:
    """Where a pair that is not held is to be bought or sold short, or one that is held sold; else at both.

    Both are with an order in flight, and after a refused short, which is over with any other target. What was denied,
    and will be again, is acted on once it is no longer wanted. That a strategy is switched off concerns an entry in
    flight alone, with which brokers keep awake: any bar may fill it.
    """
    acted_on: dict[str, frozenset[Decision]] = {}
    flat: list[str] = []
    for pair in context.account.pairs:
        is_held = pair in portfolio.holdings and sellable(portfolio, pair, context) > 0
        if is_held:
            acted_on[pair] = _BOTH if pair in portfolio.orders else _SELL
        elif pair in portfolio.orders or pair in portfolio.shorts:
            acted_on[pair] = _BOTH
        else:
            acted_on[pair] = _BUY
            flat.append(pair)
    if portfolio.denied:
        denied = _denied_for_now(portfolio, context)
        for pair in acted_on.keys() & portfolio.denied.keys():
            wanted = acted_on[pair] - _BUY if pair in denied and pair in flat else acted_on[pair]
            acted_on[pair] = wanted | _SELL
    return [Wakes(decisions=acted_on, shorts=frozenset(flat))]


def wakes_of_denied(portfolio: Portfolio, context: Context) -> list[Wakes]:
    """Where what was denied may be allowed, or denied for another reason."""
    return [each for until in _denied_for_now(portfolio, context).values() for each in until if each is not NEVER]


def _denied_for_now(portfolio: Portfolio, context: Context) -> dict[str, list[Wakes]]:
    """Return the pairs of which a buy is denied for what it was told to be, and on which bars that may be otherwise.

    Sizes that depend on the signal are not known before it: rules that ask for them keep awake.
    """
    found: dict[str, list[Wakes]] = {}
    if not portfolio.denied:
        return found
    now = replace(context, at_ms=portfolio.time_ms)
    wanted = equity(portfolio) * context.account.position_pct * PERCENT
    for pair, (_, reason) in portfolio.denied.items():
        quantity = quantity_for(max(wanted, _ZERO), portfolio.marks[pair].close)
        stands = standing(portfolio, pair, quantity, now) if pair in context.account.pairs else None
        if stands is not None and stands[0] == reason:
            found[pair] = stands[1]
    return found


def _end_entry(portfolio: Portfolio, signal: Signal, context: Context) -> Decided:
    """Give up an entry in flight: of a strategy that is switched off nothing more is bought."""
    opened = portfolio.orders.get(signal.pair)
    if opened is None or opened.order.purpose not in _STRATEGYS or opened.order.side != "buy":
        return portfolio, []
    return give_up(portfolio, opened, SWITCHED_OFF, context)


def _no_longer_short(portfolio: Portfolio, signal: Signal) -> Portfolio:
    if signal.target == SHORT or signal.pair not in portfolio.shorts:
        return portfolio
    return replace(portfolio, shorts=portfolio.shorts - {signal.pair})


def _no_longer_wanted(portfolio: Portfolio, signal: Signal) -> Portfolio:
    if signal.decision == "buy" or signal.pair not in portfolio.denied:
        return portfolio
    return _forgotten(portfolio, signal.pair)


def _forgotten(portfolio: Portfolio, pair: str) -> Portfolio:
    others = {other: denial for other, denial in portfolio.denied.items() if other != pair}
    return replace(portfolio, denied=others)


def _supersede(portfolio: Portfolio, signal: Signal, context: Context) -> Decided:
    """Give up an order in flight that the new decision contradicts; what a limit or a plan wants stands."""
    opened = portfolio.orders[signal.pair]
    if opened.order.purpose not in _STRATEGYS or opened.order.side == signal.decision:
        return portfolio, []
    return give_up(portfolio, opened, SUPERSEDED, context)


def _exit(portfolio: Portfolio, signal: Signal, context: Context) -> Decided:
    """Sell what is held; the wish stands until nothing is, whatever becomes of the order, and after a halt."""
    pair = signal.pair
    is_ordered, is_held = pair in portfolio.orders, sellable(portfolio, pair, context) > 0
    if is_ordered or is_held:
        portfolio = replace(portfolio, exiting=portfolio.exiting | {pair})
    if is_held or is_ordered:
        is_to_be_sent = not is_ordered and portfolio.operator_state != HALTED
        return close(portfolio, pair, context) if is_to_be_sent else (portfolio, [])
    return _refuse_short(portfolio, signal, context) if signal.target == SHORT else (portfolio, [])


def _refuse_short(portfolio: Portfolio, signal: Signal, context: Context) -> Decided:
    """Say once that what the strategy wants to be short of is not sold, with as much as it would have bought."""
    pair, sized = signal.pair, size(_asked(portfolio, signal, context))
    if pair in portfolio.shorts or sized.quantity <= 0:
        return portfolio, []
    portfolio = replace(portfolio, shorts=portfolio.shorts | {pair})
    return place(portfolio, Intent(pair, "sell", sized.quantity, size_bound=sized.bound, is_short=True), context)


def _enter(portfolio: Portfolio, signal: Signal, context: Context) -> Decided:
    pair = signal.pair
    if pair in portfolio.exiting:
        portfolio = replace(portfolio, exiting=portfolio.exiting - {pair})
    if pair in portfolio.orders or pair in portfolio.guards or sellable(portfolio, pair, context) > 0:
        return portfolio, []
    sized = size(_asked(portfolio, signal, context))
    if sized.quantity <= 0:
        return portfolio, []  # nothing is left to buy with, or no reason to
    placed, told = place(portfolio, _entry(portfolio, signal, sized, context), context)
    denial = _denial(signal, told)
    if denial is None:
        return (_forgotten(placed, pair) if pair in placed.denied else placed), told
    if portfolio.denied.get(pair) == denial:
        return portfolio, []  # it was told, and nothing has changed
    return replace(placed, denied={**placed.denied, pair: denial}), told


def _denial(signal: Signal, told: list[Message]) -> tuple[str, str] | None:
    """Return whose wish was denied and why, if what was told is that."""
    order = told[0]
    if not isinstance(order, Order) or order.status != "DENIED":
        return None
    return signal.strategy or "", order.reason or ""


def _asked(portfolio: Portfolio, signal: Signal, context: Context) -> Asked:
    broker, mark = context.broker, portfolio.marks[signal.pair]
    price = broker.price("buy", mark.close)
    instrument = broker.instrument(mark.exchange, signal.pair)
    return Asked(
        account=context.account,
        equity=equity(portfolio),
        available_cash=portfolio.cash - reserved(portfolio),
        close=mark.close,
        price=price,
        cost_of=lambda quantity: quantity * price + broker.fee_quote(quantity, price, "taker", instrument),
        plan=ExitPlan.of(signal) or _NO_PLAN,
        probability_up=exact(signal.probability_up),
        confidence=exact(signal.confidence),
        closes=portfolio.closes.get(signal.pair, _NO_CLOSES),
    )


def _entry(portfolio: Portfolio, signal: Signal, sized: Sized, context: Context) -> Intent:
    """Return how the account buys: at the market within its collar, or for a limit below the decision's price."""
    account, mark = context.account, portfolio.marks[signal.pair]
    instrument = context.broker.instrument(mark.exchange, signal.pair)
    plan, expires_at_ms = ExitPlan.of(signal), signal.expires_at_ms
    if account.entry_order == "market":
        pct = account.collar_pct
        collar = None if pct is None else instrument.to_tick(mark.close * (1 + pct * PERCENT))
        return Intent(
            signal.pair,
            "buy",
            sized.quantity,
            expires_at_ms=expires_at_ms,
            collar_price=collar,
            plan=plan,
            size_bound=sized.bound,
        )
    return Intent(
        signal.pair,
        "buy",
        sized.quantity,
        # One that stands until it is done is no answer to one moment's question: the opposite decision ends it.
        expires_at_ms=None if account.entry_time_in_force == "GTC" else expires_at_ms,
        order_type="limit",
        limit_price=instrument.to_tick(mark.close * (1 - account.entry_offset_bps * BPS)),
        time_in_force=account.entry_time_in_force,
        instruction="post_only" if account.entry_post_only else None,
        plan=plan,
        size_bound=sized.bound,
    )
