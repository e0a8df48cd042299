"""Wilder's relative strength index: gains of closes as a share of all their moves."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import talib
from talib import stream

from features import ANCHOR_BARS
from features.blocks import Floats
from features.functions import CONVERGENCE
from features.known_ratios import NAN, Handle, Over, excess_of, forget_unknown, percent, within
from features.wilder import (
    ROUNDS,
    average,
    changes,
    forgotten,
    forgotten_numbers,
    latest_changes,
    of_rows,
    open_average,
    recent,
    scale_of,
    scales_of,
)


def strength_error(moves: Floats, highest: Any, period: int) -> Floats:
    """Return how far an RSI can be off on each bar."""
    return percent(forgotten(period, moves.shape[-1] + 1) * highest, average(moves, period), math.inf)


def rsi(close: Floats, *, bars: int, timeperiod: int) -> Over:
    """Return it on each bar."""
    scale = scales_of(close[:, :bars])
    units = scale.units(close)
    moves = changes(units)
    values = of_rows(talib.RSI, units, timeperiod=timeperiod)
    settled = forget_unknown(
        lambda count: strength_error(moves[:, : count - 1], scale.highest, timeperiod), bars, values
    )
    return Over((values,), settled)


def rsi_excess(close: Floats, *, timeperiod: int, **_windows: int) -> Floats:
    """Return by how much more than allowed it can be off behind the last bar."""
    change = latest_changes(close, timeperiod)
    whole = recent(np.abs(change), timeperiod)
    gains = recent(np.maximum(change, 0.0), timeperiod)
    return excess_of(close.shape[-1], timeperiod, close.max(axis=-1), whole, gains)


def open_rsi(close: Floats, *, bars: int, timeperiod: int) -> Handle:
    """Return it behind the last bar."""
    scale = scale_of(close[:bars])
    factor, highest = scale
    units = scale.units(close)
    moves = changes(units)
    value, average_move = stream.RSI(units, timeperiod=timeperiod), open_average(moves, timeperiod)
    left = forgotten_numbers(timeperiod, bars + ANCHOR_BARS)
    update_value, last, place = value.update, float(units[-1]), len(close)
    settled = bool(np.any(strength_error(moves, highest, timeperiod) <= CONVERGENCE))

    def error(moves: float) -> float:
        return 100.0 * (left[place] * highest) / moves if moves > 0.0 else math.inf

    def update(close: float) -> float:
        nonlocal last, place, settled
        before, last = last, (close * factor + ROUNDS) - ROUNDS
        found: float = update_value(last)
        if not settled:
            off = error(average_move.update(abs(last - before)))
            place += 1
            settled = off <= CONVERGENCE
            if not settled and not off <= CONVERGENCE * found:
                return NAN
        return found

    def peek(close: float) -> float:
        units = (close * factor + ROUNDS) - ROUNDS
        found: float = value.peek(units)
        return found if settled or within(error(average_move.peek(abs(units - last))), found) else NAN

    return Handle(update, peek, lambda: settled)
