"""Wilder's directional indicators: movement up, and down, as shares of the true range."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from features import ANCHOR_BARS
from features.blocks import Floats
from features.functions import CONVERGENCE
from features.known_ratios import NAN, Handle, Over, excess_of, forget_unknown, percent, within
from features.wilder import (
    ROUNDS,
    Scale,
    average,
    directional_moves,
    forgotten,
    forgotten_numbers,
    open_average,
    reach_of,
    recent,
    scale_of,
    scales_of,
    true_ranges,
)

Prices = tuple[Floats, Floats, Floats]


def _directional_parts(scale: Scale, high: Floats, low: Floats, close: Floats) -> tuple[Prices, Prices]:
    """Return the prices in units, and the moves."""
    prices = high, low, close = scale.units(high), scale.units(low), scale.units(close)
    return prices, (*directional_moves(high, low), true_ranges(high, low, close))


def _range_error(ranges: Floats, highest: Any, period: int) -> Floats:
    return percent(forgotten(period, ranges.shape[-1]) * highest, ranges, math.inf)


def directional(high: Floats, low: Floats, close: Floats, *, bars: int, timeperiod: int) -> Over:
    """Return both on each bar."""
    scale = scales_of(high[:, :bars])
    _, moves = _directional_parts(scale, high, low, close)
    up, down, ranges = (average(each, timeperiod) for each in moves)
    values = percent(up, ranges, 0.0), percent(down, ranges, 0.0)
    settled = forget_unknown(lambda count: _range_error(ranges[:, :count], scale.highest, timeperiod), bars, *values)
    return Over(values, settled)


def directional_excess(high: Floats, low: Floats, close: Floats, *, timeperiod: int) -> Floats:
    """Return by how much more than allowed either can be off behind the last bar."""
    last = ..., slice(-reach_of(timeperiod) - 1, None)
    whole = recent(true_ranges(high[last], low[last], close[last]), timeperiod)
    up, down = (recent(each, timeperiod) for each in directional_moves(high[last], low[last]))
    return excess_of(high.shape[-1], timeperiod, high.max(axis=-1), whole, np.minimum(up, down))


def open_directional(high: Floats, low: Floats, close: Floats, *, bars: int, timeperiod: int) -> Handle:
    """Return both behind the last bar."""
    scale = factor, highest = scale_of(high[:bars])
    columns, moves = _directional_parts(scale, high, low, close)
    ups, downs, ranges = (open_average(each, timeperiod) for each in moves)
    left = forgotten_numbers(timeperiod, bars + ANCHOR_BARS)
    last_high, last_low, last_close = (float(each[-1]) for each in columns)
    place = len(high)
    settled = bool(np.any(_range_error(average(moves[2], timeperiod), highest, timeperiod) <= CONVERGENCE))
    update_up, update_down, update_reach = ups.update, downs.update, ranges.update

    def known(up: float, down: float, reach: float) -> tuple[float, float]:
        if not reach > 0.0:
            return NAN, NAN
        plus, minus = 100.0 * up / reach, 100.0 * down / reach
        if settled:
            return plus, minus
        off = 100.0 * (left[place] * highest) / reach
        return plus if within(off, plus) else NAN, minus if within(off, minus) else NAN

    def update(high: float, low: float, close: float) -> tuple[float, float]:
        nonlocal last_high, last_low, last_close, place, settled
        high, low = (high * factor + ROUNDS) - ROUNDS, (low * factor + ROUNDS) - ROUNDS
        up, down = high - last_high, last_low - low
        span = (high if high > last_close else last_close) - (low if low < last_close else last_close)
        last_high, last_low, last_close = high, low, (close * factor + ROUNDS) - ROUNDS
        reach = update_reach(span)
        found = known(
            update_up(up if up > down and up > 0.0 else 0.0),
            update_down(down if down > up and down > 0.0 else 0.0),
            reach,
        )
        if not settled:
            settled = reach > 0.0 and 100.0 * (left[place] * highest) / reach <= CONVERGENCE
            place += 1
        return found

    def peek(high: float, low: float, close: float) -> tuple[float, float]:
        high, low = (high * factor + ROUNDS) - ROUNDS, (low * factor + ROUNDS) - ROUNDS
        up, down = high - last_high, last_low - low
        span = (high if high > last_close else last_close) - (low if low < last_close else last_close)
        rises = ups.peek(up if up > down and up > 0.0 else 0.0)
        return known(rises, downs.peek(down if down > up and down > 0.0 else 0.0), ranges.peek(span))

    return Handle(update, peek, lambda: settled)
