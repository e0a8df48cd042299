"""A file of bars read part by part gives the bars that it gives read whole, or is left to be read whole."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.exchanges_recorded.bar_files import FILES, BarFile, rows_of, write

from contracts.errors import BadInputError
from exchanges.recorded_bars import RecordedBars, read_bars, read_in_parts, row_parts

ROWS = rows_of()
#: As small as parts of a test's files must be for there to be many.
BYTES, LENGTH = 6_000, 100
every_file = pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
#: What does not show in parts: JSON, other orders, times since midnight, bars of several lengths.
READ_WHOLE = ("json", "newest first", "20230403_", "candles.")


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_parts, "PART_BYTES", BYTES)
    monkeypatch.setattr(row_parts, "PART_ROWS", LENGTH)


def _parted(path: Path, folder: Path, pair: str | None = None) -> tuple[RecordedBars, int] | None:
    """Return what comes in parts, put together, and in how many."""
    folder.mkdir(exist_ok=True)
    found = read_in_parts(path, pair, folder)
    if found is None:
        return None
    frames = [each.frame for each in found.parts()]
    return RecordedBars(pl.concat(frames), found.interval_s, found.pair, found.notes), len(frames)


def _same(one: RecordedBars, other: RecordedBars) -> None:
    assert (one.interval_s, one.pair, one.notes) == (other.interval_s, other.pair, other.notes)
    assert one.frame.equals(other.frame, null_equal=True) and one.frame.schema == other.frame.schema


@every_file
@pytest.mark.parametrize("kept", [range(6), (0, 1, 2, 4)], ids=["all", "quiet"])
def test_the_same_bars(tmp_path: Path, file: BarFile, kept: Any) -> None:
    path = write(tmp_path, file, [row for place, row in enumerate(ROWS) if place % 6 in kept])
    found = _parted(path, tmp_path / "parts")
    if found is not None:
        _same(found[0], read_bars(path))
        assert found[1] > 1, "one part proves nothing"
    assert (found is None) == _is_read_whole(path), path.name


def _is_read_whole(path: Path) -> bool:
    beginning = path.read_bytes()[:6]
    return any(word in path.name.lower() for word in READ_WHOLE) or beginning.startswith((b"ARROW1", b"\xff\xfe"))


@every_file
@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), wrong=st.sampled_from(["", "order", "price", "twice", "early", "hole"]))
def test_what_is_odd_is_as_it_is_read_whole(tmp_path: Path, file: BarFile, seed: int, wrong: str) -> None:
    chance = random.Random(seed)
    rows = [row for row in ROWS if chance.random() < 0.9]
    place = chance.randrange(5, len(rows) - 1)
    if wrong == "order":
        chance.shuffle(rows)
    elif wrong == "price":
        rows[place] = {**rows[place], "close": "-1.0"}
    elif wrong == "twice":
        rows.insert(place, rows[place])
    elif wrong == "early":
        rows[place] = {**rows[place], "ms": rows[place]["ms"] - 7}
    elif wrong == "hole":
        rows = [row if number < place else {**row, "ms": row["ms"] + 86_400_000} for number, row in enumerate(rows)]
    path = write(tmp_path, file, rows)
    found = _parted(path, tmp_path / "parts")
    try:
        whole = read_bars(path)
    except BadInputError:
        assert found is None
        return
    if found is not None:
        _same(found[0], whole)


def test_a_pair_is_chosen_and_what_only_some_parts_have_is_found(tmp_path: Path) -> None:
    lines = ["timestamp,symbol,open,high,low,close,volume"]
    for minute in range(400):
        symbols = ("BTCUSDT", "ETHUSDT") if minute > 60 else ("BTCUSDT",)
        lines += [f"{1_700_000_040 + 60 * minute},{symbol},1,2,1,1.5,{minute}" for symbol in symbols]
    path = tmp_path / "two.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    for pair in ("BTC/USDT", "ETH/USDT"):
        found = _parted(path, tmp_path / pair[:3], pair)
        assert found is not None and found[1] > 1
        _same(found[0], read_bars(path, pair))
    assert _parted(path, tmp_path / "none") is None  # which pair, the whole file would say
    assert _parted(path, tmp_path / "other", "XRP/USDT") is None


@pytest.mark.parametrize(
    "odd",
    ["\r", "\r\n", "\n\n"],
    ids=["Mac", "Windows", "blank lines"],
)
def test_ends_of_lines(tmp_path: Path, odd: str) -> None:
    rows = [f"{1_700_000_040 + 60 * minute},1,2,1,1.5,{minute}" for minute in range(100)]
    path = tmp_path / "BTCUSDT.csv"
    path.write_bytes(odd.join(["\ufefftime,open,high,low,close,volume", *rows, ""]).encode())
    found = _parted(path, tmp_path / "parts")
    assert found is not None
    _same(found[0], read_bars(path))
