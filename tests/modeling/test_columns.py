"""A data set of columns is that of rows: the same samples, inputs and labels, to the bit."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.feature_columns import FEATURE_SETS
from contracts.feature_row import FeatureRow
from contracts.trusted import made
from contracts.units import float_string
from features import feature_set_id
from modeling.dataset import Dataset, Samples, build_dataset, dataset_of
from modeling.input_list import InputList, input_list
from modeling.inputs import CANDLE_COLUMNS, INPUTS, ModelInput, named_inputs
from modeling.pair_table import PairColumns
from modeling.sequence import SEQUENCE_BARS

_SET = "core"
_MINUTE_MS = 60_000
_CANDLE = CANDLE_COLUMNS[:-1]
#: Every input that rows of the set serve.
_EVERY = tuple(name for name, each in named_inputs().items() if set(each.features) <= set(FEATURE_SETS[_SET]))
#: What formulas divide by, take the logarithm of, or overflow with.
_ODD = (0.0, 1e-310, 1e308, -3.0, 50.0)


class Rows:
    """Rows of one pair, as columns and one by one."""

    def __init__(self, seed: int, length: int, odd: float, unknown: float, holes: float, gaps: float) -> None:
        rng = np.random.default_rng(seed)
        steps = np.where(rng.random(length) < holes, 2, 1)
        self.starts_ms = _MINUTE_MS * np.cumsum(steps).astype(np.int64)
        self.gaps = rng.random(length) < gaps
        self.columns = {}
        for name in (*CANDLE_COLUMNS, *FEATURE_SETS[_SET]):
            column = np.round(rng.lognormal(3, 2, length), 6)
            column = np.where(rng.random(length) < odd, rng.choice(_ODD, length), column)
            if name == "trade_count":
                column = np.round(rng.exponential(5, length))
            elif name not in CANDLE_COLUMNS:
                column[rng.random(length) < unknown] = np.nan
            self.columns[name] = column

    def one_by_one(self) -> list[FeatureRow]:
        return [self._row(place) for place in range(len(self.starts_ms))]

    def _row(self, place: int) -> FeatureRow:
        value = {name: column[place].item() for name, column in self.columns.items()}
        return made(
            FeatureRow,
            exchange="kraken",
            pair="BTC/USD",
            interval_s=60,
            window_start_ms=int(self.starts_ms[place]),
            revision=0,
            **{name: float_string(value[name]) for name in _CANDLE},
            trade_count=int(value["trade_count"]),
            first_trade_id=None,
            last_trade_id=None,
            quality="gap" if self.gaps[place] else "complete",
            feature_set=feature_set_id(_SET),
            **{name: None if value[name] != value[name] else value[name] for name in FEATURE_SETS[_SET]},
        )


_SHARES = st.sampled_from([0.0, 0.02, 0.3])


@pytest.mark.parametrize("each", INPUTS, ids=lambda each: each.name)
@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_an_input_over_columns_is_that_of_each_bar(each: ModelInput, seed: int) -> None:
    rows, inputs = Rows(seed, 60, 0.3, 0.2, 0.0, 0.0), InputList((each.name,))
    found, usable = inputs.over(rows.columns)
    named = [{name: column[place].item() for name, column in rows.columns.items()} for place in range(60)]
    known = [{name: value for name, value in bar.items() if value == value} for bar in named]
    expected = [inputs.values(bar) for bar in known]
    assert usable.tolist() == [value is not None for value in expected]
    with np.errstate(over="ignore"):
        same = np.array([value for value in expected if value is not None], dtype=np.float32).reshape(-1, 1)
    assert found.tobytes() == same.tobytes()


@pytest.mark.filterwarnings("ignore:divide by zero|invalid value|overflow:RuntimeWarning")
@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    length=st.integers(1, 150),
    odd=_SHARES,
    unknown=st.sampled_from([0.0, 0.001, 0.02]),
    holes=_SHARES,
    gaps=_SHARES,
    every_input=st.booleans(),
)
def test_a_data_set_of_columns_is_that_of_rows(
    seed: int, length: int, odd: float, unknown: float, holes: float, gaps: float, *, every_input: bool
) -> None:
    rows = Rows(seed, length, odd, unknown, holes, gaps)
    inputs = input_list(_EVERY) if every_input else input_list()
    folded = PairColumns.of(rows.starts_ms, rows.columns, rows.gaps, _MINUTE_MS, inputs)
    columns = dataset_of({("kraken", "BTC/USD"): folded}, 10, 5, 60, inputs)
    assert folded.run_lengths.max() <= SEQUENCE_BARS
    _require_same(columns, build_dataset(rows.one_by_one(), 10, 5, 60, inputs))


def test_runs_are_counted_as_far_as_they_are_kept() -> None:
    rows = Rows(3, 300, 0.0, 0.0, 0.0, 0.0)
    folded = PairColumns.of(rows.starts_ms, rows.columns, rows.gaps, _MINUTE_MS, input_list())
    assert folded.run_lengths.tolist() == [min(place + 1, SEQUENCE_BARS) for place in range(300)]


def _require_same(found: Dataset, expected: Dataset) -> None:
    for field in fields(Dataset):
        _same(getattr(found, field.name), getattr(expected, field.name))


def _same(found: Any, expected: Any) -> None:
    if isinstance(expected, np.ndarray):
        assert found.dtype == expected.dtype and found.shape == expected.shape
        assert found.tobytes() == expected.tobytes()
    elif isinstance(expected, Samples) or hasattr(expected, "samples"):
        for name in (field.name for field in fields(expected)):
            _same(getattr(found, name), getattr(expected, name))
    elif isinstance(expected, tuple) and expected and isinstance(expected[0], tuple):
        for one, other in zip(found, expected, strict=True):
            for column, same in zip(one, other, strict=True):
                _same(column, same)
    else:
        assert found == expected, (found, expected)
