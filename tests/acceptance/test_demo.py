"""`tradestream demo`: the whole thread on the simulated market, disturbed and undisturbed."""

from __future__ import annotations

import multiprocessing
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.support.runs import UNDISTURBED_HOURS as HOURS
from tests.support.runs import demo, differences, summary_of, undisturbed_demo

from backtest.run_folders import bars_of_run
from backtest.with_model import with_model
from contracts.services import FLOW_NAMES
from embedded.model_place import promoted_elsewhere

HISTORY_MS = 60 * 3_600_000

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def burn() -> None:
    """Keep one core busy until killed."""
    number = 1
    while True:
        number = number * 3 % 1_000_003


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The run that the others are compared with."""
    out = undisturbed_demo(tmp_path_factory)
    return out, summary_of(out)


def test_the_thread_reaches_paper_fills(undisturbed: tuple[Path, dict[str, Any]]) -> None:
    out, summary = undisturbed
    assert sorted(summary["services"]) == sorted(FLOW_NAMES)
    assert len({service["pid"] for service in summary["services"].values()}) == len(FLOW_NAMES)
    assert summary["model"]["version"] == 1
    assert summary["counts"]["predictions"] == 3 * 60 * HOURS
    assert summary["counts"]["fills"] > 0
    assert not summary["conflicts"]
    assert not summary["dead_letters"]
    assert (out / "report.html").exists()


def test_every_minute_of_the_hour_is_there_and_complete(undisturbed: tuple[Path, dict[str, Any]]) -> None:
    """60 h of history and the live market, three pairs: the seam between them leaves no trace."""
    out, summary = undisturbed
    candles = pl.read_parquet(out / "candles.parquet", glob=False)
    assert set(candles["quality"]) <= {"complete", "empty"}
    assert set(candles["revision"]) == {0}
    history_from_ms = summary["live_from_ms"] - HISTORY_MS
    for (_, interval_s), one in candles.group_by("pair", "interval_s"):
        starts = one["window_start_ms"].sort()
        # A pair's first candle is that of its first trade, which may come some quiet minutes after the start.
        assert history_from_ms <= starts[0] < history_from_ms + 10 * 60_000
        assert starts.to_list() == list(range(starts[0], summary["live_until_ms"], interval_s * 1_000))


def test_features_are_warm_for_two_days(undisturbed: tuple[Path, dict[str, Any]]) -> None:
    out, _ = undisturbed
    rows = pl.read_parquet(out / "technical_indicators.parquet", glob=False).filter(pl.col("interval_s") == 60)
    warm = rows.drop_nulls(["ema_60", "rsi_14", "macd_7", "atr_14"])
    assert warm.height == 3 * (48 + HOURS) * 60


def test_a_backtest_asks_the_model_for_what_was_published(undisturbed: tuple[Path, dict[str, Any]]) -> None:
    out, summary = undisturbed
    published = bars_of_run(out, 60, asked=["direction.confidence"])
    asked = with_model(bars_of_run(out, 60), promoted_elsewhere(str(out)).load(60), ["direction.confidence"])
    spoken = 0
    for pair, bars in asked.pairs.items():
        expected = published.pairs[pair]
        assert {name: expected.said[name] for name in bars.said} == bars.said
        np.testing.assert_array_equal(bars.given["direction.confidence"], expected.given["direction.confidence"])
        spoken += sum(version is not None for version in bars.said["model_version"])
    assert spoken == summary["counts"]["predictions"]


@pytest.mark.long
def test_a_busy_machine_changes_nothing(undisturbed: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    burner = multiprocessing.get_context("spawn").Process(target=burn, daemon=True)
    burner.start()
    try:
        demo(tmp_path / "busy", hours=HOURS)
    finally:
        burner.kill()
    assert differences(undisturbed[0], tmp_path / "busy") == []


@pytest.mark.long
def test_each_service_killed_in_backfill_and_live(undisturbed: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    # predictions has no work in backfill: it is killed while its model trains, and again live.
    kills = [f"--kill={service}@{phase}" for service in FLOW_NAMES for phase in ("backfill", "live")]
    # A quarter as fast as the other: twelve times a service starts, which a slow machine takes a while for.
    summary = demo(tmp_path / "killed", *kills, "--speed", "60", hours=HOURS)
    restarts = {name: service["restarts"] for name, service in summary["services"].items()}
    assert all(restarts[service] >= 1 for service in FLOW_NAMES), restarts
    assert len(summary["kills"]) == len(kills), summary["notes"]
    assert differences(undisturbed[0], tmp_path / "killed") == []
