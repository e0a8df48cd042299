"""The run of bars a model looks back on: consecutive, usable, of bounded length."""

from __future__ import annotations

from dataclasses import dataclass, field

from contracts.feature_row import FeatureRow
from contracts.units import MS_PER_SECOND
from modeling.inputs import model_inputs

#: Bars kept per pair whatever the model needs, so that a model with a longer sequence is warm at once.
SEQUENCE_BARS = 60


@dataclass(frozen=True, slots=True)
class Run:
    """Inputs of the last consecutive usable bars of one pair.

    Parameters
    ----------
    last_ms
        Start of the last window applied, usable or not; None before the first.
    bars
        Inputs per bar, oldest first; the last one belongs to `last_ms`. Empty after a bar that cannot be used.
    """

    last_ms: int | None = None
    bars: tuple[list[float], ...] = field(default=())


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

    A hole before the row starts a new run. A row of quality ``gap``, or with an input missing, ends the run and is
    not part of one: a model never sees a bar that is partly unknown, in training as in serving.

    Returns
    -------
    Run
        A new run; `run` itself stays as it is.
    """
    inputs = model_inputs(row) if row.quality != "gap" else None
    if inputs is None:
        return Run(row.window_start_ms)
    consecutive = run.last_ms is not None and row.window_start_ms == run.last_ms + row.interval_s * MS_PER_SECOND
    before = run.bars if consecutive else ()
    return Run(row.window_start_ms, (*before, inputs)[-SEQUENCE_BARS:])


def sequence(run: Run, length: int) -> tuple[list[float], ...] | None:
    """Return the last `length` bars of `run`, or None if there are fewer.

    Returns
    -------
    tuple[list[float], ...] | None
        Inputs of each bar, oldest first.
    """
    return run.bars[-length:] if len(run.bars) >= length else None
