"""RSI, directional indicators, ADX and stochastic RSI: null where what was forgotten could still change them.

They divide one decaying average by another. On a quiet market both decay, and what decides their ratio may be what
lies before the bars they were opened on. So each says how far it can be from its value on an endless history (ADR
0010). RSI and directional indicators are known where that is at most `CONVERGENCE` of themselves, the others where it
is at most `CONVERGENCE`. What is forgotten decays at least as fast as what is remembered, so it then stays so.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import talib
from numpy.typing import NDArray
from talib import stream

from features import ANCHOR_BARS
from features.blocks import Floats
from features.functions import CONVERGENCE, SLOWER
from features.wilder import (
    ROUNDS,
    Scale,
    average,
    changes,
    directional_moves,
    forgotten,
    latest_changes,
    longest_still,
    open_average,
    reach_of,
    recent,
    scale_of,
    stillness,
    true_ranges,
)

_Known = NDArray[np.bool_]
#: How far rounding may bring an RSI from its value, in percent.
_ROUNDING = 1e-13
#: A stochastic RSI is opened on bars enough for its RSI to be settled to this part of `CONVERGENCE`.
_FINER = 1e-4
#: Within so many bars after the anchor, what was forgotten is mostly small enough to be looked at no more.
_SOON = 240
_NAN = math.nan


class Over(NamedTuple):
    """A function over consecutive bars: its outputs, NaN where they are not known, and on which bar it settled."""

    outputs: tuple[Floats, ...]
    settled: int


class Handle(NamedTuple):
    """A function at work.

    Attributes
    ----------
    update
        Takes the columns of the next bar and returns the outputs, NaN where they are not known.
    peek
        Returns the same and keeps nothing.
    settled
        Returns whether what was forgotten is too small, by now, to be looked at any more.
    """

    update: Callable[..., Any]
    peek: Callable[..., Any]
    settled: Callable[[], bool]


class Ratio(NamedTuple):
    """A function, on columns whose first `bars` bars are those before an anchor.

    Attributes
    ----------
    over
        Returns it on each bar.
    opened
        Returns it behind the last bar.
    excess
        Returns how many times as far as allowed it can be off at an anchor behind the last bar: so much more has to
        be forgotten.
    """

    over: Callable[..., Over]
    opened: Callable[..., Handle]
    excess: Callable[..., float]


def _percent(part: Floats, whole: Floats, otherwise: float) -> Floats:
    found: Floats = 100.0 * part / whole
    found[~(whole > 0.0)] = otherwise
    return found


def _first(where: _Known) -> int:
    """Return the first place that is true, or how many places there are."""
    place = int(np.argmax(where)) if len(where) else 0
    return place if len(where) and where[place] else len(where)


def _known(error: Callable[[int], Floats], bars: int, *values: Floats, of_value: bool = True) -> int:
    """Set values to NaN where they are not known; `error` says how far the first so many can be off.

    Returns
    -------
    int
        The bar on which they settled.
    """
    size = len(values[0])
    looked_at = min(bars + _SOON, size)
    off = error(looked_at)
    settled = _first(off <= CONVERGENCE)
    if settled == looked_at < size:
        off = error(size)
        settled = _first(off <= CONVERGENCE)
    for value in values:
        head = value[:settled]
        head[~(off[:settled] <= CONVERGENCE * head) if of_value else slice(None)] = _NAN
    return settled


def _within(error: float, value: float) -> bool:
    return error <= CONVERGENCE or error <= CONVERGENCE * value


def _excess(bars: int, period: int, highest: float, whole: float, part: float) -> float:
    """Return by how much too far off the share of an average `part` in an average `whole` can be.

    Parameters
    ----------
    bars
        That they are opened on.
    highest
        Price of these.
    """
    if not whole > 0.0:
        return math.inf
    error = 100.0 * (forgotten(period, bars)[-1] * highest) / whole
    return float(error / (CONVERGENCE * max(100.0 * part / whole, 1.0)))


def _forget_still(moves: Floats, period: int, *values: Floats) -> None:
    """Set values to NaN where nothing has moved for too long."""
    longest = longest_still(period)
    if np.count_nonzero(moves) <= len(moves) - longest:  # else it cannot be
        standing = stillness(moves) > longest
        for value in values:
            value[standing] = _NAN


# Relative strength.


def _strength_error(moves: Floats, highest: float, period: int) -> Floats:
    return _percent(forgotten(period, len(moves) + 1) * highest, average(moves, period), math.inf)


def _rsi(close: Floats, *, bars: int, timeperiod: int) -> Over:
    scale = scale_of(close[:bars])
    units = scale.units(close)
    moves = changes(units)
    values = talib.RSI(units, timeperiod=timeperiod)
    settled = _known(lambda count: _strength_error(moves[: count - 1], scale.highest, timeperiod), bars, values)
    _forget_still(moves, timeperiod, values)
    return Over((values,), settled)


def _rsi_excess(close: Floats, *, timeperiod: int, **_windows: int) -> float:
    change = latest_changes(close, timeperiod)
    whole = recent(np.abs(change), timeperiod)
    gains = recent(np.maximum(change, 0.0), timeperiod)
    return _excess(len(close), timeperiod, float(close.max()), whole, gains)


def _open_rsi(close: Floats, *, bars: int, timeperiod: int) -> Handle:
    scale = scale_of(close[:bars])
    factor, highest = scale
    units = scale.units(close)
    moves = changes(units)
    value, average_move = stream.RSI(units, timeperiod=timeperiod), open_average(moves, timeperiod)
    left = forgotten(timeperiod, bars + ANCHOR_BARS).tolist()
    longest = longest_still(timeperiod)
    update_value, last, place, still = value.update, float(units[-1]), len(close), int(stillness(moves)[-1])
    settled = bool(np.any(_strength_error(moves, highest, timeperiod) <= CONVERGENCE))

    def error(moves: float) -> float:
        return 100.0 * (left[place] * highest) / moves if moves > 0.0 else math.inf

    def update(close: float) -> float:
        nonlocal last, place, still, settled
        before, last = last, (close * factor + ROUNDS) - ROUNDS
        still = still + 1 if last == before else 0
        found: float = update_value(last)
        if not settled:
            off = error(average_move.update(abs(last - before)))
            place += 1
            settled = off <= CONVERGENCE
            if not settled and not off <= CONVERGENCE * found:
                return _NAN
        return found if still <= longest else _NAN

    def peek(close: float) -> float:
        units = (close * factor + ROUNDS) - ROUNDS
        found: float = value.peek(units)
        if units == last and still >= longest:
            return _NAN
        return found if settled or _within(error(average_move.peek(abs(units - last))), found) else _NAN

    return Handle(update, peek, lambda: settled)


# Stochastic RSI.


def _places(value: Floats, bars: int) -> tuple[Floats, Floats]:
    """Return where each value stands in the range of the last ones, in percent, and that range."""
    lowest = talib.MIN(value, timeperiod=bars)
    spread = talib.MAX(value, timeperiod=bars) - lowest
    return _percent(value - lowest, spread, 0.0), spread


def _shrunk(error: Floats) -> Floats:
    """Return how far an RSI can be off, rounding instead from where it is no more than that."""
    return np.where(np.logical_or.accumulate(error <= _ROUNDING), _ROUNDING, error)


def _later(values: Floats, bars: int, first: float) -> Floats:
    """Return the value of `bars` bars ago."""
    return np.concatenate([np.full(bars, first), values[: len(values) - bars]])


def _stochastic_rsi(close: Floats, *, bars: int, timeperiod: int, fastk_period: int, fastd_period: int) -> Over:
    scale = scale_of(close[:bars])
    units = scale.units(close)
    error = _shrunk(_strength_error(changes(units), scale.highest, timeperiod))
    fast, spread = _places(talib.RSI(units, timeperiod=timeperiod), fastk_period)
    slow, least = fast, spread
    for later in range(1, fastd_period):
        slow, least = slow + _later(fast, later, 0.0), np.minimum(least, _later(spread, later, 0.0))
    # That of the oldest RSI is the greatest, as it only ever shrinks.
    oldest = _later(error, fastk_period + fastd_period - 2, math.inf)
    off = _percent(4.0 * (oldest + _ROUNDING), least, math.inf)
    outputs = tuple(np.where(off <= CONVERGENCE, each, _NAN) for each in (fast, slow / fastd_period))
    return Over(outputs, _first(oldest == _ROUNDING))


def _stochastic_rsi_excess(close: Floats, *, timeperiod: int, fastk_period: int, fastd_period: int) -> float:
    # Of the oldest RSI it uses, which has to be settled better than one that is used for itself.
    return _rsi_excess(close[: len(close) - fastk_period - fastd_period], timeperiod=timeperiod) / _FINER


def _open_stochastic_rsi(
    close: Floats, *, bars: int, timeperiod: int, fastk_period: int, fastd_period: int
) -> Handle:
    scale = scale_of(close[:bars])
    factor, highest = scale
    units = scale.units(close)
    moves = changes(units)
    strengths = talib.RSI(units, timeperiod=timeperiod)
    value, average_move = stream.RSI(units, timeperiod=timeperiod), open_average(moves, timeperiod)
    lowest, greatest = (
        getattr(stream, name)(strengths[timeperiod:], timeperiod=fastk_period) for name in ("MIN", "MAX")
    )
    left = forgotten(timeperiod, bars + ANCHOR_BARS).tolist()
    last, place = float(units[-1]), len(close)
    places, spreads = (
        deque(each[-fastd_period:].tolist(), fastd_period) for each in _places(strengths, fastk_period)
    )
    span = fastk_period + fastd_period - 1
    shrunk = _shrunk(_strength_error(moves, highest, timeperiod))
    errors, small = deque(shrunk[-span:].tolist(), span), bool(shrunk[-1] == _ROUNDING)

    def error(moves: float) -> float:
        off = 100.0 * (left[place] * highest) / moves if moves > 0.0 else math.inf
        return _ROUNDING if off <= _ROUNDING else off

    def outputs(
        strength: float, low: float, high: float, places: deque[float], spreads: deque[float], oldest: float
    ) -> tuple[float, float]:
        spread = high - low
        fast = 100.0 * (strength - low) / spread if spread > 0.0 else 0.0
        places.append(fast)
        spreads.append(spread)
        least = min(spreads)
        if not (least > 0.0 and 100.0 * (4.0 * (oldest + _ROUNDING)) / least <= CONVERGENCE):
            return _NAN, _NAN
        slow = fast
        for later in range(2, fastd_period + 1):
            slow = slow + places[-later]
        return fast, slow / fastd_period

    def update(close: float) -> tuple[float, float]:
        nonlocal last, place, small
        before, last = last, (close * factor + ROUNDS) - ROUNDS
        strength = value.update(last)
        if not small:
            errors.append(error(average_move.update(abs(last - before))))
            place += 1
            small = errors[-1] == _ROUNDING
        else:
            errors.append(_ROUNDING)
        return outputs(strength, lowest.update(strength), greatest.update(strength), places, spreads, errors[0])

    def peek(close: float) -> tuple[float, float]:
        units = (close * factor + ROUNDS) - ROUNDS
        strength = value.peek(units)
        oldest = errors[1] if span > 1 else error(average_move.peek(abs(units - last)))
        found = lowest.peek(strength), greatest.peek(strength)
        return outputs(strength, *found, places.copy(), spreads.copy(), oldest)

    return Handle(update, peek, lambda: errors[0] == _ROUNDING)


# Directional indicators.


def _directional_parts(
    high: Floats, low: Floats, close: Floats, bars: int
) -> tuple[Scale, tuple[Floats, Floats, Floats], tuple[Floats, Floats, Floats]]:
    """Return the scale, the prices in units, and the moves."""
    scale = scale_of(high[:bars])
    prices = high, low, close = scale.units(high), scale.units(low), scale.units(close)
    return scale, prices, (*directional_moves(high, low), true_ranges(high, low, close))


def _range_error(ranges: Floats, highest: float, period: int) -> Floats:
    return _percent(forgotten(period, len(ranges)) * highest, ranges, math.inf)


def _directional(high: Floats, low: Floats, close: Floats, *, bars: int, timeperiod: int) -> Over:
    (_, highest), _, moves = _directional_parts(high, low, close, bars)
    up, down, ranges = (average(each, timeperiod) for each in moves)
    values = _percent(up, ranges, 0.0), _percent(down, ranges, 0.0)
    settled = _known(lambda count: _range_error(ranges[:count], highest, timeperiod), bars, *values)
    _forget_still(moves[2], timeperiod, *values)
    return Over(values, settled)


def _directional_excess(high: Floats, low: Floats, close: Floats, *, timeperiod: int) -> float:
    last = slice(-reach_of(timeperiod) - 1, None)
    whole = recent(true_ranges(high[last], low[last], close[last]), timeperiod)
    up, down = (recent(each, timeperiod) for each in directional_moves(high[last], low[last]))
    return _excess(len(high), timeperiod, float(high.max()), whole, min(up, down))


def _open_directional(high: Floats, low: Floats, close: Floats, *, bars: int, timeperiod: int) -> Handle:
    (factor, highest), columns, moves = _directional_parts(high, low, close, bars)
    ups, downs, ranges = (open_average(each, timeperiod) for each in moves)
    left = forgotten(timeperiod, bars + ANCHOR_BARS).tolist()
    longest = longest_still(timeperiod)
    last_high, last_low, last_close = (float(each[-1]) for each in columns)
    place, still = len(high), int(stillness(moves[2])[-1])
    settled = bool(np.any(_range_error(average(moves[2], timeperiod), highest, timeperiod) <= CONVERGENCE))
    update_up, update_down, update_reach = ups.update, downs.update, ranges.update

    def known(up: float, down: float, reach: float) -> tuple[float, float]:
        if not reach > 0.0:
            return _NAN, _NAN
        plus, minus = 100.0 * up / reach, 100.0 * down / reach
        if settled:
            return plus, minus
        off = 100.0 * (left[place] * highest) / reach
        return plus if _within(off, plus) else _NAN, minus if _within(off, minus) else _NAN

    def update(high: float, low: float, close: float) -> tuple[float, float]:
        nonlocal last_high, last_low, last_close, place, still, settled
        high, low = (high * factor + ROUNDS) - ROUNDS, (low * factor + ROUNDS) - ROUNDS
        up, down = high - last_high, last_low - low
        span = (high if high > last_close else last_close) - (low if low < last_close else last_close)
        last_high, last_low, last_close = high, low, (close * factor + ROUNDS) - ROUNDS
        still = 0 if span > 0.0 else still + 1
        reach = update_reach(span)
        found = known(
            update_up(up if up > down and up > 0.0 else 0.0),
            update_down(down if down > up and down > 0.0 else 0.0),
            reach,
        )
        if not settled:
            settled = reach > 0.0 and 100.0 * (left[place] * highest) / reach <= CONVERGENCE
            place += 1
        return found if still <= longest else (_NAN, _NAN)

    def peek(high: float, low: float, close: float) -> tuple[float, float]:
        high, low = (high * factor + ROUNDS) - ROUNDS, (low * factor + ROUNDS) - ROUNDS
        up, down = high - last_high, last_low - low
        span = (high if high > last_close else last_close) - (low if low < last_close else last_close)
        if not span > 0.0 and still >= longest:
            return _NAN, _NAN
        rises = ups.peek(up if up > down and up > 0.0 else 0.0)
        return known(rises, downs.peek(down if down > up and down > 0.0 else 0.0), ranges.peek(span))

    return Handle(update, peek, lambda: settled)


# The average directional index.


def _index(up: Floats, down: Floats) -> Floats:
    return _percent(np.abs(up - down), up + down, 0.0)


def _index_error(up: Floats, down: Floats, highest: float, period: int) -> Floats:
    """Return how far an index can be off, which is there from bar `period` on."""
    left = forgotten(period, period + len(up))[period:]
    return np.minimum(_percent(2.0 * (left * highest), up + down, 100.0), 100.0)


def _trend_parts(high: Floats, low: Floats, bars: int) -> tuple[Scale, tuple[Floats, Floats], tuple[Floats, Floats]]:
    """Return the scale, the prices in units, and the moves."""
    scale = scale_of(high[:bars])
    prices = high, low = scale.units(high), scale.units(low)
    return scale, prices, directional_moves(high, low)


def _averaged(index: Floats, period: int) -> Floats:
    return np.append(np.full(period - 1, _NAN), average(index, period))


def _trend_strength(high: Floats, low: Floats, *, bars: int, timeperiod: int) -> Over:
    (_, highest), _, moves = _trend_parts(high, low, bars)
    both = [average(each, timeperiod)[timeperiod:] for each in moves]
    value = _averaged(_index(*both), timeperiod)

    def error(count: int) -> Floats:
        up, down = (each[: count - timeperiod] for each in both)
        return _averaged(_index_error(up, down, highest, timeperiod), timeperiod)

    return Over((value,), _known(error, bars, value, of_value=False))


def _trend_strength_excess(high: Floats, low: Floats, *, timeperiod: int) -> float:
    last = slice(-reach_of(timeperiod) - 1, None)
    up, down = (recent(each, timeperiod) for each in directional_moves(high[last], low[last]))
    # Of an index: its average follows it, for which it is opened on more bars.
    settled = len(high) - SLOWER * timeperiod
    return 2.0 * _excess(settled, timeperiod, float(high.max()), up + down, abs(up - down))


def _open_trend_strength(high: Floats, low: Floats, *, bars: int, timeperiod: int) -> Handle:
    (factor, highest), columns, moves = _trend_parts(high, low, bars)
    ups, downs = (open_average(each, timeperiod) for each in moves)
    both = [average(each, timeperiod)[timeperiod:] for each in moves]
    offs = _index_error(*both, highest, timeperiod)
    value, error = open_average(_index(*both), timeperiod), open_average(offs, timeperiod)
    settled = bool(np.any(_averaged(offs, timeperiod) <= CONVERGENCE))
    left = forgotten(timeperiod, bars + ANCHOR_BARS).tolist()
    last_high, last_low = (float(each[-1]) for each in columns)
    place = len(high)
    update_up, update_down, update_value = ups.update, downs.update, value.update

    def index(up: float, down: float) -> float:
        both = up + down
        return 100.0 * abs(up - down) / both if both > 0.0 else 0.0

    def off(up: float, down: float) -> float:
        both = up + down
        return min(100.0 * (2.0 * (left[place] * highest)) / both, 100.0) if both > 0.0 else 100.0

    def update(high: float, low: float) -> float:
        nonlocal last_high, last_low, place, settled
        high, low = (high * factor + ROUNDS) - ROUNDS, (low * factor + ROUNDS) - ROUNDS
        up, down = high - last_high, last_low - low
        last_high, last_low = high, low
        rises = update_up(up if up > down and up > 0.0 else 0.0)
        falls = update_down(down if down > up and down > 0.0 else 0.0)
        found: float = update_value(index(rises, falls))
        if not settled:
            left_over = error.update(off(rises, falls))
            place += 1
            settled = left_over <= CONVERGENCE
        return found if settled else _NAN

    def peek(high: float, low: float) -> float:
        high, low = (high * factor + ROUNDS) - ROUNDS, (low * factor + ROUNDS) - ROUNDS
        up, down = high - last_high, last_low - low
        rises = ups.peek(up if up > down and up > 0.0 else 0.0)
        falls = downs.peek(down if down > up and down > 0.0 else 0.0)
        found: float = value.peek(index(rises, falls))
        return found if settled or error.peek(off(rises, falls)) <= CONVERGENCE else _NAN

    return Handle(update, peek, lambda: settled)


#: By the name that formulas have for them.
RATIOS: Mapping[str, Ratio] = {
    "RSI": Ratio(_rsi, _open_rsi, _rsi_excess),
    "STOCHRSI": Ratio(_stochastic_rsi, _open_stochastic_rsi, _stochastic_rsi_excess),
    "DI": Ratio(_directional, _open_directional, _directional_excess),
    "ADX": Ratio(_trend_strength, _open_trend_strength, _trend_strength_excess),
}
