"""A walk forward: nothing is tried on bars it was searched on, and nothing that came later changes what was found."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal as D
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.backtest.test_golden import MINUTES
from typer.testing import CliRunner

from backtest.achieved import Achieved, returns_of
from backtest.bar_files import bars_of_files
from backtest.history import History
from backtest.plan import Terms
from backtest.provenance import data_digest
from backtest.search.folds import folds_of
from backtest.search.job import Job, Span
from backtest.search.space import Choice, space_of
from backtest.search.study import Plan
from backtest.search.tries import TryMaker
from backtest.search.walk import Walk, sold_at_end, stability, unchanged, walk
from contracts.account import Account
from contracts.errors import BadInputError
from embedded.cli import app
from exchanges.paper import PaperBroker
from execution.core.policy import Policy
from modeling.ledger import Ledger
from strategies.built_in import STRATEGIES

FILE = STRATEGIES["mean_reversion"]
MINUTE_MS = 60_000


@pytest.fixture(scope="module")
def job() -> Job:
    [bars] = bars_of_files([MINUTES], "kraken", ["BTC/BUSD"]).pairs.values()
    history = History({"BTC/BUSD": bars[:700]})
    account = Account(name="walk", pairs=("BTC/BUSD",), strategy="mean_reversion", max_total_loss_pct=D(60))
    return Job(history, account, FILE, Terms(PaperBroker(fee_bps=D(1)), Policy()), data_digest(history))


@pytest.fixture(scope="module")
def plan() -> Plan:
    space = space_of(FILE.kind, ["bars=10:40:15"], ["entry", "leave"])
    return Plan(space, {"entry": 1.5, "leave": 0}, "return", 1, 5, seed=3)


def walked(job: Job, plan: Plan, folder: Path) -> Walk:
    folds = folds_of(job, 3, 0.4, "rolling", 5)
    prepare = unchanged(job, TryMaker(job))
    return walk(job, plan, folds, Ledger(folder / "tries.db"), prepare)


@pytest.fixture(scope="module")
def found(job: Job, plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Walk:
    return walked(job, plan, tmp_path_factory.mktemp("walk"))


@pytest.mark.parametrize("embargo", [1, 5, 30])
@pytest.mark.parametrize("window", ["rolling", "anchored"])
def test_tests_follow_their_searches_with_bars_left_out_between(job: Job, window: str, embargo: int) -> None:
    folds = folds_of(job, 4, 0.4, window, embargo)
    first_ms = job.span.from_ms
    assert len(folds) == 4 and folds[-1].test.to_ms == job.span.to_ms
    lengths = {each.train.to_ms - each.train.from_ms for each in folds}
    assert (len(lengths) == 1) == (window == "rolling")
    assert {each.train.from_ms for each in folds} == {first_ms} or window == "rolling"
    for each in folds:  # the last bar searched on and the first one tried on: `embargo` bars each away from the cut
        assert each.test.from_ms - (each.train.to_ms - 1) == 2 * embargo * MINUTE_MS
    assert all(one.test.to_ms <= other.test.from_ms for one, other in pairwise(folds))


@pytest.mark.parametrize(
    ("number", "window", "said"),
    [(400, "rolling", "--folds: expected 20 bars"), (3, "roling", "--window: expected one")],
)
def test_what_cannot_be_walked_is_told_by_name(job: Job, number: int, window: str, said: str) -> None:
    with pytest.raises(BadInputError, match=said):
        folds_of(job, number, 0.4, window, 1)


def test_each_test_begins_with_what_the_last_one_left(job: Job, found: Walk) -> None:
    money = 10_000.0
    for each in found.folds:
        assert each.winner is not None and each.tested is not None
        gained = each.tested.return_pct / 100
        assert each.equity[-1] == pytest.approx(money * (1 + gained))
        money = float(each.equity[-1])
        outcome = sold_at_end(job, each.winner, each.fold.test)
        assert not outcome.portfolio.holdings
    assert found.curve[0] == 10_000 and found.curve[-1] == pytest.approx(money)
    assert len(found.curve) - 1 == sum(len(each.times_ms) for each in found.folds) == found.facts.observations
    assert np.prod(1 + returns_of(found.curve)) == pytest.approx(money / 10_000)


def test_what_came_later_changes_nothing(job: Job, plan: Plan, found: Walk, tmp_path: Path) -> None:
    [bars] = job.history.pairs.values()
    last = found.folds[-1].fold.test.from_ms
    columns = {name: column.copy() for name, column in bars.columns.items()}
    later = bars.starts_ms >= last
    for name in ("open", "high", "low", "close"):
        columns[name][later] *= 1.1
    texts = {name: type(text)(columns[name]) for name, text in bars.texts.items()}  # type: ignore[call-arg]
    history = History({"BTC/BUSD": replace(bars, columns=columns, texts=texts)})
    other = walked(replace(job, history=history, data=data_digest(history)), plan, tmp_path)
    assert [each.winner for each in other.folds] == [each.winner for each in found.folds]
    for one, two in zip(found.folds[:-1], other.folds[:-1], strict=True):
        assert one.equity.tolist() == two.equity.tolist()
    assert found.folds[-1].equity.tolist() != other.folds[-1].equity.tolist()


def test_walked_again_from_the_ledger_it_is_the_same(job: Job, plan: Plan, found: Walk, tmp_path: Path) -> None:
    walked(job, plan, tmp_path)

    def nothing_left(tries: Sequence[tuple[Choice, Span]]) -> Iterator[Achieved]:
        assert not tries  # everything is in the ledger
        return iter(())

    folds = folds_of(job, 3, 0.4, "rolling", 5)
    again = walk(job, plan, folds, Ledger(tmp_path / "tries.db"), unchanged(job, nothing_left))
    assert again.curve.tolist() == found.curve.tolist()


def test_a_fold_without_a_winner_trades_nothing(job: Job, plan: Plan, tmp_path: Path) -> None:
    found = walked(job, replace(plan, least_trades=10_000), tmp_path)
    assert [each.winner for each in found.folds] == [None] * 3
    assert set(found.curve.tolist()) == {10_000.0} and found.efficiency() is None
    assert [each.values for each in stability(found, plan.space)] == [()]


def test_stability_by_hand(plan: Plan, found: Walk) -> None:
    [one] = stability(found, plan.space)
    assert one.title == "bars" and set(one.values) <= {10, 25, 40}
    assert one.spread == pytest.approx(np.std(one.values) / 30)


def test_the_command(tmp_path: Path) -> None:
    typed = ["--strategy", "mean_reversion", "--bars", MINUTES, "--pairs", "BTC/BUSD", "--fee-bps", "1"]
    typed += ["--parameter", "leave=0", "--parameter", "entry=1.5", "--range", "bars=10:40:30", "--least-trades", "1"]
    typed += ["--workers", "1", "--folds", "2", "--out", tmp_path / "out", "--to", "2022-12-13T06:00:00Z"]
    done = CliRunner().invoke(app, ["walk-forward", *map(str, typed)])
    assert done.exit_code == 0, done.output
    found = json.loads((tmp_path / "out/walk_forward.json").read_text())
    equity = pl.read_parquet(tmp_path / "out/equity.parquet")
    assert equity["equity"][-1] == found["final"] and equity.height == found["tested_bars"]
    assert pl.read_parquet(tmp_path / "out/folds.parquet").height == 2
    said = (tmp_path / "out/walk_forward.html").read_text(encoding="utf-8")
    assert "<polyline" in said and found["verdict"] in said
    again = CliRunner().invoke(app, ["walk-forward", *map(str, typed)])
    assert again.exit_code == 2 and "--replace" in again.output
