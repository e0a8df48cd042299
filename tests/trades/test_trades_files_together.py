"""Several files of one pair: of one name, overlapping, without ids; and bad rows that are told of once."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from contracts.errors import BadInputError
from contracts.topics import TRADES
from contracts.trade_frame import TradeFrame
from embedded.recorded_input import look_into
from exchanges.recorded import Series, Steps, open_recording
from streaming.clients import read_dead_letters, read_topic
from trades.app import run_trades
from trades.settings import TradesSettings

START = 1_700_000_000
ROWS = 3_000


def rows(first: int, last: int, ids: bool, off: int = 0) -> str:
    lines = [f"{START + 7 * n},{100 + (n + off) % 50}.5,0.{n % 9 + 1}" for n in range(first, last)]
    if not ids:
        return "\n".join(lines) + "\n"
    return "trade_id,time,price,qty\n" + "".join(f"{n + 1},{line}\n" for n, line in enumerate(lines, start=first))


def write(folder: Path, text: str, name: str = "kraken_BTCUSD.csv") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    return folder / name


def settings(folder: Path, **changes: Any) -> TradesSettings:
    return TradesSettings(broker_address=f"embedded://{folder}/log", data_dir=folder, exchange="recorded", **changes)


def written(of: TradesSettings) -> list[Any]:
    frames = [record.message() for record in read_topic(of, TRADES)]
    return [row for frame in frames if isinstance(frame, TradeFrame) for row in frame.rows()]


#: How the second file follows the first: rows of the first, rows of the second.
TOGETHER = {
    "one after the other": ((0, 1_000), (1_000, ROWS)),
    "the later one first": ((1_000, ROWS), (0, 1_000)),
    "by some minutes too much": ((0, 1_040), (1_000, ROWS)),
    "by a few rows too much": ((0, 1_003), (1_000, ROWS)),
    "whole and a part": ((0, ROWS), (1_000, 1_500)),
    "whole and the end": ((0, ROWS), (2_500, ROWS)),
    "whole and more": ((0, 2_000), (0, ROWS)),
    "with a hole": ((0, 1_000), (1_500, ROWS)),
}


@pytest.mark.parametrize("ids", [False, True], ids=["no ids", "ids"])
@pytest.mark.parametrize("how", TOGETHER)
def test_files_of_one_name_are_one_series(tmp_path: Path, how: str, ids: bool) -> None:
    """16 cases, each in one part and cut in two: every trade once, in the order of time."""
    files = tuple(
        write(tmp_path / f"part {number}", rows(*span, ids)) for number, span in enumerate(TOGETHER[how], start=1)
    )
    wanted = sorted({n for span in TOGETHER[how] for n in range(*span)})
    found = look_into(files)
    assert found.files[0] == found.files[1]
    overlap = sum(last - first for first, last in TOGETHER[how]) - len(wanted)
    assert [note for note in found.notes if "in an earlier file too" in note] == (
        [note for note in found.notes if f" {overlap:,} trades, 2023-11-1" in note] if overlap else []
    )
    whole = settings(tmp_path / "whole", file=files)
    assert run_trades(whole) == 0
    trades = written(whole)
    assert [time_us for _, time_us, *_ in trades] == [(START + 7 * n) * 1_000_000 for n in wanted]
    assert all(earlier[0] < later[0] for earlier, later in pairwise(trades))
    for cut in (500, 1_000, 1_020, 1_800):
        cut_ms = (START + 7 * cut) * 1_000
        in_two = settings(tmp_path / f"cut {cut}", file=files, variant="historical", file_until_ms=cut_ms)
        assert run_trades(in_two) == 0
        assert run_trades(settings(tmp_path / f"cut {cut}", file=files, file_from_ms=cut_ms)) == 0
        assert written(in_two) == trades, f"cut at {cut}"
        assert not list(read_dead_letters(in_two, "trades"))


def test_files_that_tell_different_trades_of_one_time_are_refused(tmp_path: Path) -> None:
    files = [write(tmp_path / "a", rows(0, 1_500, False)), write(tmp_path / "b", rows(1_000, ROWS, False, off=1))]
    with pytest.raises(BadInputError, match="rows that overlap: expected the trades that the file before it has"):
        look_into(files)


def test_files_with_and_without_ids_and_files_twice_are_refused(tmp_path: Path) -> None:
    one, other = write(tmp_path / "a", rows(0, 500, False)), write(tmp_path / "b", rows(500, 900, True))
    with pytest.raises(BadInputError, match="all have trade ids"):
        Series([open_recording(one), open_recording(other)])
    with pytest.raises(BadInputError, match="each file once"):
        Series([open_recording(one), open_recording(tmp_path / "b" / ".." / "a" / one.name)])


@pytest.mark.parametrize("cut", [-100, 0, 1, 16, 17, 18, 999, 1_000, 1_001, 2_000, 2_990, 5_000])
def test_each_bad_row_is_told_of_once_wherever_the_file_is_cut(tmp_path: Path, cut: int) -> None:
    lines = rows(0, ROWS, False).splitlines()
    bad = [0, 17, 998, 999, 1_000, 1_500, 2_998, 2_999]
    for place in bad:
        lines[place] = lines[place].replace(".5,", ".5,-")
    file = write(tmp_path, "\n".join(lines) + "\n")
    cut_ms = (START + 7 * cut) * 1_000
    first = settings(tmp_path, file=(file,), variant="historical", file_until_ms=cut_ms)
    assert run_trades(first) == 0
    assert run_trades(settings(tmp_path, file=(file,), file_from_ms=cut_ms)) == 0
    assert len(written(first)) == ROWS - len(bad)
    letters = [letter.headers["error"] or b"" for letter in read_dead_letters(first, "trades")]
    assert [int(letter.split(b":")[0].removeprefix(b"line ")) for letter in letters] == [place + 1 for place in bad]


def test_what_is_lost_and_what_is_unknown_is_said_before_anything_starts(tmp_path: Path) -> None:
    text = rows(0, ROWS, False).replace("\n", "\nnonsense\n", 3)
    (note, sides) = look_into([write(tmp_path, text)]).notes
    assert note == (
        "kraken_BTCUSD.csv: 3 of 3,003 trades are lost (0.10 %). The first, line 2: row: expected 3 columns, was "
        "'1 column'."
    )
    assert sides.startswith("kraken_BTCUSD.csv does not say who took in its trades: taker_buy_volume and")


def test_floats_that_carry_noise_are_rounded_if_told_to_and_it_is_said(tmp_path: Path) -> None:
    """A quarter of the quantities needs 17 digits, as 0.00031099999999999997 does."""
    quantities = [0.00031099999999999997 if n % 4 == 0 else 0.25 for n in range(ROWS)]
    table = {"time": [START + 7 * n for n in range(ROWS)], "price": [100.5] * ROWS, "qty": quantities}
    path = tmp_path / "kraken_BTCUSD.parquet"
    pl.DataFrame(table).write_parquet(path)
    note = look_into([path]).notes[0]
    assert "750 of 3,000 trades are lost (25.00 %)" in note
    assert note.endswith("steps=PRICE,QUANTITY rounds floats that carry noise.")
    notes = look_into([path], steps=Steps.parse("0.01,0.000001")).notes
    assert notes[-1] == "750 prices and quantities were rounded to the steps 0.01 and 0.000001."
    rounded = settings(tmp_path, file=(path,), file_steps="0.01,0.000001")
    assert run_trades(rounded) == 0
    assert {row[3] for row in written(rounded)} == {"0.000311", "0.25"} and len(written(rounded)) == ROWS
