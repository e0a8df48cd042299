"""Wilder averages of moves, on exact prices, and how much of what came before them is left.

Over arrays and bar by bar in the same order of operations, hence with the same bits. Arrays are of the bars of one
history, or have a row for each of several.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import talib
from talib import stream

from features.blocks import Floats

#: What is assumed of forgotten bars: on average, they moved by no more than so many times the highest price since.
LARGEST_MOVE = 2.0
#: Prices are counted in units of their 14th digit: whole numbers, whose differences a float has exactly.
_DIGITS = 14
_LARGEST_POWER = 300
#: A float that has this added and taken away again is a whole number.
ROUNDS = 1.5 * 2.0**52


class Scale(NamedTuple):
    """What turns prices into whole units, and the highest of the bars before the anchor in these.

    Two prices that are decimals of up to 14 digits differ by exactly as much as their decimals do, so comparing moves
    does not depend on the noise that floats have: in ticks of 0.1, 30.1 - 30.0 is not 30.0 - 29.9.

    >>> scale = scale_of(np.array([30.1, 29.9]))
    >>> float(scale.units(30.1) - scale.units(30.0)), float(scale.units(30.0) - scale.units(29.9)), scale.highest
    (100000000000.0, 100000000000.0, 30100000000000.0)
    """

    factor: Any
    highest: Any

    def units(self, prices: Any) -> Any:
        """Return prices, one or an array, in whole units."""
        return (prices * self.factor + ROUNDS) - ROUNDS


def scale_of(prices: Floats, digits: int = _DIGITS) -> Scale:
    """Return the scale for bars of which the highest prices are `prices`, in units of their last digit."""
    highest = float(prices.max())
    factor = _factor(highest, digits)
    return Scale(factor, float(Scale(factor, 0.0).units(highest)))


def scales_of(prices: Floats, digits: int = _DIGITS) -> Scale:
    """Return the same for each row of `prices`, as a column."""
    highest = prices.max(axis=1, keepdims=True)
    factors = np.array([[_factor(each, digits)] for each in highest[:, 0].tolist()])
    return Scale(factors, Scale(factors, 0.0).units(highest))


def _factor(highest: float, digits: int) -> float:
    return float(10.0 ** min(digits - 1 - math.floor(math.log10(highest)), _LARGEST_POWER))


@lru_cache(maxsize=256)
def forgotten(period: int, bars: int) -> Floats:
    """Return the most that a Wilder average can be off after each of `bars` bars, in highest prices.

    The first average, of `period` moves, is there with bar `period`: it stands for all that is forgotten. Each bar
    after it leaves ``(period - 1) / period`` of that.
    """
    left = np.ones(bars)
    left[0], left[period + 1 :] = LARGEST_MOVE, (period - 1) / period
    found: Floats = np.multiply.accumulate(left)
    return found


@lru_cache(maxsize=256)
def forgotten_numbers(period: int, bars: int) -> tuple[float, ...]:
    """Return `forgotten` as numbers, which are looked up one by one: the same for all pairs."""
    return tuple(forgotten(period, bars).tolist())


def of_rows(function: Callable[..., Floats], *columns: Floats, **parameters: int) -> Floats:
    """Return what a function of TA-Lib makes of each row, or of the only one."""
    # Beneath a wrapper that looks for data frames in each call, and takes longer than a short row.
    function = getattr(function, "__wrapped__", function)
    if columns[0].ndim == 1:
        return function(*columns, **parameters)
    return np.array([function(*row, **parameters) for row in zip(*columns, strict=True)])


def average(moves: Floats, period: int) -> Floats:
    """Return the Wilder average of moves for each bar; they begin with the second."""
    found = np.empty((*moves.shape[:-1], moves.shape[-1] + 1))
    found[..., 0] = math.nan
    found[..., 1:] = of_rows(talib.RMA, moves, timeperiod=period)
    return found


def open_average(moves: Floats, period: int) -> Any:
    """Return a handle that stands behind the last of these moves."""
    return stream.RMA(moves, timeperiod=period)


def reach_of(period: int) -> int:
    """Return of how many bars `recent` takes the moves: before these, less than a twentieth of their weight lies."""
    return 3 * period


@lru_cache(maxsize=64)
def _weights(period: int) -> Floats:
    weights: Floats = ((period - 1) / period) ** np.arange(reach_of(period) - 1, -1, -1) / period
    return weights


def recent(moves: Floats, period: int) -> Floats:
    """Return what the last of these moves, as many as `reach_of`, have in their Wilder average: no more than all."""
    found: Floats = np.sum(moves * _weights(period), axis=-1)
    return found


def latest_changes(close: Floats, period: int) -> Floats:
    """Return the changes of closes that `recent` takes."""
    last = close[..., -reach_of(period) - 1 :]
    return last[..., 1:] - last[..., :-1]


def changes(close: Floats) -> Floats:
    """Return by how much closes moved, either way."""
    found: Floats = np.abs(close[..., 1:] - close[..., :-1])
    return found


def directional_moves(high: Floats, low: Floats) -> tuple[Floats, Floats]:
    """Return by how much bars reached above the one before, and below it: of the two only the greater."""
    up, down = high[..., 1:] - high[..., :-1], low[..., :-1] - low[..., 1:]
    return np.where(up > np.maximum(down, 0.0), up, 0.0), np.where(down > np.maximum(up, 0.0), down, 0.0)


def true_ranges(high: Floats, low: Floats, close: Floats) -> Floats:
    """Return the range of each bar together with the close before it."""
    before = close[..., :-1]
    found: Floats = np.maximum(high[..., 1:], before) - np.minimum(low[..., 1:], before)
    return found
