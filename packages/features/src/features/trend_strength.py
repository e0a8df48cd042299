"""Wilder's average directional index: how much movement up and down differ, on average."""

from __future__ import annotations

from typing import Any

import numpy as np

from features import ANCHOR_BARS
from features.blocks import Floats
from features.functions import CONVERGENCE, SLOWER
from features.known_ratios import NAN, Handle, Over, excess_of, forget_unknown, percent
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
)


def _index(up: Floats, down: Floats) -> Floats:
    return percent(np.abs(up - down), up + down, 0.0)


def _index_error(up: Floats, down: Floats, highest: Any, period: int) -> Floats:
    """Return how far an index can be off, which is there from bar `period` on."""
    left = forgotten(period, period + up.shape[-1])[period:]
    return np.minimum(percent(2.0 * (left * highest), up + down, 100.0), 100.0)


def _trend_parts(scale: Scale, high: Floats, low: Floats) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats]]:
    """Return the prices in units, and the moves."""
    prices = high, low = scale.units(high), scale.units(low)
    return prices, directional_moves(high, low)


def _averaged(index: Floats, period: int) -> Floats:
    return np.concatenate([np.full((*index.shape[:-1], period - 1), NAN), average(index, period)], axis=-1)


def trend_strength(high: Floats, low: Floats, *, bars: int, timeperiod: int) -> Over:
    """Return it on each bar."""
    scale = scales_of(high[:, :bars])
    _, moves = _trend_parts(scale, high, low)
    both = [average(each, timeperiod)[:, timeperiod:] for each in moves]
    value = _averaged(_index(*both), timeperiod)

    def error(count: int) -> Floats:
        up, down = (each[:, : count - timeperiod] for each in both)
        return _averaged(_index_error(up, down, scale.highest, timeperiod), timeperiod)

    return Over((value,), forget_unknown(error, bars, value, of_value=False))


def trend_strength_excess(high: Floats, low: Floats, *, timeperiod: int) -> Floats:
    """Return by how much more than allowed its index can be off before its average is taken."""
    last = ..., slice(-reach_of(timeperiod) - 1, None)
    up, down = (recent(each, timeperiod) for each in directional_moves(high[last], low[last]))
    # Of an index: its average follows it, for which it is opened on more bars.
    settled = high.shape[-1] - SLOWER * timeperiod
    return 2.0 * excess_of(settled, timeperiod, high.max(axis=-1), up + down, np.abs(up - down))


def open_trend_strength(high: Floats, low: Floats, *, bars: int, timeperiod: int) -> Handle:
    """Return it behind the last bar."""
    scale = factor, highest = scale_of(high[:bars])
    columns, moves = _trend_parts(scale, high, low)
    ups, downs = (open_average(each, timeperiod) for each in moves)
    up, down = (average(each, timeperiod)[timeperiod:] for each in moves)
    offs = _index_error(up, down, highest, timeperiod)
    value, error = open_average(_index(up, down), timeperiod), open_average(offs, timeperiod)
    settled = bool(np.any(_averaged(offs, timeperiod) <= CONVERGENCE))
    left = forgotten_numbers(timeperiod, bars + ANCHOR_BARS)
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
        return found if settled else NAN

    def peek(high: float, low: float) -> float:
        high, low = (high * factor + ROUNDS) - ROUNDS, (low * factor + ROUNDS) - ROUNDS
        up, down = high - last_high, last_low - low
        rises = ups.peek(up if up > down and up > 0.0 else 0.0)
        falls = downs.peek(down if down > up and down > 0.0 else 0.0)
        found: float = value.peek(index(rises, falls))
        return found if settled or error.peek(off(rises, falls)) <= CONVERGENCE else NAN

    return Handle(update, peek, lambda: settled)
