"""A backtest of a file that is read part by part is that of the file read whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.backtest.test_golden import FOUR_HOURS

from backtest.bar_files import bars_of_files
from backtest.bars import EXACT_COLUMNS
from backtest.on_disk import is_put_away, on_disk
from exchanges.recorded_bars import row_parts


def test_bars_are_the_same_and_in_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = bars_of_files([FOUR_HOURS], "kraken", ["BTC/USD"]).pairs["BTC/USD"]
    monkeypatch.setattr(row_parts, "PART_BYTES", 100_000)
    history = bars_of_files([FOUR_HOURS], "kraken", ["BTC/USD"], tmp_path)
    parted, notes = history.pairs["BTC/USD"], history.notes
    assert is_put_away(parted) and not is_put_away(whole)
    assert notes == bars_of_files([FOUR_HOURS], "kraken", ["BTC/USD"]).notes
    assert len(parted) == len(whole) and parted.columns.keys() == whole.columns.keys()
    for name, column in whole.columns.items():
        np.testing.assert_array_equal(np.asarray(parted.columns[name]), column)
    for name in ("starts_ms", "trade_counts", "qualities"):
        np.testing.assert_array_equal(np.asarray(getattr(parted, name)), getattr(whole, name))
    for place in range(0, len(whole), 997):
        assert [parted.texts[each][place] for each in EXACT_COLUMNS] == [
            whole.texts[each][place] for each in EXACT_COLUMNS
        ]
    with on_disk(history) as stored:
        assert stored.pairs["BTC/USD"] is parted  # it is not put away twice
    assert not list(tmp_path.rglob("*.arrow"))


def test_what_cannot_be_read_in_parts_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "BTCUSDT.csv"
    rows = [f"{1_700_000_040 + 60 * minute},1,2,1,1.5,{minute}" for minute in range(100)]
    path.write_text("\n".join(["time,open,high,low,close,volume", *reversed(rows)]), encoding="utf-8")
    (folder := tmp_path / "parts").mkdir()
    [bars] = bars_of_files([path], "kraken", folder=folder).pairs.values()
    assert not is_put_away(bars) and len(bars) == 100
