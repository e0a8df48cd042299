"""The run of bars that models look back on: consecutive, of bounded length."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from contracts.feature_columns import FEATURE_SET_IDS, FEATURE_SETS
from contracts.feature_row import FeatureRow
from contracts.units import MS_PER_SECOND, to_float
from modeling.input_list import InputList
from modeling.inputs import CANDLE_COLUMNS

#: Bars kept per pair whatever the model needs, so that a model with a longer sequence is warm at once.
SEQUENCE_BARS = 60

_CLOSE = CANDLE_COLUMNS.index("close")
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    set_id: (*CANDLE_COLUMNS, *FEATURE_SETS[name]) for name, set_id in FEATURE_SET_IDS.items()
}


@dataclass(frozen=True, slots=True)
class SeenBar:
    """What a row said: all of it that any model may see, so that a run does not depend on the model.

    Parameters
    ----------
    feature_set
        The row's set of features, by id.
    values
        Columns of the candle, then the features of the set in its order; None where not warm.
    """

    feature_set: str
    values: Sequence[float | None]
    _inputs: dict[InputList, list[float] | None] = field(default_factory=dict, compare=False, repr=False)
    _packed: dict[str, bytes | None] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, row: FeatureRow) -> SeenBar:
        """Return what `row` says.

        Returns
        -------
        SeenBar
            Without values if its set of features is not known to this code.
        """
        if row.feature_set not in _COLUMNS:
            return cls(row.feature_set, ())
        candle = {name: to_float(getattr(row, name)) for name in CANDLE_COLUMNS}
        known = {**{name: value for name, value in candle.items() if math.isfinite(value)}, **row.values()}
        return cls(row.feature_set, [known.get(name) for name in _COLUMNS[row.feature_set]])

    @property
    def close(self) -> float | None:
        """The candle's close; None of a row whose features this code does not know."""
        return self.values[_CLOSE] if self.values else None

    def inputs(self, inputs: InputList) -> list[float] | None:
        """Return a model's inputs on this bar, None if it cannot use it; computed once for each list.

        Returns
        -------
        list[float] | None
            In the order of the list.
        """
        if inputs not in self._inputs:
            columns = _COLUMNS.get(self.feature_set, ())
            known = len(columns) == len(self.values)
            self._inputs[inputs] = inputs.values(dict(zip(columns, self.values, strict=True))) if known else None
        return self._inputs[inputs]

    def packed(self, inputs: InputList) -> bytes | None:
        """Return the same as doubles side by side: 60 bars become one array without a look at each number.

        Returns
        -------
        bytes | None
            Of the machine's order.
        """
        if inputs.key not in self._packed:
            values = self.inputs(inputs)
            self._packed[inputs.key] = None if values is None else array("d", values).tobytes()
        return self._packed[inputs.key]


@dataclass(frozen=True, slots=True)
class Run:
    """The last consecutive bars of one pair.

    Parameters
    ----------
    last_ms
        Start of the last window applied, usable or not; None before the first.
    bars
        Oldest first; the last one belongs to `last_ms`. Empty after a bar that is partly unknown.
    """

    last_ms: int | None = None
    bars: tuple[SeenBar, ...] = field(default=())


def is_new(run: Run, row: FeatureRow) -> bool:
    """Return whether `row` has not been applied: transport may repeat rows, never reorder them within a pair.

    Returns
    -------
    bool
        False for a row that came before.
    """
    return run.last_ms is None or row.window_start_ms > run.last_ms


def extend(run: Run, row: FeatureRow) -> Run:
    """Return `run` with `row` at its end.

    A hole before the row starts a new run. A row of quality ``gap`` ends the run and is not part of one: a model
    never sees a bar that is partly unknown, in training as in serving.

    Returns
    -------
    Run
        A new run; `run` itself stays as it is.
    """
    if row.quality == "gap":
        return Run(row.window_start_ms)
    consecutive = run.last_ms is not None and row.window_start_ms == run.last_ms + row.interval_s * MS_PER_SECOND
    before = run.bars if consecutive else ()
    return Run(row.window_start_ms, (*before, SeenBar.of(row))[-SEQUENCE_BARS:])


def sequence(run: Run, length: int, inputs: InputList) -> NDArray[np.float64] | None:
    """Return a model's inputs on the last bars of a run.

    Parameters
    ----------
    run
        Of one pair.
    length
        How many bars the model looks back on.
    inputs
        What it sees of each.

    Returns
    -------
    NDArray[np.float64] | None
        Inputs of each bar, oldest first, shape (length, inputs); None if there are fewer bars, or an input is missing
        on one.
    """
    if len(run.bars) < length:
        return None
    key = inputs.key
    found = [bar._packed[key] if key in bar._packed else bar.packed(inputs) for bar in run.bars[-length:]]
    usable = [each for each in found if each is not None]
    if len(usable) < length:
        return None
    return np.frombuffer(bytearray().join(usable), dtype=np.float64).reshape(length, len(inputs))
