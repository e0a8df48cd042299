"""The inputs of one model, in order: what they need of a feature row, and their values on it."""

from __future__ import annotations

import difflib
import hashlib
import json
import math
from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from contracts.errors import BadInputError
from contracts.feature_columns import FEATURE_SETS
from features import definitions, feature_set_id
from modeling.inputs import INPUT_NAMES, Columns, named_inputs


class InputList:
    """Named inputs of a model; lists of the same names are equal.

    Parameters
    ----------
    names
        Of `modeling.inputs.named_inputs`, each once, in the order in which the model takes them.

    Raises
    ------
    BadInputError
        If a name is unknown or comes twice.

    Attributes
    ----------
    names
        As they were given.
    key
        The names as one text, which is quicker to look up by.
    features
        Features that must be warm, in the order of the catalogue.
    feature_set
        Name of the smallest set that has them.
    feature_set_id
        Its id: rows that serve it serve the model.
    """

    def __init__(self, names: tuple[str, ...]) -> None:
        known = named_inputs()
        for number, name in enumerate(names):
            if name not in known:
                raise BadInputError("inputs", _expected(name), name)
            if name in names[:number]:
                raise BadInputError("inputs", "each name once", name)
        if not names:
            raise BadInputError("inputs", "at least one name", "none")
        self.names = names
        self.key = ",".join(names)
        self._inputs = tuple(known[name] for name in names)
        needed = {feature for each in self._inputs for feature in each.features}
        fitting = {name: columns for name, columns in FEATURE_SETS.items() if needed <= set(columns)}
        self.feature_set = min(fitting, key=lambda name: len(fitting[name]))
        self.feature_set_id = feature_set_id(self.feature_set)
        self.features = tuple(name for name in fitting[self.feature_set] if name in needed)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, InputList) and self.names == other.names

    def __hash__(self) -> int:
        return hash(self.names)

    def __len__(self) -> int:
        return len(self.names)

    @property
    def id(self) -> str:
        """``inputs:hash`` of the inputs and of the features they are made of: a model is bound to it."""
        facts = [definitions(self.features), [[each.name, each.formula] for each in self._inputs]]
        return f"inputs:{hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:12]}"

    def values(self, bar: Mapping[str, float | None]) -> list[float] | None:
        """Return the inputs on one bar, in order.

        Parameters
        ----------
        bar
            Columns of its candle and its features, by name.

        Returns
        -------
        list[float] | None
            None while a feature is not warm or not there, or if an input is not finite.
        """
        if any(bar.get(name) is None for name in self.features):
            return None
        warm = {name: value for name, value in bar.items() if value is not None}
        try:
            inputs = [each.value(warm) for each in self._inputs]
        except (ZeroDivisionError, ValueError, KeyError):  # a ratio of zero, a candle's number too large for a float
            return None
        return inputs if all(map(math.isfinite, inputs)) else None

    def over(self, columns: Columns) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return the inputs on many bars at once, as `values` has them of each.

        Parameters
        ----------
        columns
            Of candles and the features, NaN where one is not warm or not finite.

        Returns
        -------
        tuple[NDArray[np.float32], NDArray[np.bool_]]
            Inputs of the bars that can be used, shape (bars that can, inputs), and which those are.
        """
        found = [each.over(columns) for each in self._inputs]
        usable = np.logical_and.reduce([np.isfinite(each) for each in found])
        for name in self.features:
            usable &= ~np.isnan(columns[name])
        with np.errstate(over="ignore"):  # as large a number is infinite to a model, of one bar too
            return np.column_stack([each[usable].astype(np.float32) for each in found]), usable


def _expected(name: str) -> str:
    near = difflib.get_close_matches(name, named_inputs(), n=3)
    hint = f" (nearest: {', '.join(near)})" if near else ""
    return f"a feature of the catalogue, a column of the candle or an input of modeling.inputs{hint}"


@lru_cache(maxsize=256)
def input_list(names: tuple[str, ...] = INPUT_NAMES) -> InputList:
    """Return the list of these inputs, by default of those that the models that come along have.

    Returns
    -------
    InputList
        Always the same one for the same names.

    Raises
    ------
    BadInputError
        If a name is unknown or comes twice.

    Examples
    --------
    >>> input_list(("rsi_14", "close")).feature_set
    'core'
    """
    return InputList(names)
