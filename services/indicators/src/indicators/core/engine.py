"""The features of one pair and interval, bar by bar: what the stream runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from contracts.features import FEATURES, Feature
from indicators.core.bars import Bar, anchor_ms
from indicators.core.computations import Recursive, as_tuple, computations


class Engine:
    """Takes consecutive bars and says what the features are after each.

    A recursive function is re-opened at every anchor on exactly the `bars` bars before it, so its value is a pure
    function of the bars from ``anchor - bars`` on. Nothing here is state that must be kept: fed the bars since
    ``anchor - WARM_UP_BARS`` again, an engine goes on with the same bits.

    Parameters
    ----------
    interval_s
        Length of a bar, seconds.
    features
        What to compute.
    """

    def __init__(self, interval_s: int, features: Sequence[Feature] = FEATURES) -> None:
        self._interval_s = interval_s
        self._windowed, self._recursive = computations(features)
        self._names = tuple(feature.name for feature in features)
        self._keep = max(feature.bars for feature in features)
        self._columns: dict[str, list[float]] = {name: [] for name in Bar._fields}
        self._handles: list[tuple[Recursive, Any]] = []

    def push(self, window_start_ms: int, bar: Bar) -> None:
        """Take the next bar; the caller sees to it that none is missing in between."""
        if anchor_ms(window_start_ms, self._interval_s) == window_start_ms:
            self._handles = [
                (computation, computation.open(self._history(computation)))
                for computation in self._recursive
                if len(self._columns["close"]) >= computation.bars
            ]
        for computation, handle in self._handles:
            handle.update(*[getattr(bar, name) for name in computation.inputs])
        for name, value in zip(Bar._fields, bar, strict=True):
            self._columns[name].append(value)
        self._forget()

    def replay(self, bars: Iterable[tuple[int, Bar]]) -> None:
        """Take bars whose features were given before."""
        for window_start_ms, bar in bars:
            self.push(window_start_ms, bar)

    def values(self) -> dict[str, float | None]:
        """Return the features after the last bar, in the order of the list; None where not warm."""
        found: dict[str, float] = {}
        for windowed in self._windowed:
            if len(self._columns["close"]) >= windowed.bars:
                windows = [self._columns[name][-windowed.bars :] for name in windowed.inputs]
                found.update(windowed.named(windowed.results(windows)))
        for recursive, handle in self._handles:
            found.update(recursive.named(as_tuple(handle.value)))
        return {name: float(found[name]) if name in found else None for name in self._names}

    def _history(self, computation: Recursive) -> list[Any]:
        return [np.array(self._columns[name][-computation.bars :]) for name in computation.inputs]

    def _forget(self) -> None:
        # Twice as many as are needed, cut rarely: cutting on every bar would move the whole list each time.
        if len(self._columns["close"]) > 2 * self._keep:
            for column in self._columns.values():
                del column[: -self._keep]
