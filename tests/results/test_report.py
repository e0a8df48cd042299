"""The page renders whatever the run brought, from nothing to everything, and holds all it needs."""

from __future__ import annotations

import gzip
import json
import re
from base64 import b64decode
from dataclasses import asdict
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from plotly.offline import get_plotlyjs_version
from tests.support import made_up_run

from contracts.services import FLOW_NAMES
from embedded.process import ManagedProcess, ProcessSpec
from embedded.process_states import process_states
from modeling.labels import LabelRule
from results.evaluation import accuracy_of, calibration, judged_predictions
from results.export.latency import stage_latencies
from results.export.write import export
from results.report import facts
from results.report.data import MAX_BARS, ReportData
from results.report.drawing_library import VERSION, packed_library
from results.report.page import write_report
from results.summary import RunRecord, write_summary

SECTIONS = (
    "Equity and drawdown",
    "Trading",
    "Candles and fills",
    "Predicted against realised",
    "Features",
    "Risk events",
    "Positions and fills",
    "Data quality",
    "Latency",
    "Processes",
    "How it was made",
)
MAX_BYTES = 1_000_000
#: Some moves of these prices are within such costs.
NET = LabelRule("net", cost_bps=10.0)


def finish(log: Path, out: Path, **record: Any) -> dict[str, Any]:
    processes = {name: ManagedProcess(ProcessSpec(name, (name,)), out / name) for name in FLOW_NAMES}
    asked = {"title": "A run", "command": "tradestream demo", "exchange": "simulator", "pairs": ["BTC/USD"]}
    facts: dict[str, Any] = {**asked, **record}
    exported = export(log, out)
    latency = stage_latencies(log, made_up_run.START_MS)
    return write_summary(out, RunRecord(**facts), process_states(processes), exported, latency)


@pytest.fixture
def full(tmp_path: Path) -> Path:
    made_up_run.write_run(tmp_path / "log")
    model = {"name": "direction", "version": 1, "kind": "logistic", "metrics": {"accuracy": 0.5, "log_loss": 0.69}}
    finish(tmp_path / "log", tmp_path / "out", model=model, live_from_ms=made_up_run.START_MS, seed=7)
    return tmp_path / "out"


def test_a_full_run(full: Path) -> None:
    page = write_report(full).read_text()
    for section in SECTIONS:
        assert f"<h2>{section}</h2>" in page
    for place in ("equity", "calibration", "candles-0", "candles-1", "features-0", "features-1"):
        assert f'id="{place}"' in page
    assert "exposure is near its limit" in page
    assert len(page) < MAX_BYTES


def test_positions_are_summed_over_the_run(tmp_path: Path) -> None:
    fill = {"account": "demo", "pair": "BTC/USD"}
    data = ReportData(tmp_path, {})
    data.__dict__.update(  # cached properties, in place of files
        fills=pl.DataFrame([{**fill, "fee_quote": 1.0, "realised_pnl_quote": won} for won in (0.0, -5.0, 0.0)]),
        positions=pl.DataFrame(
            [
                {**fill, "quantity": 0.0, "average_price": 0.0, "updated_at_ms": 60_000},
                {**fill, "quantity": 2.0, "average_price": 100.0, "updated_at_ms": 120_000},
            ]
        ),
        pnl=pl.DataFrame([{"account": "demo", "time_ms": 180_000}]),
        all_candles=pl.DataFrame(
            [
                {"pair": "BTC/USD", "interval_s": 60, "revision": 0, "window_start_ms": at, "close": close}
                for at, close in ((60_000, "101"), (120_000, "104"), (180_000, "999"))
            ]
        ),
    )
    assert facts.position_rows(data) == [
        ["demo", "BTC/USD", "2", "100.00", "104.00", "+8.00 USD", "−5.00 USD", "3.00 USD", "0.00 USD"],
    ]


@pytest.mark.parametrize(("hit", "tone"), [(0.531, ""), (0.57, ""), (0.60, "good"), (0.40, "bad")])
def test_accuracy_has_a_colour_only_beyond_chance_of_independent_predictions(
    tmp_path: Path, hit: float, tone: str
) -> None:
    data = ReportData(tmp_path, {"accuracy": {"accuracy": hit, "base_rate": 0.503, "judged": 700}})
    data.__dict__["predictions"] = pl.DataFrame({"horizon_bars": [5]})
    assert facts.money_tiles(data)[-1].tone == tone


def test_a_run_without_a_single_message(tmp_path: Path) -> None:
    finish(tmp_path / "log", tmp_path / "out", notes=["Too few rows to train on."])
    page = write_report(tmp_path / "out").read_text()
    for section in SECTIONS:
        assert f"<h2>{section}</h2>" in page
    assert "Too few rows to train on." in page
    assert "There were no fills." in page
    assert 'class="figure"' not in page


def test_the_library_draws_what_the_package_writes() -> None:
    assert VERSION.partition(".")[0] == get_plotlyjs_version().partition(".")[0]
    assert f"plotly.js (finance - minified) v{VERSION}".encode() in gzip.decompress(b64decode(packed_library()))[:200]


def test_every_figure_of_the_trading_table_is_one_that_the_summary_has(full: Path) -> None:
    accounts, rows = facts.trading_rows(ReportData.load(full))
    told = json.loads((full / "summary.json").read_text())["pnl"]["accounts"]["demo"]
    assert accounts == ["demo"] and len(rows) == len(facts._TRADING)
    assert not {name for _, name, _ in facts._TRADING} - told.keys()
    assert ["Sharpe, yearly of daily returns", "–"] in rows


def test_the_page_asks_nothing_of_the_network(full: Path) -> None:
    page = write_report(full).read_text()
    own = re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)
    assert not re.search(r"""(src|href)=|@import|url\(""", own)


def test_text_from_outside_cannot_become_markup(tmp_path: Path) -> None:
    finish(tmp_path / "log", tmp_path / "out", title="<img onerror=alert(1)>", notes=["</script><b>x"])
    page = write_report(tmp_path / "out").read_text()
    assert "<img onerror" not in page
    assert "<b>x" not in page


def test_the_page_says_what_was_foreseen(tmp_path: Path) -> None:
    made_up_run.write_run(tmp_path / "log")
    said = {LabelRule(): "how many rose; unchanged prices", NET: "how many rose beyond costs; moves"}
    judged = {}
    for label, words in said.items():
        summary = finish(tmp_path / "log", tmp_path / "out", labels={"1": asdict(label)})
        assert words in write_report(tmp_path / "out").read_text()
        judged[label] = summary["accuracy"]["judged"]
    assert 0 < judged[NET] < judged[LabelRule()] == 70, "these prices never stand still"


def test_a_long_run_is_drawn_in_fewer_bars(tmp_path: Path) -> None:
    made_up_run.write_run(tmp_path / "log", minutes=3_000, pairs=["BTC/USD"])
    finish(tmp_path / "log", tmp_path / "out")
    data = ReportData.load(tmp_path / "out")
    assert data.bar_minutes == 5
    assert data.bars("BTC/USD").height == 600 <= MAX_BARS
    minutes = data.candles
    assert data.bars("BTC/USD")["high"].max() == minutes["high"].max()
    assert "bars of 5 minutes" in write_report(tmp_path / "out").read_text()


def test_the_summary_names_the_six_services_and_counts_what_was_exported(full: Path) -> None:
    summary = json.loads((full / "summary.json").read_text())
    assert tuple(summary["services"]) == FLOW_NAMES
    assert summary["counts"]["predictions"] == 80
    assert summary["counts"]["fills"] == pl.read_parquet(full / "fills.parquet").height > 0
    assert summary["conflicts"] == {}
    assert summary["quality"]["BTC/USD"] == {"complete": 40, "empty": 0, "gap": 0, "unverified": 0, "revised": 0}
    assert summary["pnl"]["initial_balance_quote"] == "10000"
    assert summary["latency"]["candles"]["p50_ms"] == 5.0


def test_a_price_that_has_not_moved_judges_nobody(full: Path) -> None:
    candles, predictions = (pl.read_parquet(full / f"{name}.parquet") for name in ("candles", "predictions"))
    still = candles.with_columns(close=pl.lit("100"))
    assert judged_predictions(predictions.with_columns(mark_close=pl.lit("100")), still).is_empty()
    assert accuracy_of(judged_predictions(predictions.clear(), candles)).accuracy is None


def test_a_prediction_is_judged_by_the_close_its_horizon_names(full: Path) -> None:
    candles, predictions = (pl.read_parquet(full / f"{name}.parquet") for name in ("candles", "predictions"))
    judged = judged_predictions(predictions, candles)
    closes = {(row["pair"], row["window_start_ms"]): float(row["close"]) for row in candles.iter_rows(named=True)}
    assert judged.height == 2 * (40 - 5)  # these prices never stand still
    for row in judged.iter_rows(named=True):
        now, later = (closes[row["pair"], row["window_start_ms"] + bars * 60_000] for bars in (0, 5))
        assert row["went_up"] == (later > now)
    right = [(row["direction"] > 0) == bool(row["went_up"]) for row in judged.iter_rows(named=True)]
    assert accuracy_of(judged).accuracy == pytest.approx(sum(right) / len(right))
    assert calibration(judged)["count"].sum() == judged.height
