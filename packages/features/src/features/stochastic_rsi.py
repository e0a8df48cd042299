"""Stochastic RSI: where an RSI stands in the range of its last values."""

from __future__ import annotations

import math
from collections import deque

import numpy as np
import talib
from talib import stream

from features import ANCHOR_BARS
from features.blocks import Floats
from features.functions import CONVERGENCE
from features.known_ratios import NAN, Handle, Over, first_places, percent
from features.relative_strength import rsi_excess, strength_error
from features.wilder import ROUNDS, changes, forgotten_numbers, of_rows, open_average, scale_of, scales_of

#: How far rounding may bring an RSI from its value, in percent.
_ROUNDING = 1e-13
#: It is opened on bars enough for its RSI to be settled to this part of `CONVERGENCE`.
_FINER = 1e-4


def _places(value: Floats, bars: int) -> tuple[Floats, Floats]:
    """Return where each value stands in the range of the last ones, in percent, and that range."""
    lowest = of_rows(talib.MIN, value, timeperiod=bars)
    spread = of_rows(talib.MAX, value, timeperiod=bars) - lowest
    return percent(value - lowest, spread, 0.0), spread


def _shrunk(error: Floats) -> Floats:
    """Return how far an RSI can be off, rounding instead from where it is no more than that."""
    return np.where(np.logical_or.accumulate(error <= _ROUNDING, axis=-1), _ROUNDING, error)


def _later(values: Floats, bars: int, first: float) -> Floats:
    """Return the value of `bars` bars ago."""
    return np.concatenate([np.full((len(values), bars), first), values[:, : values.shape[-1] - bars]], axis=-1)


def stochastic_rsi(close: Floats, *, bars: int, timeperiod: int, fastk_period: int, fastd_period: int) -> Over:
    """Return it and its mean on each bar."""
    scale = scales_of(close[:, :bars])
    units = scale.units(close)
    error = _shrunk(strength_error(changes(units), scale.highest, timeperiod))
    fast, spread = _places(of_rows(talib.RSI, units, timeperiod=timeperiod), fastk_period)
    slow, least = fast, spread
    for later in range(1, fastd_period):
        slow, least = slow + _later(fast, later, 0.0), np.minimum(least, _later(spread, later, 0.0))
    # That of the oldest RSI is the greatest, as it only ever shrinks.
    oldest = _later(error, fastk_period + fastd_period - 2, math.inf)
    off = percent(4.0 * (oldest + _ROUNDING), least, math.inf)
    outputs = tuple(np.where(off <= CONVERGENCE, each, NAN) for each in (fast, slow / fastd_period))
    return Over(outputs, first_places(oldest == _ROUNDING))


def stochastic_rsi_excess(close: Floats, *, timeperiod: int, fastk_period: int, fastd_period: int) -> Floats:
    """Return by how much more than allowed its RSI can be off behind the last bar."""
    # Of the oldest RSI it uses, which has to be settled better than one that is used for itself.
    return rsi_excess(close[..., : close.shape[-1] - fastk_period - fastd_period], timeperiod=timeperiod) / _FINER


def open_stochastic_rsi(close: Floats, *, bars: int, timeperiod: int, fastk_period: int, fastd_period: int) -> Handle:
    """Return it and its mean behind the last bar."""
    scale = scale_of(close[:bars])
    factor, highest = scale
    units = scale.units(close)
    moves = changes(units)
    strengths = talib.RSI(units, timeperiod=timeperiod)
    value, average_move = stream.RSI(units, timeperiod=timeperiod), open_average(moves, timeperiod)
    lowest, greatest = (
        getattr(stream, name)(strengths[timeperiod:], timeperiod=fastk_period) for name in ("MIN", "MAX")
    )
    left = forgotten_numbers(timeperiod, bars + ANCHOR_BARS)
    last, place = float(units[-1]), len(close)
    places, spreads = (
        deque(each[-fastd_period:].tolist(), fastd_period) for each in _places(strengths, fastk_period)
    )
    span = fastk_period + fastd_period - 1
    shrunk = _shrunk(strength_error(moves, highest, timeperiod))
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
            return NAN, NAN
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
