"""`tradestream replay` on every recorded file, against an independent aggregation.

Of a file of months the last 100 days, which is enough to train on; all of it with `TRADESTREAM_WHOLE_FILES=1`.
"""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from decimal import Decimal
from itertools import islice
from pathlib import Path

import polars as pl
import pytest
from tests.support.reference_candles import aggregate, lines, rows
from tests.support.runs import TABLES

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared/data/trades"
FILES = sorted(DATA.glob("*.csv.gz"))
WHOLE_FILES = os.environ.get("TRADESTREAM_WHOLE_FILES") == "1"
SHORTENED_US = 100 * 86_400 * 1_000_000

pytestmark = pytest.mark.skipif(
    not FILES, reason="the recorded market data is not beside this checkout (../shared/data/trades)"
)


def replay(file: Path, out: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a user would."""
    command = [sys.executable, "-m", "embedded", "replay", str(file), "--out", str(out), *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def shortened(file: Path, folder: Path) -> Path:
    """Return a copy of a file without heading that has the lines of its last `SHORTENED_US`."""
    times_us = [time_us for time_us, _, _ in lines(file)]
    first = next(number for number, time_us in enumerate(times_us) if time_us >= times_us[-1] - SHORTENED_US)
    with gzip.open(file, "rt") as all_lines, gzip.open(folder / file.name, "wt") as last_lines:
        last_lines.writelines(islice(all_lines, first, None))
    return folder / file.name


@pytest.fixture(scope="module", params=FILES, ids=lambda path: path.name.split(".")[0])
def replayed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Replay a file once for all tests of this module: (file, output folder)."""
    folder = tmp_path_factory.mktemp("replay")
    file, out = request.param, folder / "out"
    if file.name.startswith("bitstamp_") and not WHOLE_FILES:
        file = shortened(file, folder)
    done = replay(file, out)
    assert done.returncode == 0, done.stdout + done.stderr
    return file, out


@pytest.mark.timeout(900)
@pytest.mark.slow
@pytest.mark.parametrize("interval_s", [60, 300])
def test_candles_equal_an_independent_aggregation(replayed: tuple[Path, Path], interval_s: int) -> None:
    """Full outer comparison: 0 differences, no minute missing, none extra but empty ones."""
    file, out = replayed
    reference = aggregate(file, interval_s)
    table = pl.read_parquet(out / "candles.parquet").filter(pl.col("interval_s") == interval_s)
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
    trades = pl.read_parquet(out / "trades.parquet")
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
        frame = pl.read_parquet(out / f"{table}.parquet")
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
    rows = {table: pl.read_parquet(out / f"{table}.parquet").height for table in TABLES[3:]}
    if file.name.startswith("bitstamp"):
        assert summary["model"]["version"] == 1
        assert rows["predictions"] == rows["signals"] > (200_000 if WHOLE_FILES else 60_000)
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
    done = replay(ROOT / arguments[0], tmp_path / "out")
    assert done.returncode == 2, done.stdout + done.stderr
    assert message in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
