"""Rows that wait for a prediction, and predictions whose row has not come."""

from __future__ import annotations

from collections.abc import Iterator

from contracts.feature_columns import FEATURE_COLUMNS
from contracts.feature_row import FeatureRow
from contracts.line import Line
from contracts.prediction import Prediction
from contracts.state import State

#: What is kept of a row: its candle. Of its features those that somebody asks for.
_CANDLE = tuple(name for name in FeatureRow.model_fields if name not in FEATURE_COLUMNS)


class Waiting:
    """Both lines of a pair, in the order of windows.

    Parameters
    ----------
    state
        Of the pair.
    exchange
        Where it is traded.
    """

    def __init__(self, state: State, exchange: str) -> None:
        self._rows = Line(state, f"{exchange}:rows")
        self._said = Line(state, f"{exchange}:said")

    def __len__(self) -> int:
        return len(self._rows)

    def add_row(self, row: FeatureRow, features: frozenset[str]) -> None:
        """Put a row behind those that wait; of its features keep `features`."""
        names = [*_CANDLE, *sorted(features & row.model_fields_set)]
        self._rows.append({name: getattr(row, name) for name in names})

    def add_prediction(self, prediction: Prediction) -> None:
        """Keep a prediction until its row goes on."""
        self._said.append(prediction.model_dump())

    def rows(self) -> Iterator[FeatureRow]:
        """Yield the rows that wait, the oldest first."""
        for place in range(len(self._rows)):
            yield FeatureRow(**self._rows[place])

    def next_row(self) -> FeatureRow | None:
        """Return the row that has waited longest."""
        return FeatureRow(**self._rows[0]) if len(self._rows) else None

    def prediction_of(self, row: FeatureRow) -> Prediction | None:
        """Return what was said of `row`, None if nothing was so far; what was said of rows before it is dropped."""
        while len(self._said):
            said = Prediction.model_validate(self._said[0])
            if said.window_start_ms >= row.window_start_ms:
                return said if said.window_start_ms == row.window_start_ms else None
            self._said.pop()
        return None

    def pop(self) -> None:
        """Take out the row that has waited longest."""
        self._rows.pop()

    def drop(self) -> None:
        """Forget everything: nobody waits any more."""
        for line in (self._rows, self._said):
            while len(line):
                line.pop()
