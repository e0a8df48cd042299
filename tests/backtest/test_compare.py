"""Two runs side by side: the figures of each, their gaps, and both curves on one page."""

from __future__ import annotations

import doctest
import json
from pathlib import Path

import polars as pl
import pytest
from tests.backtest.test_golden import MINUTES
from typer.testing import CliRunner

from backtest import pages
from embedded.cli import app


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("compare")
    made = (folder / "cheap", folder / "dear")
    for out, fee in zip(made, ("1", "20"), strict=True):
        typed = ["--strategy", "mean_reversion", "--bars", MINUTES, "--pairs", "BTC/BUSD", "--fee-bps", fee]
        typed += ["--out", out, "--to", "2022-12-13T04:00:00Z"]
        done = CliRunner().invoke(app, ["backtest", *map(str, typed)])
        assert done.exit_code == 0, done.output
    return made


def test_two_runs_side_by_side(runs: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "pages/two.html"
    done = CliRunner().invoke(app, ["compare", *map(str, runs), "--out", str(out), "--json"])
    assert done.exit_code == 0, done.output
    figures = json.loads(done.stdout)["backtest"]
    for place, folder in enumerate(runs):
        pnl = pl.read_parquet(folder / "pnl.parquet")
        assert figures["final_equity_quote"][place] == pytest.approx(float(pnl["equity"][-1]))
        assert figures["fees_quote"][place] == pytest.approx(float(pnl["fees_quote"][-1]))
    assert figures["fees_quote"][1] > figures["fees_quote"][0]
    page = out.read_text(encoding="utf-8")
    assert page.count("<polyline") == 2 and "cheap: backtest" in page and "dear: backtest" in page
    assert page.count("<script") == 0


def test_what_cannot_be_compared_is_told_by_name(runs: tuple[Path, Path], tmp_path: Path) -> None:
    nowhere = CliRunner().invoke(app, ["compare", str(runs[0]), str(tmp_path / "nowhere")])
    assert nowhere.exit_code == 2 and "expected the folder of a run" in " ".join(nowhere.output.split())
    (tmp_path / "own.html").write_text("my own")
    taken = CliRunner().invoke(app, ["compare", *map(str, runs), "--out", str(tmp_path / "own.html")])
    assert taken.exit_code == 2 and (tmp_path / "own.html").read_text() == "my own"


def test_examples_of_pages() -> None:
    found = doctest.testmod(pages)
    assert found.attempted and not found.failed
