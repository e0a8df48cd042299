"""`tradestream backtest`: options in, tables, a summary and a report out; what cannot be used is told by name."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from tests.backtest.test_golden import CROSS, MINUTES
from typer.testing import CliRunner

from contracts.signal import Signal
from embedded.cli import app
from results.report.data import load_table

OTHER = ["--pairs", "BTC/USD", "--fee-bps", "10", "--position-pct", "90"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("backtest")
    (folder / "sma_cross.py").write_text(CROSS, encoding="utf-8")
    return folder


def call(*options: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["backtest", *map(str, options)])
    return done.exit_code, done.output


@pytest.fixture(scope="module")
def out(folder: Path) -> Path:
    code, said = call("--strategy", folder / "sma_cross.py", "--bars", MINUTES, *OTHER, "--out", folder / "out")
    assert code == 0, said
    assert "1,440, awake on" in said and "report.html" in said
    return folder / "out"


def test_the_tables_add_up(out: Path) -> None:
    summary = json.loads((out / "summary.json").read_text())
    account = summary["pnl"]["accounts"]["backtest"]
    fills, pnl = load_table(out, "fills"), load_table(out, "pnl")
    assert account["fills"] == fills.height == summary["counts"]["fills"] > 10
    assert fills["fee_quote"].cast(pl.Float64).sum() == pytest.approx(float(account["fees_quote"]))
    assert pnl.height == load_table(out, "candles").height == 1_440
    assert pnl["equity"][-1] == account["final_equity_quote"]
    assert "sma_cross" in (out / "report.html").read_text(encoding="utf-8")


def test_a_row_of_signals_is_a_signal(out: Path) -> None:
    rows = load_table(out, "signals")
    assert rows.height == 1_440
    assert {Signal(**row).strategy for row in rows.sample(50, seed=1).iter_rows(named=True)} == {"sma_cross"}
    assert set(rows["decision"]) == {"none", "buy", "sell"}


def test_an_account_that_came_to_its_limit_is_told(folder: Path) -> None:
    dear = [*OTHER, "--fee-bps", "500", "--out", folder / "dear"]
    code, said = call("--strategy", folder / "sma_cross.py", "--bars", MINUTES, *dear)
    assert code == 0, said
    alerts = load_table(folder / "dear", "risk_alerts").filter(pl.col("severity") == "CRITICAL")
    assert alerts["rule"].to_list()[-1] == "DAILY_LOSS"
    assert "backtest came to its limit at 2022-12-13T" in said and "(DAILY_LOSS) and did not buy again." in said
    assert "came to its limit" in (folder / "dear" / "report.html").read_text(encoding="utf-8")


def test_a_later_beginning_trades_later_and_is_warm_at_once(folder: Path, out: Path) -> None:
    begin_ms = 1_670_889_600_000 + 6 * 3_600_000
    later = folder / "later"
    code, said = call(
        *("--strategy", folder / "sma_cross.py", "--bars", MINUTES, *OTHER, "--out", later, "--from", begin_ms)
    )
    assert code == 0, said
    signals = load_table(later, "signals")
    assert signals["window_start_ms"].min() == begin_ms
    whole = load_table(out, "signals").filter(pl.col("window_start_ms") >= begin_ms)
    assert signals["target"].equals(whole["target"])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--bars", MINUTES), "--strategy or --accounts: expected one of them"),
        (("--strategy", "momentum"), "--bars, --trades, --run or --from-store: expected one of them"),
        (("--strategy", "momentun", "--bars", MINUTES), "did you mean momentum"),
        (("--strategy", "momentum", "--bars", "nowhere.csv"), "expected a file of recorded bars"),
        (("--strategy", "momentum", "--run", "nowhere"), "expected a folder with candles of 60 s"),
        (("--strategy", "prediction", "--bars", MINUTES, "--pairs", "BTC/USD"), "a strategy of bars and features"),
        (("--strategy", "momentum", "--bars", MINUTES, "--fee-bps", "ten"), "--fee-bps: expected a number"),
        (("--strategy", "momentum", "--bars", MINUTES, *OTHER, "--from", "2030-01-01"), "expected a range with bars"),
        (("--strategy", "momentum", "--bars", MINUTES, "--parameter", "bars=1"), "Momentum.bars"),
    ],
)
def test_what_cannot_be_used_is_told_by_name(folder: Path, options: tuple[object, ...], said: str) -> None:
    code, output = call(*options, "--out", folder / "refused")
    assert code == 2
    assert said in " ".join(output.split()), output
    assert not (folder / "refused").exists()


def test_results_are_not_replaced_unasked(folder: Path, out: Path) -> None:
    before = (out / "summary.json").read_bytes()
    code, said = call("--strategy", folder / "sma_cross.py", "--bars", MINUTES, "--out", out)
    assert code == 2 and "--replace" in said
    assert (out / "summary.json").read_bytes() == before


@pytest.mark.parametrize(
    ("option", "value"),
    [("--strategy", "sma_cross"), ("--fee-bps", "0"), ("--models", "runs/demo"), ("--to", "2026")],
)
def test_a_run_is_held_against_a_backtest_of_it_as_it_was(option: str, value: str, folder: Path) -> None:
    code, said = call("--of", folder, option, value)
    assert code == 2
    assert f"{option}: expected none with --of, which takes a run as it was" in said
