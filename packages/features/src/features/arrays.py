"""Formulas over a whole history at once: the same nodes as in `program`, on arrays, with the same bits.

NumPy's own logarithm, sine and cosine may round otherwise than the C library's, which Python's `math` and TA-Lib's
functions both call; so TA-Lib's are used here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import talib
from numpy.typing import NDArray

from features.blocks import Floats, rolling
from features.calendar import clock
from features.expressions import (
    Arithmetic,
    Calendar,
    Column,
    Expression,
    Function,
    Given,
    Lag,
    Number,
    Rolling,
    Talib,
    When,
)
from features.program import handle_of
from features.recursive import Span, over

_FUNCTIONS: Mapping[str, Callable[[Floats], Floats]] = {
    "log": lambda x: np.where(x > 0.0, talib.LN(x), math.nan),
    "sqrt": np.sqrt,
    "sin": talib.SIN,
    "cos": talib.COS,
    "sign": lambda x: np.where(x > 0.0, 1.0, np.where(x < 0.0, -1.0, x - x)),
    "step": lambda x: np.where(x > 0.0, 1.0, np.where(x <= 0.0, 0.0, x)),
    "positive": lambda x: np.where(x <= 0.0, 0.0, x),
}
_OPERATORS: Mapping[str, np.ufunc] = {"+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide}


class Arrays:
    """Evaluates formulas on consecutive bars; what several share is computed once.

    Parameters
    ----------
    columns
        Of the bars, one value for each; and by name the values that come with them.
    first_number
        Of the first bar, counted from the epoch.
    end_times_ms
        When each bar ends.
    anchors
        Places of the bars at which TA-Lib's functions are re-opened.
    missing
        Which of the bars are not there, and NaN in all columns: nothing is computed across them. None: all are there.
    """

    def __init__(
        self,
        columns: Mapping[str, Floats],
        first_number: int,
        end_times_ms: NDArray[np.int64],
        anchors: Sequence[int],
        missing: NDArray[np.bool_] | None = None,
    ) -> None:
        self._columns = columns
        self._first_number = first_number
        self._end_times_ms = end_times_ms
        self._anchors = anchors
        self._missing = missing
        self._firsts = None if missing is None else run_starts(missing)
        self._known: dict[Expression, Any] = {}

    def value(self, node: Expression) -> Floats:
        """Return the values of `node`, one for each bar."""
        value = self._value(node)
        if isinstance(value, np.ndarray):
            return value
        return self._unless_missing(np.full(len(self._end_times_ms), value))

    def _value(self, node: Expression) -> Any:
        """Return the same, of a constant once."""
        if node not in self._known:
            self._known[node] = self._evaluate(node)
        return self._known[node]

    def _evaluate(self, node: Expression) -> Any:
        match node:
            case Number(value):
                return value
            case Column(name) | Given(name):
                return self._columns[name]
            case Calendar(name):
                return self._unless_missing(clock(name, self._end_times_ms))
            case Arithmetic():
                return self._arithmetic(node)
            case Function(name, argument):
                return _FUNCTIONS[name](self.value(argument))
            case When(condition, then, otherwise):
                chosen = self.value(condition)
                values = self._value(then), self._value(otherwise)
                return np.where(chosen > 0.0, values[0], np.where(chosen <= 0.0, values[1], chosen))
            case Lag(argument, bars):
                return self._lag(self.value(argument), bars)
            case Rolling(name, argument, bars):
                return rolling(name, self.value(argument), bars, self._first_number)
            case Talib() if node.outputs == 1:
                return self._talib(node)[0]
            case Talib():
                return self.outputs(node)[node.output]
        raise TypeError(f"expected a kind of expression that is known here, was {node!r}")

    def outputs(self, node: Talib) -> list[Floats]:
        """Return all outputs of the function of `node`, computed once."""
        key = ("outputs", handle_of(node))
        if key not in self._known:
            self._known[key] = self._talib(node)  # type: ignore[index]
        found: list[Floats] = self._known[key]  # type: ignore[index]
        return found

    def _arithmetic(self, node: Arithmetic) -> Any:
        left, right = self._value(node.left), self._value(node.right)
        result = _OPERATORS[node.operator](left, right)
        if node.operator != "/" or isinstance(node.right, Number):
            return result
        zero = right == 0.0
        return np.where(zero, self._value(node.otherwise), result) if np.any(zero) else result

    def _talib(self, node: Talib) -> list[Floats]:
        rows = len(self._end_times_ms)
        found = [np.full(rows, math.nan) for _ in range(node.outputs)]
        inputs = [self._columns[name] for name in node.inputs]
        spans = [self._span(anchor, end) for anchor, end in pairwise([*self._anchors, rows])]
        for span, results in over(node, inputs, [span for span in spans if span.size > 0]):
            for column, result in zip(found, results, strict=True):
                column[span.anchor : span.last] = result
        return found

    def _span(self, anchor: int, end: int) -> Span:
        """Return the bars of the run that `anchor` is in, up to `end`."""
        if self._missing is None or self._firsts is None:
            return Span(0, anchor, end)
        later = self._missing[anchor:end]
        return Span(int(self._firsts[anchor]), anchor, anchor + int(np.argmax(later)) if later.any() else end)

    def _unless_missing(self, values: Floats) -> Floats:
        if self._missing is not None:
            values[self._missing] = math.nan
        return values

    def _lag(self, values: Floats, bars: int) -> Floats:
        lagged = np.full(len(values), math.nan)
        lagged[bars:] = values[: max(len(values) - bars, 0)]
        if self._firsts is not None:
            lagged[np.arange(len(values)) - bars < self._firsts] = math.nan
        return lagged


def run_starts(missing: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return where the run of bars begins that each bar is in: behind the last one that is missing.

    Examples
    --------
    >>> run_starts(np.array([False, True, False, False])).tolist()
    [0, 2, 2, 2]
    """
    places = np.arange(1, len(missing) + 1)
    found: NDArray[np.int64] = np.maximum.accumulate(np.where(missing, places, 0))
    return found
