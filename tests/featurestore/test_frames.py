"""Queries as frames of Polars and pandas, and a store opened by the folder of a run."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest
from tests.support.message_examples import example

from contracts.candle import Candle
from contracts.errors import BadSettingError
from featurestore import Result, StoreSettings, open_store
from featurestore import frames as module

RESULT = Result(
    ("pair", "close", "trade_count", "rsi_14", "value"),
    [("BTC/USD", Decimal("1.5"), 2**60 + 1, None, 1), ("ETH/USD", None, None, None, 2.5)],
)


def test_a_result_is_a_frame_of_either_library() -> None:
    ours, theirs = RESULT.polars(), RESULT.pandas()
    assert ours.columns == list(theirs.columns) == list(RESULT.columns)
    assert [ours[name].dtype for name in ours.columns[:3]] == [pl.String, pl.Float64, pl.Int64]
    assert ours["value"].to_list() == theirs["value"].tolist() == [1.0, 2.5]
    assert ours["trade_count"].to_list() == [2**60 + 1, None]
    assert theirs["trade_count"][0] == 2**60 + 1
    assert pd.isna(theirs["trade_count"][1])
    assert theirs["close"].dtype == float


def test_a_result_without_rows_keeps_its_columns() -> None:
    nothing = Result(("pair", "close"), [])
    assert nothing.polars().columns == list(nothing.pandas().columns) == ["pair", "close"]
    assert nothing.polars().height == len(nothing.pandas()) == 0


def test_a_library_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Any:
        raise ModuleNotFoundError(name=name)

    monkeypatch.setattr(module, "import_module", missing)
    with pytest.raises(BadSettingError, match="pandas: expected pandas to be installed"):
        RESULT.pandas()


@pytest.mark.parametrize("where", [".", "./work/store.sqlite"])
def test_a_store_is_opened_by_the_folder_of_a_run(tmp_path: Path, where: str) -> None:
    with open_store(f"sqlite:///{tmp_path / 'work'}/store.sqlite") as store:
        store.write([example(Candle)])
    for given in (tmp_path / where, str(tmp_path / where)):
        with open_store(given) as store:
            assert store.sql("SELECT pair FROM candles").polars().height == 1


def test_a_folder_without_a_store_is_refused_and_left_alone(tmp_path: Path) -> None:
    with pytest.raises(BadSettingError, match=r"store: expected the folder of a run"):
        open_store(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_setting_is_an_address_and_never_a_folder(tmp_path: Path) -> None:
    (tmp_path / "store.sqlite").touch()
    with pytest.raises(ValueError, match="sqlite:///<path>"):
        StoreSettings.model_validate({"TRADESTREAM_STORE_URL": str(tmp_path)})
