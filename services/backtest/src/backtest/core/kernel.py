"""One account over one pair in floats: which bars fill what, and equity after each, in one compiled pass.

It knows the plain things alone, `backtest.search.in_floats` says which, and says nothing where it does not know: an
order that a bar fills in part, or an amount so near its limit that floats cannot tell the side. It then returns the
bar at which it gave up. What it does say is for ranking; whoever believes it runs the engine.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: By place: what trading has come to.
STATES = ("ACTIVE", "DAILY_LOSS", "TOTAL_LOSS")
_ACTIVE, _DAY_ENDED, _ENDED = range(3)
#: Decisions of a bar, as places in `backtest.decided.DECISIONS`.
_BUY, _SELL = 1, 2
#: Orders in flight: a sell that the strategy wants it may take back, one that a limit or a plan wants it may not.
_NONE, _BUYING, _SELLING, _LEAVING = range(4)
#: Relative; floats that are nearer to one another may stand either way. Sums of thousands of trades are off by less.
_NEAR = 1e-11
#: Of steps: a quotient that is whole may come out just below or above it.
_WHOLE = 1e-9
_WHOLE_RELATIVE = 4e-15


class BarColumns(NamedTuple):
    """What a pass reads of the bars of a pair.

    Attributes
    ----------
    start_ms
        When each begins.
    open, high, low, close
        Prices.
    risk
        The price that loss limits are looked at with.
    most
        How much one order is filled with.
    traded, honest
        Whether there were trades, and whether its open is the first of them.
    new_day
        Whether it begins a trading day.
    """

    start_ms: NDArray[np.int64]
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    risk: Floats
    most: Floats
    traded: NDArray[np.bool_]
    honest: NDArray[np.bool_]
    new_day: NDArray[np.bool_]


class Plan(NamedTuple):
    """How an account trades, shares of one where the account has percent; 0 where there is no such exit.

    Attributes
    ----------
    cash
        What it begins with.
    position, largest, collar
        Size of an entry, limit on it, and how much more than at the decision it may cost; infinity: any.
    daily_loss, total_loss
        Limits, quote currency.
    stop, target, trailing, maximum_bars
        When a position ends by itself.
    slippage, taker, maker
        Costs.
    tick, lot, least_quantity, least_cost
        Of the venue.
    cooldown_ms, expiry_ms, bar_ms
        Between a fill and the next entry; for how long an entry waits; the length of a bar.
    """

    cash: float
    position: float
    largest: float
    collar: float
    daily_loss: float
    total_loss: float
    stop: float
    target: float
    trailing: float
    maximum_bars: int
    slippage: float
    taker: float
    maker: float
    tick: float
    lot: float
    least_quantity: float
    least_cost: float
    cooldown_ms: int
    expiry_ms: int
    bar_ms: int


class Passed(NamedTuple):
    """What a pass found.

    Attributes
    ----------
    gave_up_at
        The bar that it does not know what to do on; -1 if it came to the end.
    equity
        At each close.
    bars, sides
        Of each fill: the bar, and 1 bought or -1 sold.
    fees
        All of them.
    state
        A place in `STATES`.
    """

    gave_up_at: int
    equity: Floats
    bars: NDArray[np.int64]
    sides: NDArray[np.int8]
    fees: float
    state: int


@numba.njit(cache=True)
def _decimals(price: float) -> int:
    """Return to how many decimals a computed price is rounded, as `contracts.units.price_decimals` has it."""
    return max(12, 7 - int(np.floor(np.log10(price) + 1e-12)))


@numba.njit(cache=True)
def _floor(value: float, step: float) -> float:
    """Return a value down to whole steps; what is whole but for rounding is whole."""
    steps = value / step
    return float(np.floor(steps + max(_WHOLE, steps * _WHOLE_RELATIVE))) * step


@numba.njit(cache=True)
def _ceil(value: float, step: float) -> float:
    steps = value / step
    return float(np.ceil(steps - max(_WHOLE, steps * _WHOLE_RELATIVE))) * step


@numba.njit(cache=True)
def _slipped(price: float, slippage: float, buys: bool) -> float:
    """Return what a taker pays or gets, rounded against it where a price is so small that it matters."""
    if slippage == 0.0:
        return price
    worse = price * (1.0 + slippage) if buys else price * (1.0 - slippage)
    if worse >= 1_000.0:  # the twelfth decimal of it is beyond a float
        return worse
    step = 10.0 ** -_decimals(worse)
    return _ceil(worse, step) if buys else _floor(worse, step)


@numba.njit(cache=True)
def _tick_of(price: float, tick: float) -> float:
    """Return the tick of a price; the usual one is finer where prices are tiny."""
    return 10.0 ** -_decimals(price) if tick == 1e-8 and price < 1e-5 else tick


@numba.njit(cache=True)
def _up_to_tick(price: float, tick: float) -> float:
    return _ceil(price, _tick_of(price, tick))


@numba.njit(cache=True)
def _quantity(money: float, close: float, lot: float) -> float:
    """Return what money buys, down to whole lots."""
    return _floor(_floor(money / close, 10.0 ** (_decimals(close) - 20)), lot)


@numba.njit(cache=True)
def _fee(value: float, share: float) -> float:
    """Return a fee to eight decimals, where a float has so many."""
    fee = value * share
    return np.round(fee * 1e8) / 1e8 if abs(fee) < 1e6 else fee


@numba.njit(cache=True)
def _is_near(value: float, limit: float, scale: float) -> bool:
    return abs(value - limit) <= _NEAR * scale


@numba.njit(cache=True)
def _reaches(low: float, stop: float) -> bool:
    """Return whether a price is at a level or below it; prices of whole ticks are equal or far apart."""
    return low <= stop * (1.0 + 1e-13)


@numba.njit(cache=True)
def passed(bars: BarColumns, decision: NDArray[np.int8], plan: Plan) -> Passed:
    """Return what becomes of an account: the order of things is that of `execution.core.act.trade`.

    One long function: what a bar does changes a dozen numbers, which a compiled loop keeps in registers.
    """
    count = len(decision)
    equity = np.empty(count)
    fill_bars, fill_sides, fills = np.empty(2 * count + 2, np.int64), np.empty(2 * count + 2, np.int8), 0
    cash, held, cost, fees = plan.cash, 0.0, 0.0, 0.0
    day_start, state = plan.cash, _ACTIVE
    order, wanted, decided_close, expires_ms = _NONE, 0.0, 0.0, 0
    entered_at, entered_ms, best, filled_ms = 0.0, 0, 0.0, -1
    has_levels = plan.stop > 0.0 or plan.target > 0.0 or plan.trailing > 0.0
    gave_up_at = -1
    for bar in range(count):
        start_ms = bars.start_ms[bar]
        end_ms = start_ms + plan.bar_ms
        close = bars.close[bar]
        if bars.new_day[bar]:
            day_start = cash + cost
            if state == _DAY_ENDED:
                state = _ACTIVE
        # What was ordered before.
        if order != _NONE and bars.honest[bar] and (order != _BUYING or start_ms < expires_ms):
            price = _slipped(bars.open[bar], plan.slippage, order == _BUYING)
            quantity = wanted if order == _BUYING else held
            limit = np.inf
            if order == _BUYING and plan.collar < np.inf:
                limit = decided_close * (1.0 + plan.collar)
                limit = _floor(limit, _tick_of(limit, plan.tick))
                if _is_near(price, limit, limit):
                    gave_up_at = bar
                    break
            if order == _BUYING and price > limit:
                order = _NONE
            else:
                if quantity > bars.most[bar] * (1.0 - _NEAR):
                    gave_up_at = bar
                    break
                fee = _fee(quantity * price, plan.taker)
                if order == _BUYING:
                    paid = quantity * price + fee
                    if _is_near(paid, cash, cash):
                        gave_up_at = bar
                        break
                    if paid <= cash:
                        if quantity * price <= plan.least_cost * (1.0 + _NEAR):
                            gave_up_at = bar  # so little that nothing may rest on it
                            break
                        cash -= paid
                        held, cost, fees = quantity, quantity * price, fees + fee
                        entered_at, entered_ms, best = price, start_ms, price
                        fill_bars[fills], fill_sides[fills] = bar, 1
                        fills += 1
                        filled_ms = start_ms
                else:
                    cash += quantity * price - fee
                    held, cost, fees = 0.0, 0.0, fees + fee
                    fill_bars[fills], fill_sides[fills] = bar, -1
                    fills += 1
                    filled_ms = start_ms
                order = _NONE
        elif order == _BUYING and end_ms >= expires_ms:
            order = _NONE
        # What rests on what is held, from the entry on.
        if held > 0.0 and has_levels and bars.traded[bar]:
            below = -np.inf
            if plan.stop > 0.0:
                below = entered_at * (1.0 - plan.stop)
            if plan.trailing > 0.0:
                below = max(below, best * (1.0 - plan.trailing))
            stop = _up_to_tick(below, plan.tick) if below > 0.0 else -np.inf
            price, share = 0.0, 0.0
            if _reaches(bars.low[bar], stop):
                price, share = _slipped(min(stop, bars.open[bar]), plan.slippage, False), plan.taker
            elif plan.target > 0.0 and bars.honest[bar]:
                level = _up_to_tick(entered_at * (1.0 + plan.target), plan.tick)
                if not _reaches(bars.high[bar], level):
                    price, share = level, plan.maker
            if price > 0.0:
                if held > bars.most[bar] * (1.0 - _NEAR):
                    gave_up_at = bar
                    break
                fee = _fee(held * price, share)
                cash += held * price - fee
                held, cost, fees = 0.0, 0.0, fees + fee
                fill_bars[fills], fill_sides[fills] = bar, -1
                fills += 1
                filled_ms, order = start_ms, _NONE
            elif plan.trailing > 0.0:
                best = max(best, bars.high[bar])
        equity[bar] = cash + held * close
        # Loss limits.
        if state != _ENDED:
            worth = cash + held * bars.risk[bar]
            lost, lost_today = plan.cash - worth, day_start - worth
            if _is_near(lost, plan.total_loss, plan.cash) or _is_near(lost_today, plan.daily_loss, plan.cash):
                gave_up_at = bar
                break
            if lost_today > plan.daily_loss:
                state = _DAY_ENDED
            if lost > plan.total_loss:
                state = _ENDED
        # What must go.
        if state != _ACTIVE and order == _BUYING:
            order = _NONE
        is_over = plan.maximum_bars > 0 and held > 0.0 and end_ms >= entered_ms + plan.maximum_bars * plan.bar_ms
        # What the strategy wants.
        said = decision[bar]
        leaves = held > 0.0 and order == _NONE and (state != _ACTIVE or is_over)
        if not leaves and ((said == _BUY and order == _SELLING) or (said == _SELL and order == _BUYING)):
            order = _NONE
        sells = held > 0.0 and order == _NONE and said == _SELL
        if leaves or sells:
            value = held * close
            if value <= plan.least_cost * (1.0 + _NEAR):
                gave_up_at = bar
                break
            order = _LEAVING if leaves else _SELLING
        elif said == _BUY and held == 0.0 and order == _NONE and state == _ACTIVE:
            if filled_ms >= 0 and (end_ms - filled_ms) // plan.bar_ms * plan.bar_ms < plan.cooldown_ms:
                continue
            now = equity[bar]
            quantity = _quantity(now * plan.position, close, plan.lot)
            value = quantity * close
            if _is_near(value, plan.least_cost, plan.least_cost) or _is_near(
                quantity, plan.least_quantity, plan.least_quantity
            ):
                gave_up_at = bar
                break
            if value < plan.least_cost or quantity < plan.least_quantity or quantity == 0.0:
                continue
            if plan.position > plan.largest:
                if _is_near(value, now * plan.largest, now):
                    gave_up_at = bar
                    break
                if value > now * plan.largest:
                    continue
            price = _slipped(close, plan.slippage, True)
            expected = quantity * price * (1.0 + plan.taker)
            if _is_near(expected, cash, cash):
                gave_up_at = bar
                break
            if expected > cash:
                continue
            order, wanted, decided_close, expires_ms = _BUYING, quantity, close, end_ms + plan.expiry_ms
    return Passed(gave_up_at, equity, fill_bars[:fills].copy(), fill_sides[:fills].copy(), fees, state)
