"""`tradestream replay` on every recorded file, against an independent aggregation.

The file of months, which is enough to train on, is for the long suite: its last 30 and 100 days, with
`TRADESTREAM_WHOLE_FILES=1` all of it.
"""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.support.awkward_names import EVERYTHING as AWKWARD
from tests.support.reference_candles import aggregate, lines, rows
from tests.support.runs import TABLES, tradestream
from tests.support.workspace import ROOT

from contracts.units import MS_PER_DAY, US_PER_MS

DATA = ROOT.parent / "shared/data/trades"
FILES = sorted(DATA.glob("*.csv.gz"))
US_PER_DAY = MS_PER_DAY * US_PER_MS
#: Days of the file of months.
SHORT, LONG = 30, 10_000 if os.environ.get("TRADESTREAM_WHOLE_FILES") == "1" else 100


def cases() -> Iterator[Any]:
    """Give each file, and how many days of it; one hour is in every run."""
    seen = set()
    for file in FILES:
        venue = file.name.partition("_")[0]
        for days in (SHORT, LONG) if venue == "bitstamp" else (1,):
            first = venue == "coinbase" and venue not in seen
            seen.add(venue)
            marks = [] if first else [pytest.mark.long]
            yield pytest.param((file, days), id=f"{file.name.partition('.')[0]}-{days}", marks=marks)


pytestmark = pytest.mark.skipif(
    not FILES, reason="the recorded market data is not beside this checkout (../shared/data/trades)"
)


def days_of(file: Path) -> float:
    """Return how long a file lasts."""
    times_us = [time_us for time_us, _, _ in lines(file)]
    return (times_us[-1] - times_us[0]) / US_PER_DAY


def shortened(file: Path, folder: Path, days: int) -> Path:
    """Return a copy of a file without heading that has the lines of its last days."""
    times_us = [time_us for time_us, _, _ in lines(file)]
    since_us = times_us[-1] - days * US_PER_DAY
    first = next(number for number, time_us in enumerate(times_us) if time_us >= since_us)
    with gzip.open(file, "rt") as all_lines, gzip.open(folder / file.name, "wt") as last_lines:
        last_lines.writelines(islice(all_lines, first, None))
    return folder / file.name


@pytest.fixture(scope="module", params=cases())
def replayed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Replay a file once for all tests of this module: (file, output folder)."""
    folder = tmp_path_factory.mktemp("replay")
    (file, days), out = request.param, folder / AWKWARD
    if file.name.startswith("bitstamp_"):
        file = shortened(file, folder, days)
    done = tradestream("replay", file, "--out", out)
    assert done.returncode == 0, done.stdout + done.stderr
    return file, out


@pytest.mark.timeout(900)
@pytest.mark.slow
@pytest.mark.parametrize("interval_s", [60, 300])
def test_candles_equal_an_independent_aggregation(replayed: tuple[Path, Path], interval_s: int) -> None:
    """Full outer comparison: 0 differences, no minute missing, none extra but empty ones."""
    file, out = replayed
    reference = aggregate(file, interval_s)
    table = pl.read_parquet(out / "candles.parquet", glob=False).filter(pl.col("interval_s") == interval_s)
    traded = {row["window_start_ms"]: row for row in table.filter(pl.col("trade_count") > 0).iter_rows(named=True)}
    assert sorted(traded) == sorted(reference)
    for start_ms, wanted in reference.items():
        row = traded[start_ms]
        got = {name: Decimal(row[name]) for name in ("open", "high", "low", "close", "volume", "quote_volume")}
        assert {**got, "trade_count": row["trade_count"]} == vars(wanted), start_ms
    extra = table.filter(pl.col("trade_count") == 0)
    assert set(extra["quality"]) <= {"empty"}
    starts = table["window_start_ms"]
    assert starts.n_unique() == table.height == (max(reference) - min(reference)) // (interval_s * 1_000) + 1
    assert (starts.min(), starts.max()) == (min(reference), max(reference))


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_no_trade_is_lost_or_counted_twice(replayed: tuple[Path, Path]) -> None:
    file, out = replayed
    trades = pl.read_parquet(out / "trades.parquet", glob=False)
    written = list(rows(file))
    assert trades.height == len(written)
    assert sum((Decimal(text) for text in trades["quantity"]), Decimal()) == sum(
        (row[2] for row in written), Decimal()
    )


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_table_is_there_and_typed(replayed: tuple[Path, Path]) -> None:
    _, out = replayed
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    for table in TABLES:
        frame = pl.read_parquet(out / f"{table}.parquet", glob=False)
        assert frame.columns
        assert pl.Null not in frame.dtypes, table
    assert len(summary["services"]) == 6
    assert (out / "report.html").stat().st_size > 10_000


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_file_long_enough_is_traded_on_and_a_short_one_says_so(replayed: tuple[Path, Path]) -> None:
    """Months of minutes: the model is trained on the first half and trades the second on paper."""
    file, out = replayed
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    rows = {table: pl.read_parquet(out / f"{table}.parquet", glob=False).height for table in TABLES[3:]}
    if file.name.startswith("bitstamp"):
        assert summary["model"]["version"] == 1
        # Of the second half of its minutes.
        assert rows["predictions"] == rows["signals"] > 0.4 * 1_440 * days_of(file)
        assert rows["fills"] > 0
    else:
        assert set(rows.values()) == {0}
        assert any("Too few warm feature rows" in note for note in summary["notes"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("missing.csv.gz",), "missing.csv.gz"),
        (("README.md",), "README.md"),
    ],
)
def test_bad_arguments_say_what_was_expected(tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    done = tradestream("replay", *arguments, "--out", tmp_path / "out")
    assert done.returncode == 2, done.stdout + done.stderr
    assert message in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
