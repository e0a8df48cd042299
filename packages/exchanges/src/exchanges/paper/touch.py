"""When a bar fills an order, and at what price: a function for each kind of order.

A bar says four prices and nothing of the way between them, so what is not known is taken against the trader: a stop
comes before a target, a resting limit is only filled by a price beyond it, what opens beyond a stop is sold there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Literal

from contracts.mark import MarkedWindow
from contracts.order import STOP, Order, OrderType
from contracts.values import dataclass

Liquidity = Literal["taker", "maker"]
#: Reasons that orders end with, or are filled for.
COLLAR, POST_ONLY, TARGET = "collar", "post_only", "target"


@dataclass(frozen=True, slots=True)
class Touched:
    """What the market showed.

    Attributes
    ----------
    price
        At which the order is filled, before slippage.
    liquidity
        A taker's price slips, a maker's does not.
    worst
        What slippage takes it to at most; None without such a bound.
    reason
        Which of several levels it was.
    """

    price: Decimal
    liquidity: Liquidity
    worst: Decimal | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The venue does not take the order as things stand."""

    reason: str


#: An order, the bar, and whether it is the first that the order could be filled on -> what comes of it.
Touch = Callable[[Order, MarkedWindow, bool], Touched | Refused | None]


def market(order: Order, mark: MarkedWindow, _is_first: bool) -> Touched | Refused | None:
    """At the open: the first trade after the decision. A gap's open may not be that."""
    if not _is_honest(mark):
        return None
    return Touched(Decimal(mark.mark_open), "taker")


def limit(order: Order, mark: MarkedWindow, is_first: bool) -> Touched | Refused | None:
    """At the open where that is no worse than the limit on arrival; later at the limit, once a price goes beyond."""
    if not _is_honest(mark) or order.limit_price is None:
        return None
    level, buys = Decimal(order.limit_price), order.side == "buy"
    first, beyond = Decimal(mark.mark_open), Decimal(mark.mark_low if buys else mark.mark_high)
    if is_first and (first <= level if buys else first >= level):
        return Refused(POST_ONLY) if order.instruction == "post_only" else Touched(first, "taker", worst=level)
    if order.time_in_force == "IOC":
        return None
    return Touched(level, "maker") if (beyond < level if buys else beyond > level) else None


def protective(order: Order, mark: MarkedWindow, _is_first: bool) -> Touched | Refused | None:
    """A sell at the worse of stop and open once the low reaches the stop; else at the target once the high is beyond.

    Of a gap only the stop counts: what was traded did reach it, whatever else was. A stop that was reached in an
    earlier bar is an order at the market.
    """
    if order.is_set_off:
        return Touched(Decimal(mark.mark_open), "taker", reason=STOP) if _is_honest(mark) else None
    if mark.mark_trade_count == 0:
        return None
    stop, target = order.stop_price, order.limit_price
    if stop is not None and Decimal(mark.mark_low) <= Decimal(stop):
        return Touched(min(Decimal(stop), Decimal(mark.mark_open)), "taker", reason=STOP)
    if target is not None and _is_honest(mark) and Decimal(mark.mark_high) > Decimal(target):
        return Touched(Decimal(target), "maker", reason=TARGET)
    return None


def _is_honest(mark: MarkedWindow) -> bool:
    # The open of a gap candle need not be the first trade after the decision: nobody knows what was before it.
    return mark.mark_trade_count > 0 and mark.mark_quality != "gap"


#: By the type of an order.
TOUCHES: Mapping[OrderType, Touch] = {
    "market": market,
    "limit": limit,
    "stop": protective,
    "target": protective,
    "bracket": protective,
}
