"""The list of features, grouped so that a function with three outputs runs once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import talib
from numpy.typing import NDArray
from talib import stream

from contracts.features import FEATURES, Feature, Input
from indicators.core.windows import WINDOW_FUNCTIONS, Value, Window

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Computation:
    """One call that gives one or more features.

    `outputs` are pairs of a feature's name and its place in what the function returns; `bars` is the most that any
    of them needs.
    """

    function: str
    inputs: tuple[Input, ...]
    parameters: tuple[tuple[str, float], ...]
    bars: int
    outputs: tuple[tuple[str, int], ...]

    def named(self, results: Sequence[Value]) -> dict[str, Value]:
        """Return the features among the function's `results`."""
        return {name: results[output] for name, output in self.outputs}


class Windowed(Computation):
    """A function of exactly the last `bars` bars."""

    __slots__ = ()

    def results(self, windows: Sequence[Window]) -> tuple[Value, ...]:
        """Return the outputs on `windows`, one for each input, each of `bars` elements."""
        return WINDOW_FUNCTIONS[self.function](*windows, **dict(self.parameters))


class Recursive(Computation):
    """A TA-Lib function of all bars since the anchor, opened on the `bars` bars before it."""

    __slots__ = ()

    def open(self, history: Sequence[Floats]) -> Any:
        """Return a TA-Lib handle that has seen `history`: O(1) per further bar, never pickled."""
        return getattr(stream, self.function)(*history, **dict(self.parameters))

    def batch(self, segment: Sequence[Floats]) -> tuple[Floats, ...]:
        """Return the outputs on each bar of `segment`."""
        return as_tuple(getattr(talib, self.function)(*segment, **dict(self.parameters)))


def as_tuple(result: Any) -> tuple[Any, ...]:
    """Return TA-Lib's answer, one value or several, as a tuple."""
    return tuple(result) if isinstance(result, list | tuple) else (result,)


def computations(features: Sequence[Feature] = FEATURES) -> tuple[tuple[Windowed, ...], tuple[Recursive, ...]]:
    """Return what must be computed for `features`: functions of windows, and recursive ones.

    Raises
    ------
    ValueError
        If a feature names a function that does not exist: found at the start, not on the first bar.
    """
    groups: dict[tuple[Any, ...], list[Feature]] = {}
    for feature in features:
        _check(feature)
        call = (feature.memory, feature.function, feature.inputs, tuple(feature.parameters.items()), feature.bars)
        groups.setdefault(call, []).append(feature)
    windowed, recursive = [], []
    for (memory, function, inputs, parameters, bars), members in groups.items():
        outputs = tuple((feature.name, feature.output) for feature in members)
        if memory == "finite":
            windowed.append(Windowed(function, inputs, parameters, bars, outputs))
        else:
            recursive.append(Recursive(function, inputs, parameters, bars, outputs))
    return tuple(windowed), tuple(recursive)


def _check(feature: Feature) -> None:
    if feature.memory == "finite" and feature.function not in WINDOW_FUNCTIONS:
        raise ValueError(f"{feature.name}: expected one of {sorted(WINDOW_FUNCTIONS)}, was {feature.function!r}")
    if feature.memory == "recursive" and not hasattr(stream, feature.function):
        raise ValueError(f"{feature.name}: expected a function of talib.stream, was {feature.function!r}")
