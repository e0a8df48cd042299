"""What paper would have made of an account's orders at a venue, candle by candle, beside what the venue made of them.

It listens: nothing that execution publishes or remembers depends on it, and a new process begins without it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal, Protocol

from contracts.fill import Fill
from contracts.mark import MarkedWindow
from contracts.message import Message
from contracts.order import ENDS, Order, OrderSide
from contracts.order_report import OrderReport
from execution.core.orders.life import after

#: Of as many orders, and as many fills, it is remembered that they wait for an end or a candle.
KEPT = 400
#: An order that has ended at the venue and not on paper is waited for through so many candles of its pair.
PATIENCE_BARS = 10
_BPS = 10_000
#: What an account has was looked at when the order was placed.
_ENOUGH = Decimal(10**15)


class Paper(Protocol):
    """The broker of paper."""

    def taken_at(self, order: Order, mark: MarkedWindow) -> tuple[Decimal, Literal["taker", "maker"]] | None:
        """Return the price at which a candle fills `order`, None where it does not."""

    def reports(
        self, orders: Iterable[Order], marks: Mapping[str, MarkedWindow], window_end_ms: int, cash: Decimal
    ) -> list[OrderReport]:
        """Return what becomes of orders in a minute."""

    def cancel(self, order: Order, at_ms: int) -> list[OrderReport]:
        """Return the answer to the wish that an order be cancelled."""


@dataclass(frozen=True, slots=True)
class Slipped:
    """A fill cost so much more than on paper, basis points; less where negative."""

    bps: float


@dataclass(frozen=True, slots=True)
class Ended:
    """An order has ended on both sides, filled or not in the same way: all of it, a part, nothing."""

    same: bool


Found = Slipped | Ended


@dataclass(slots=True)
class _Twin:
    """An order as paper would have it; what the venue has filled of it, once that is over; and candles since."""

    order: Order
    venue_filled: str | None = None
    bars_since: int = 0


@dataclass(slots=True)
class Beside:
    """What waits: orders for their end on both sides, fills for their candle; and each pair's last candle."""

    twins: dict[str, _Twin] = field(default_factory=dict)
    fills: dict[str, tuple[Fill, Order]] = field(default_factory=dict)
    marks: dict[str, MarkedWindow] = field(default_factory=dict)


def listen(beside: Beside, event: Message, told: Iterable[Message], paper: Paper) -> list[Found]:
    """Take what an account heard and what it told of that.

    Parameters
    ----------
    beside
        Before and after.
    event
        A candle with or without a decision, a report or a command.
    told
        What followed from it, in its order.
    paper
        What is compared with.

    Returns
    -------
    list[Found]
        What can be said now: of an order on the candle after its last one, of a fill once its candle is over.
    """
    found: list[Found] = []
    if isinstance(event, MarkedWindow):
        found += _candle(beside, event, paper)
    order: Order | None = None
    for message in told:
        if isinstance(message, Order):
            order = message
            _ordered(beside, order, paper)
        elif isinstance(message, Fill) and order is not None:
            _remember(beside.fills, message.fill_id, (message, order))
            found += _slipped(beside, message.pair, paper)
    return [*found, *_ended(beside)]


def _candle(beside: Beside, mark: MarkedWindow, paper: Paper) -> Iterator[Found]:
    known = beside.marks.get(mark.pair)
    if known is not None and known.window_start_ms >= mark.window_start_ms:
        return  # its decision, which has the same candle
    beside.marks[mark.pair] = mark
    for twin in beside.twins.values():
        if twin.order.pair == mark.pair:
            twin.bars_since += twin.venue_filled is not None
            _trade(twin, mark, paper)
    yield from _slipped(beside, mark.pair, paper)


def _trade(twin: _Twin, mark: MarkedWindow, paper: Paper) -> None:
    """Let paper fill what the candle fills, if that was not over when the order was sent."""
    if twin.order.status in ENDS or mark.window_end_ms <= twin.order.decided_at_ms:
        return
    for report in paper.reports([twin.order], {mark.pair: mark}, mark.window_end_ms, _ENOUGH):
        twin.order = after(twin.order, report)


def _ordered(beside: Beside, order: Order, paper: Paper) -> None:
    """Begin with an order that was sent; take over what became of it at the venue, and what is wanted of it."""
    twin = beside.twins.get(order.order_id)
    if twin is None:
        if order.status != "PLACED" or order.step != 1:
            return  # refused by a limit, or sent before this process began
        twin = _Twin(order)
        _remember(beside.twins, order.order_id, twin)
        if (mark := beside.marks.get(order.pair)) is not None:
            _trade(twin, mark, paper)  # a candle of a pair may come before the order that another pair held up
        return
    if order.status in ENDS:
        twin.venue_filled = _how(order)
    if twin.order.status not in ENDS:
        twin.order = twin.order.model_copy(update={"stop_price": order.stop_price})
        if order.cancel_reason is not None:
            for report in paper.cancel(order, order.updated_at_ms):
                twin.order = after(twin.order, report)


def _slipped(beside: Beside, pair: str, paper: Paper) -> Iterator[Found]:
    """Hold the fills of a candle against it, and forget those whose candle never came."""
    mark = beside.marks.get(pair)
    of_pair = [] if mark is None else [each for each in beside.fills.values() if each[0].pair == pair]
    for fill, order in of_pair:
        assert mark is not None
        if fill.candle_window_start_ms > mark.window_start_ms:
            continue  # the candle is not over
        del beside.fills[fill.fill_id]
        if fill.candle_window_start_ms == mark.window_start_ms and (taken := paper.taken_at(order, mark)) is not None:
            yield Slipped(worse_bps(order.side, Decimal(fill.price), taken[0]))


def worse_bps(side: OrderSide, paid: Decimal, on_paper: Decimal) -> float:
    """Return how much worse for the trader a price is than that of paper, basis points; better where negative.

    Parameters
    ----------
    side
        Of the order.
    paid, on_paper
        The two prices.

    Returns
    -------
    float
        0 where they are equal.

    Examples
    --------
    >>> round(worse_bps("sell", Decimal("99.9"), Decimal(100)), 6)
    10.0
    """
    worse = float(paid / on_paper) - 1
    return _BPS * (worse if side == "buy" else -worse)


def _ended(beside: Beside) -> Iterator[Found]:
    over = [
        name
        for name, twin in beside.twins.items()
        if twin.venue_filled is not None and (twin.order.status in ENDS or twin.bars_since >= PATIENCE_BARS)
    ]
    for name in over:
        twin = beside.twins.pop(name)
        yield Ended(_how(twin.order) == twin.venue_filled)


def _how(order: Order) -> str:
    """Return how much of an order was filled, in a word."""
    filled, quantity = Decimal(order.filled_quantity), Decimal(order.quantity)
    return "nothing" if not filled else "all" if filled >= quantity else "a part"


def _remember(kept: dict[str, Any], name: str, value: object) -> None:
    kept[name] = value
    while len(kept) > KEPT:
        del kept[next(iter(kept))]
