"""`tradestream backtest --of RUN` of an account at a venue: a table, a page and JSON."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from tests.backtest.scripted_venue import Planted
from tests.backtest.venue_runs import AT_VENUE, venue_run
from tests.support.writes_log import commit, put
from typer.testing import CliRunner

from backtest.divergence.score import BOUNDS
from contracts.topics import SIGNALS
from embedded.cli import app
from results.run_folder import RunFolder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run as it is left: tables, the log of signals, and what the services were told."""
    folder = tmp_path_factory.mktemp("run")
    place = RunFolder(folder)
    place.create()
    run = venue_run(folder, Planted(price_bps=Decimal(12), missed=frozenset({3})), length=250)
    put(place.log, SIGNALS, run.venue.events)
    commit(place.log, "execution-dev", SIGNALS, len(run.venue.events))
    told = {"TRADESTREAM_ACCOUNTS": f"[{AT_VENUE.model_dump_json()}]", "TRADES_PAIRS": ",".join(AT_VENUE.pairs)}
    record = {"runs": [{"from": "2026-03-28T00:00:00Z", "settings": told}]}
    (place.work / "settings.json").write_text(json.dumps(record), encoding="utf-8")
    return folder


def test_it_is_told_as_a_table_a_page_and_to_programs(folder: Path, tmp_path: Path) -> None:
    page = tmp_path / "pages/apart.html"
    done = CliRunner().invoke(app, ["backtest", "--of", str(folder), "--page", str(page), "--json", "--show", "1"])
    assert done.exit_code == 0, done.output
    [of] = json.loads(done.stdout)["divergence"]
    assert (of["score"]["word"], of["score"]["by"]) == ("far", ["decisions", "filled"]), "one of 15 orders is missed"
    assert (of["decisions"]["differ"], of["decisions"]["decided"]) == (1, 18), "it is bought on the next bar instead"
    assert set(of["bounds"]) == set(of["score"]["measures"]) == set(BOUNDS)
    assert of["price_error"]["mean_bps"] == pytest.approx(12)
    parts = sum(Decimal(amount) for amount in of["difference"].values())
    assert parts == Decimal(of["venue_equity_quote"]) - Decimal(of["paper_equity_quote"]) < 0
    said = " ".join(done.stderr.split())
    for each in (
        "0 differences",
        "at the venue and on paper: far (decisions, filled)",
        "12.00 bps on average",
        "missed or extra",
    ):
        assert each in said
    assert "EXPIRED (missed) at the venue, FILLED on paper" in said and "1 of " in said
    written = page.read_text(encoding="utf-8")
    assert written.count("<polyline") == 2 and "Decisions that differ" in written and "<script" not in written


def test_a_page_is_asked_for_with_a_run_and_replaces_nothing_of_others(folder: Path, tmp_path: Path) -> None:
    alone = CliRunner().invoke(app, ["backtest", "--strategy", "rsi", "--bars", "x", "--page", "a.html"])
    assert alone.exit_code == 2 and "--page: expected --of with it" in " ".join(alone.output.split())
    own = tmp_path / "own.html"
    own.write_text("my own")
    taken = CliRunner().invoke(app, ["backtest", "--of", str(folder), "--page", str(own)])
    assert taken.exit_code == 2 and own.read_text() == "my own"
