"""Bars in files are the bars: every slice, every place that is looked for, and all that an account does on them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from backtest.bars import COMPLETE, EXACT_COLUMNS, Bars, FloatTexts
from backtest.candle_frames import ExactTexts
from backtest.history import History
from backtest.on_disk import BarFiles, StoredColumn, on_disk
from backtest.plan import Terms
from backtest.strategies_of import chosen
from backtest.stretches import stretches_of
from backtest.tables import _Parts
from contracts.account import Account
from exchanges.paper import PaperBroker
from execution.core.policy import Policy
from results.export.tables import table

PAIR, LENGTH = "BTC/USD", 600


def made_up(length: int = LENGTH) -> Bars:
    rng = np.random.default_rng(5)
    close = np.round(30_000 * np.exp(np.cumsum(rng.normal(0, 0.002, length))), 2)
    opened = np.append(close[:1], close[:-1])
    columns = {
        "open": opened,
        "high": np.maximum(opened, close) + 1,
        "low": np.minimum(opened, close) - 1,
        "close": close,
        "volume": np.full(length, 1e6),
        "trade_count": np.full(length, 9.0),
        "taker_buy_volume": np.full(length, 5e5),
    }
    texts = {name: FloatTexts(columns[name]) for name in EXACT_COLUMNS}
    starts_ms = 60_000 * np.cumsum(rng.choice([1, 1, 1, 2], length)).astype(np.int64)
    counts, qualities = np.full(length, 9, np.int64), np.full(length, COMPLETE, np.int8)
    given = {"direction.confidence": rng.random(length)}
    said = {"direction": rng.choice([-1, 1], length).tolist()}
    return Bars("kraken", PAIR, 60, starts_ms, texts, columns, counts, qualities, given, said)


def require_same(found: Bars, expected: Bars) -> None:
    assert len(found) == len(expected)
    for name in ("starts_ms", "trade_counts", "qualities"):
        mine, theirs = getattr(found, name), getattr(expected, name)
        assert mine.dtype == theirs.dtype and mine.tobytes() == theirs.tobytes()
    for mine, theirs in ((found.columns, expected.columns), (found.given, expected.given)):
        assert {name: each.tobytes() for name, each in mine.items()} == {n: e.tobytes() for n, e in theirs.items()}
    assert found.said == expected.said
    for name, texts in expected.texts.items():
        assert [found.texts[name][place] for place in range(len(found))] == [texts[p] for p in range(len(expected))]


@settings(max_examples=40, deadline=None)
@given(
    cuts=st.lists(st.integers(0, LENGTH), max_size=3),
    begin=st.integers(-LENGTH, LENGTH),
    end=st.integers(-LENGTH, LENGTH) | st.none(),
)
def test_a_slice_is_that_of_the_bars(cuts: list[int], begin: int, end: int | None) -> None:
    bars = made_up()
    with TemporaryDirectory() as folder:
        files = BarFiles(Path(folder))
        edges = [0, *sorted(cuts), LENGTH]
        for first, last in pairwise(edges):
            files.add(bars[first:last])
        require_same(files.bars()[begin:end], bars[begin:end])


def test_places_are_found_as_in_memory(tmp_path: Path) -> None:
    values = np.array([3, 5, 5, 9], np.int64)
    values.tofile(tmp_path / "column")
    column = StoredColumn(tmp_path / "column", values.dtype, 0, 4)
    for value in (0, 3, 4, 5, 9, 10):
        for side in ("left", "right"):
            assert np.searchsorted(column, value, side) == np.searchsorted(values, value, side)
    assert [int(column[place]) for place in (0, -1)] == [3, 9]
    assert np.asarray(column).tolist() == values.tolist()


def test_an_account_does_the_same_on_them() -> None:
    """Over stretches that begin within a run of the strategy."""
    bars = replace(made_up(5_000), given={}, said={}, starts_ms=60_000 * np.arange(5_000, dtype=np.int64))
    history = History({PAIR: bars})
    account = Account(name="a", pairs=(PAIR,), strategy="sma_cross", parameters={"fast": 5, "slow": 50})
    terms = Terms(PaperBroker(slippage_bps=Decimal(2), fee_bps=Decimal(1)), Policy())

    def told(of: History) -> list[bytes]:
        every = [each for stretch in stretches_of(of, [chosen(account)], terms, bars=700) for each in stretch]
        return [message.to_json() for outcome in every for message in outcome.messages]

    expected = told(history)
    with on_disk(history) as stored:
        assert isinstance(stored.pairs[PAIR].columns["close"], StoredColumn)
        assert told(stored) == expected
    assert len(expected) > 20


_TIMES = st.lists(st.lists(st.integers(0, 30), max_size=5), max_size=6)


@settings(max_examples=60, deadline=None)
@given(parts=_TIMES)
def test_rows_of_a_table_stand_in_order_whenever_they_came(parts: list[list[int]]) -> None:
    """Later steps of an order stand where it was decided, stretches before."""
    of = table("orders")
    frames = []
    for times in parts:
        names = [f"o-{len(frames)}-{number}" for number in range(len(times))]
        known = {"decided_at_ms": times, "updated_at_ms": times, "order_id": names}
        frames.append(pl.DataFrame({name: known.get(name) for name in of.schema}, schema=of.schema))
    with TemporaryDirectory() as folder:
        written = _Parts(of)
        for frame in frames:
            written.add(frame, Path(folder))
        rows = written.write(Path(folder, "orders.parquet"))
        found = pl.read_parquet(Path(folder, "orders.parquet"))
    expected = pl.concat([pl.DataFrame(schema=of.schema), *frames]).sort(of.sorting)
    assert rows == expected.height
    assert found.equals(expected)


def test_what_is_spelled_otherwise_than_its_floats_stays_as_it_is() -> None:
    bars = made_up()
    exact = replace(bars, texts={**bars.texts, "open": ExactTexts(pl.Series(["1"] * LENGTH))})
    moved = replace(bars, texts={**bars.texts, "open": FloatTexts(bars.columns["close"])})
    for each in (exact, moved):
        with on_disk(History({PAIR: each})) as stored:
            assert stored.pairs[PAIR] is each
