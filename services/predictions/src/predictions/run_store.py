"""Keeps a pair's run of bars in QuixStreams state: one small entry per bar, and one that says which are valid."""

from __future__ import annotations

from typing import Any

from contracts.feature_row import FeatureRow
from contracts.state import State
from contracts.units import MS_PER_SECOND
from modeling.sequence import SEQUENCE_BARS, Run, SeenBar
from predictions.core.decision import initial

#: Not "run" and "bar-<slot>", under which earlier versions kept what their models saw: the run starts again.
_HEAD, _SLOT = "seen", "seen-"


class RunStore:
    """Loads and saves runs.

    The run last saved is cached per pair and used only while the state's own entry says the same, so a rebalance
    or a rolled-back transaction is noticed.
    """

    def __init__(self, interval_s: int) -> None:
        self._interval_ms = interval_s * MS_PER_SECOND
        self._cache: dict[str, Run] = {}

    def load(self, row: FeatureRow, state: State) -> Run:
        """Return the run of `row`'s pair."""
        head = state.get(_HEAD)
        if head is None:
            return initial()
        cached = self._cache.get(row.pair)
        if cached is not None and self._head(cached) == head:
            return cached
        last_ms: int = head["last_ms"]
        ages = reversed(range(head["length"]))
        entries = (state.get(self._slot(last_ms - age * self._interval_ms)) for age in ages)
        return Run(last_ms, tuple(SeenBar(feature_set, values) for feature_set, values in entries))

    def is_taken_over(self, row: FeatureRow, loaded: Run) -> bool:
        """Return whether the run that was `loaded` is from before a start, or from another process."""
        return self._cache.get(row.pair) is not loaded

    def save(self, row: FeatureRow, run: Run, state: State) -> None:
        """Write what `row` added to the run: its own bar and the head, nothing else."""
        if run.bars:
            state.set(self._slot(row.window_start_ms), [run.bars[-1].feature_set, run.bars[-1].values])
        state.set(_HEAD, self._head(run))
        self._cache[row.pair] = run

    def _head(self, run: Run) -> dict[str, Any]:
        return {"last_ms": run.last_ms, "length": len(run.bars)}

    def _slot(self, window_start_ms: int) -> str:
        return f"{_SLOT}{window_start_ms // self._interval_ms % SEQUENCE_BARS}"
