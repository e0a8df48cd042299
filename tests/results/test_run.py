"""A run loaded in a program of one's own: numbers to calculate with, in frames of either library."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import polars as pl
import pytest
from tests.support.made_up_run import PAIRS, START_MS, write_run

import results
from contracts.errors import BadInputError, BadSettingError
from results.export.write import export
from results.run import NAMES, Run


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("made up")
    write_run(found / "work/log", minutes=12)
    export(found / "work/log", found)
    (found / "summary.json").write_text(json.dumps({"title": "made up"}), encoding="utf-8")
    return found


@pytest.fixture(scope="module")
def run(folder: Path) -> Run:
    return results.load(folder)


@pytest.mark.parametrize("name", NAMES)
def test_each_table_is_the_exported_one_with_its_time(run: Run, folder: Path, name: str) -> None:
    exported = pl.read_parquet(folder / f"{name}.parquet")
    exact = run.table(name, exact=True)
    assert exact.drop("time").equals(exported)
    assert exact.columns[0] == "time"
    numbers = run.table(name)
    for column, kind in exported.schema.items():
        if kind == pl.String and numbers[column].dtype == pl.Float64:
            assert numbers[column].to_list() == [None if text is None else float(text) for text in exported[column]]
        else:
            assert numbers[column].equals(exported[column])


@pytest.mark.parametrize("name", NAMES)
def test_pandas_has_the_same_values(run: Run, name: str) -> None:
    ours, theirs = run.table(name), run.pandas(name)
    assert list(theirs.columns) == ours.columns
    assert str(theirs["time"].dtype).startswith("datetime64") and str(theirs["time"].dt.tz) == "UTC"
    for column in ours.columns[1:]:
        assert [None if pd.isna(value) else value for value in theirs[column]] == ours[column].to_list()


def test_prices_are_numbers_and_times_are_times(run: Run) -> None:
    assert run.fills["price"].dtype == run.pnl["equity"].dtype == run.candles["close"].dtype == pl.Float64
    assert (run.trades["price"] > 90).all()
    assert run.candles["time"].min() == pd.Timestamp(START_MS, unit="ms", tz="UTC")
    assert run.trades["time"].dt.epoch("us").equals(run.trades["timestamp_us"].rename("time"))
    assert set(run.features["pair"]) == set(run.predictions["pair"]) == set(PAIRS)
    assert run.summary["title"] == "made up"
    assert run.risk_alerts.height == 1


def test_what_is_no_run_says_what_would_be(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(BadInputError, match="run: expected a folder with the tables of a run, was 'nowhere'"):
        results.load("nowhere")
    (tmp_path / "work").symlink_to(folder / "work")
    with pytest.raises(BadInputError, match=r"whose tables `tradestream export --run .* OUT` writes"):
        results.load(tmp_path)
    with pytest.raises(BadInputError, match="table: expected one of trades, candles"):
        results.load(folder).table("bars")
    with pytest.raises(BadSettingError, match=r"store: expected the folder of a run \(work/store.sqlite in it\)"):
        results.load(folder).store()
