"""`tradestream demo`: the whole thread on the simulated market, disturbed and undisturbed."""

from __future__ import annotations

import json
import multiprocessing
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from workspace import SERVICES

ROOT = Path(__file__).parents[2]
#: Everything that is a function of the market: wall-clock facts are in headers and in the report.
TABLES = (
    "trades", "candles", "technical_indicators", "predictions", "signals", "orders", "fills", "positions", "pnl",
)  # fmt: skip

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def demo(out: Path, *options: str) -> dict[str, Any]:
    """Run one market hour with the baseline model and return summary.json."""
    command = [sys.executable, "-m", "embedded", "demo", "--model", "baseline", "--hours", "1", "--out", str(out)]
    done = subprocess.run([*command, *options], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    summary: dict[str, Any] = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    return summary


def burn() -> None:
    """Keep one core busy until killed."""
    number = 1
    while True:
        number = number * 3 % 1_000_003


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The run that the others are compared with."""
    out = tmp_path_factory.mktemp("demo") / "undisturbed"
    return out, demo(out)


def assert_same_tables(expected: Path, got: Path) -> None:
    """Compare every table of two runs, cell by cell."""
    for table in TABLES:
        left, right = (pl.read_parquet(folder / f"{table}.parquet") for folder in (expected, got))
        assert left.height > 0, table
        assert_frame_equal(left, right, check_exact=True)


def test_the_thread_reaches_paper_fills(undisturbed: tuple[Path, dict[str, Any]]) -> None:
    out, summary = undisturbed
    assert sorted(service["name"] for service in summary["services"]) == sorted(SERVICES)
    assert len({service["pid"] for service in summary["services"]}) == len(SERVICES)
    assert summary["model"]["version"] == 1
    assert summary["counts"]["predictions"] == 3 * 60
    assert summary["counts"]["fills"] > 0
    assert summary["conflicts"] == 0
    assert summary["dead_letters"] == 0
    assert (out / "report.html").exists()


def test_every_minute_of_the_hour_is_there_and_complete(undisturbed: tuple[Path, dict[str, Any]]) -> None:
    """60 h of history and an hour of live market, three pairs: the seam between them leaves no trace."""
    out, _ = undisturbed
    candles = pl.read_parquet(out / "candles.parquet")
    for interval_s in (60, 300):
        one = candles.filter(pl.col("interval_s") == interval_s)
        assert one.height == 3 * 61 * 3_600 // interval_s
        assert one.select("pair", "window_start_ms").n_unique() == one.height
        assert set(one["quality"]) <= {"complete", "empty"}
        assert set(one["revision"]) == {0}


def test_features_are_warm_for_two_days(undisturbed: tuple[Path, dict[str, Any]]) -> None:
    out, _ = undisturbed
    rows = pl.read_parquet(out / "technical_indicators.parquet").filter(pl.col("interval_s") == 60)
    warm = rows.drop_nulls(["ema_60", "rsi_14", "macd_7", "atr_14"])
    assert warm.height == 3 * (48 + 1) * 60


def test_a_busy_machine_changes_nothing(undisturbed: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    burner = multiprocessing.get_context("spawn").Process(target=burn, daemon=True)
    burner.start()
    try:
        demo(tmp_path / "busy")
    finally:
        burner.kill()
    assert_same_tables(undisturbed[0], tmp_path / "busy")


def test_each_service_killed_in_backfill_and_live(undisturbed: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    # predictions has no work in backfill: it is killed while its model trains, and again live.
    kills = [f"--kill={service}@{phase}" for service in SERVICES for phase in ("backfill", "live")]
    summary = demo(tmp_path / "killed", *kills)
    restarts = {service["name"]: service["restarts"] for service in summary["services"]}
    assert all(restarts[service] >= 1 for service in SERVICES), restarts
    assert sum(restarts.values()) >= len(kills) - 1, restarts
    assert_same_tables(undisturbed[0], tmp_path / "killed")
