"""A search on the engine: the same tries and the same winner however it went, and every try in the ledger."""

from __future__ import annotations

import doctest
import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from decimal import Decimal as D
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl
import psutil
import pytest
from tests.backtest.test_golden import MINUTES
from tests.support.waiting import wait_for
from typer.testing import CliRunner

from backtest import achieved, provenance, telling
from backtest.achieved import BOTH, Achieved
from backtest.bar_files import bars_of_files
from backtest.history import History
from backtest.plan import Terms
from backtest.provenance import data_digest
from backtest.search import in_floats, space
from backtest.search import job as job_module
from backtest.search import tries as tries_module
from backtest.search.in_floats import KernelDiffersError
from backtest.search.job import Job, Span
from backtest.search.objectives import OBJECTIVES, has_enough, score
from backtest.search.proposals import GENERATION, propose
from backtest.search.space import Choice, space_of
from backtest.search.study import HELD, Plan, Study, deflated, run_again, run_one, search
from backtest.search.tries import TryMaker
from backtest.search.workers import Evaluate, evaluator
from contracts.account import Account
from contracts.errors import BadInputError, TradestreamError
from embedded.cli import app
from exchanges.paper import PaperBroker
from execution.core.policy import Policy
from modeling import ledger
from modeling.ledger import Ledger
from strategies.built_in import STRATEGIES

FILE = STRATEGIES["mean_reversion"]
RANGES = ["bars=10:40:5", "exits.stop_pct=0:1:0.25", "account.position_pct=10:50:20"]


@pytest.fixture(scope="module")
def job() -> Job:
    history = bars_of_files([MINUTES], "kraken", ["BTC/BUSD"])
    account = Account(name="search", pairs=("BTC/BUSD",), strategy="mean_reversion", max_total_loss_pct=D(60))
    history = History({pair: bars[:600] for pair, bars in history.pairs.items()})
    terms = Terms(PaperBroker(slippage_bps=D(2), fee_bps=D(10)), Policy())
    return Job(history, account, FILE, terms, data_digest(history))


@pytest.fixture(scope="module")
def plan() -> Plan:
    return Plan(space_of(FILE.kind, RANGES, ["leave"]), {"leave": 0}, "sharpe", 3, 20, seed=3)


@pytest.fixture(scope="module")
def undisturbed(job: Job, plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Study:
    ledger = Ledger(tmp_path_factory.mktemp("ledger") / "tries.db")
    return search(job, plan, job.span, ledger, in_process(job))


def in_process(job: Job) -> Evaluate:
    return TryMaker(job)


def remembered(study: Study, until: int = 1_000) -> Evaluate:
    """Return what says of a try what the engine said of it, `until` times; then it is killed."""
    known = [(each.choice, each.achieved) for each in study.tried]
    left = [until]

    def evaluate(tries: Sequence[tuple[Choice, Span]]) -> Iterator[Achieved]:
        for one, _ in tries:
            if not left[0]:
                raise KeyboardInterrupt
            left[0] -= 1
            yield next(achieved for choice, achieved in known if choice == one)

    return evaluate


def test_it_finds_one_with_enough_trades(undisturbed: Study, plan: Plan) -> None:
    winner = undisturbed.winner
    assert winner is not None and winner.achieved.round_trips >= plan.least_trades
    assert winner.score == max(each.score for each in undisturbed.tried)
    assert len({tuple(each.choice.titles().items()) for each in undisturbed.tried}) > 10


@pytest.mark.parametrize("number", [0, 5, 11])
def test_broken_off_it_goes_on_as_if_nothing_had_been(
    job: Job, plan: Plan, undisturbed: Study, number: int, tmp_path: Path
) -> None:
    ledger = Ledger(tmp_path / "tries.db")
    with pytest.raises(KeyboardInterrupt):
        search(job, plan, job.span, ledger, remembered(undisturbed, number))
    begun = rows(ledger)
    assert sum(result is not None for _, result in begun) == number < len(begun)  # what was begun is in it
    again = search(job, plan, job.span, ledger, remembered(undisturbed))
    assert again.tried == undisturbed.tried
    assert again.again >= number
    distinct = {job.attempt(each.choice, job.span).key for each in undisturbed.tried}
    assert {key for key, _ in rows(ledger)} == distinct


def test_two_workers_are_one(job: Job, plan: Plan, undisturbed: Study, tmp_path: Path) -> None:
    with evaluator(job, 2) as evaluate:
        found = search(job, replace(plan, trials=10), job.span, Ledger(tmp_path / "tries.db"), evaluate)
    assert found.tried == undisturbed.tried[:10]


def test_a_longer_search_begins_with_a_shorter_one(plan: Plan) -> None:
    def judge(asked: Sequence[tuple[int, ...]]) -> list[float]:
        assert len(asked) <= GENERATION
        return [-sum((place - 2) ** 2 for place in places) for places in asked]

    short, long = (list(propose(plan.space, trials, 3, judge)) for trials in (21, 44))
    assert long[:21] == short and len(long) == 44
    assert max(value for _, value in long) > max(value for _, value in short[:8])
    everything = list(propose(plan.space[1:2], 60, 3, judge))
    assert sorted(places[0] for places, _ in everything) == list(range(plan.space[1].count))


def test_what_was_tried_with_other_costs_data_or_numbers_is_another_try(job: Job, plan: Plan) -> None:
    one = Choice({"bars": 20, "entry": 2.0, "leave": 0.0}, {}, {})
    others = [
        job.attempt(one, job.span),
        job.attempt(one, Span(job.span.from_ms, job.span.to_ms - 60_000)),
        job.attempt(Choice({**one.strategy, "bars": 21}, {}, {}), job.span),
        job.attempt(Choice(one.strategy, {"stop_pct": 1}, {}), job.span),
        job.attempt(Choice(one.strategy, {}, {"position_pct": 11}), job.span),
        replace(job, data="0" * 16).attempt(one, job.span),
        replace(job, terms=replace(job.terms, broker=PaperBroker(fee_bps=D(11)))).attempt(one, job.span),
    ]
    assert len({each.key for each in others}) == len(others)
    assert job.attempt(one, job.span).key == others[0].key


def test_every_try_counts_against_the_winner(job: Job, plan: Plan, undisturbed: Study, tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "tries.db")
    search(job, plan, job.span, ledger, remembered(undisturbed))
    winner = undisturbed.winner
    assert winner is not None
    attempt = job.attempt(winner.choice, job.span)
    distinct = len({job.attempt(each.choice, job.span).key for each in undisturbed.tried})
    luck = deflated(winner.achieved, attempt, ledger)
    assert luck.tries == distinct
    elsewhere = [
        replace(attempt, key="a", pairs=("ETH/BUSD",)),
        replace(attempt, key="b", interval_s=300),
        replace(attempt, key="c", from_ms=job.span.to_ms, to_ms=job.span.to_ms + 1),
    ]
    ledger.begin(elsewhere)
    assert deflated(winner.achieved, attempt, ledger) == luck
    ledger.begin([replace(attempt, key=str(number)) for number in range(400)])  # failed ones count too
    more = deflated(winner.achieved, attempt, ledger)
    assert more.tries == luck.tries + 400 and more.probability < luck.probability


def test_the_ledger_forgets_nothing(job: Job, tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "tries.db")
    attempt = job.attempt(Choice({}, {}, {}), job.span)
    ledger.begin([attempt])
    ledger.finish(attempt.key, 0.5, {"a": 1})
    ledger.finish(attempt.key, 0.9, {"a": 2})
    assert ledger.results([attempt.key]) == {attempt.key: {"a": 1}}
    for statement in ("DELETE FROM tries", "UPDATE tries SET sharpe = 0"):
        with closing(sqlite3.connect(ledger.path)) as database, pytest.raises(sqlite3.IntegrityError, match="stay"):
            database.execute(statement)
    (tmp_path / "other.db").write_text("no database at all, but long enough to be read as one " * 9)
    with pytest.raises(BadInputError, match="--ledger: expected a ledger of tries"):
        Ledger(tmp_path / "other.db")


def test_a_winner_that_is_not_the_same_twice_stops_the_search(job: Job, undisturbed: Study) -> None:
    winner = undisturbed.winner
    assert winner is not None
    assert winner.achieved.by == "engine"
    run_again(job, winner, job.span)
    run_again(job, replace(winner, achieved=replace(winner.achieved, by=BOTH)), job.span)  # the kernel gave it up
    wrong = replace(winner, achieved=replace(winner.achieved, fills=winner.achieved.fills + 1))
    with pytest.raises(TradestreamError, match="not the same twice: fills was"):
        run_again(job, wrong, job.span)


def test_the_kernel_makes_the_tries_and_the_engine_the_best_again(
    job: Job, plan: Plan, undisturbed: Study, tmp_path: Path
) -> None:
    distinct = {repr(each.choice) for each in undisturbed.best}
    assert {each.achieved.by for each in undisturbed.tried} <= {"kernel", "both"}
    by_kernel = [each for each in undisturbed.tried if each.achieved.by == "kernel"]
    assert len(by_kernel) > len(undisturbed.tried) / 2
    assert 1 < len(undisturbed.held) <= min(HELD, len(distinct))
    engine = replace(job, on_engine=True)
    other = search(engine, plan, job.span, Ledger(tmp_path / "tries.db"), TryMaker(engine))
    assert {each.achieved.by for each in other.tried} == {"engine"} and not other.held
    assert [each.choice for each in other.tried] == [each.choice for each in undisturbed.tried]
    for mine, theirs in zip(undisturbed.tried, other.tried, strict=True):
        assert (mine.achieved.fills, mine.achieved.round_trips) == (
            theirs.achieved.fills,
            theirs.achieved.round_trips,
        )
        assert mine.score == pytest.approx(theirs.score, rel=1e-7)
    assert undisturbed.winner is not None and other.winner is not None
    assert undisturbed.winner.achieved == other.winner.achieved


def test_what_the_kernel_made_is_made_anew_for_whoever_asks_the_engine(
    job: Job, plan: Plan, undisturbed: Study, tmp_path: Path
) -> None:
    ledger = Ledger(tmp_path / "tries.db")
    short = replace(plan, trials=3)
    search(job, short, job.span, ledger, remembered(undisturbed))
    one = undisturbed.tried[0]
    made = run_one(job, one.choice, job.span, ledger)
    assert made.by == "engine" and one.achieved.by == "kernel"
    assert search(job, short, job.span, ledger, remembered(undisturbed, 0)).again == 3  # and the ledger keeps its own
    assert len(rows(ledger)) == 3


def test_a_kernel_that_trades_otherwise_stops_the_search(
    job: Job, plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = in_floats.plan_of

    def planted(*given: Any) -> Any:
        return honest(*given)._replace(cooldown_ms=1_000 * 60_000)

    monkeypatch.setattr(tries_module, "plan_of", planted)
    with pytest.raises(KernelDiffersError, match=r"trade otherwise from bar \d+ \(2022-12-13T.*on the engine"):
        search(job, replace(plan, least_trades=1), job.span, Ledger(tmp_path / "tries.db"), TryMaker(job))


def test_too_few_trades_win_nothing(undisturbed: Study) -> None:
    found = undisturbed.tried[0].achieved
    scores = [score("return", replace(found, round_trips=trips, return_pct=-99.0), 20) for trips in (0, 19, 20)]
    assert [has_enough(each) for each in scores] == [False, False, True]
    assert all(one < other for one, other in pairwise(scores))
    assert score("calmar", replace(found, round_trips=9, return_pct=8.0, max_drawdown_pct=4.0), 1) == 2
    assert set(OBJECTIVES) == {"sharpe", "return", "calmar"}


def test_values_stand_on_their_grids() -> None:
    bars, entry, stop, size = space_of(FILE.kind, ["entry=1:3:0.1", *RANGES], ["leave"])
    assert [bars.value(place) for place in range(bars.count)] == [10, 15, 20, 25, 30, 35, 40]
    assert [entry.value(place) for place in (0, 2, 20)] == [1.0, 1.2, 3.0] and entry.high == 3
    assert (stop.title, stop.value(1), stop.high) == ("exits.stop_pct", 0.25, 1)
    assert (size.title, size.high) == ("account.position_pct", 50)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("entri=1:2", "did you mean entry"),
        ("entry=1", "--range: expected NAME=LOW:HIGH[:STEP] with numbers"),
        ("bars=10:20.5", "with integers"),
        ("entry=3:2", "the lower first"),
        ("entry=0:2", "--range entry: expected from 1 to 4"),
        ("entry=1:2:0", "a step above 0"),
        ("entry=1:inf", "finite numbers"),
        ("exit.stop_pct=1:2", "exits.NAME"),
        ("exits.stop=1:2", "did you mean stop_pct"),
        ("account.initial_balance_quote=1:2", "--range account.initial_balance_quote: expected one of"),
        ("leave=0:1", "what --parameter does not fix"),
    ],
)
def test_a_range_that_is_none_is_told_by_name(text: str, said: str) -> None:
    with pytest.raises(BadInputError) as raised:
        space_of(FILE.kind, [text], ["leave"])
    assert said in str(raised.value)


def rows(ledger: Ledger) -> list[tuple[str, str | None]]:
    with closing(sqlite3.connect(ledger.path)) as database:
        return database.execute("SELECT key, result FROM tries").fetchall()


def test_the_command_writes_the_winner_as_a_backtest(tmp_path: Path) -> None:
    typed = ["--strategy", "mean_reversion", "--bars", MINUTES, "--pairs", "BTC/BUSD", "--fee-bps", "1"]
    typed += [
        "--position-pct",
        "50",
        "--parameter",
        "leave=0",
        "--parameter",
        "entry=1.5",
        "--range",
        "bars=10:40:15",
    ]
    typed += ["--workers", "1", "--least-trades", "2", "--out", tmp_path / "out", "--to", "2022-12-13T08:00:00Z"]
    done = CliRunner().invoke(app, ["optimise", *map(str, typed)])
    assert done.exit_code == 0, done.output
    assert "Tries      3; " in done.output and "Verdict    " in done.output
    found, summary = (json.loads((tmp_path / "out" / name).read_text()) for name in ("search.json", "summary.json"))
    achieved, [account] = found["winner"]["achieved"], summary["pnl"]["accounts"].values()
    assert achieved["return_pct"] == pytest.approx(account["total_return_pct"])
    assert (achieved["fills"], achieved["round_trips"]) == (account["fills"], account["round_trips"])
    assert achieved["fees_quote"] == account["fees_quote"]
    assert found["tries_counted"] == found["tries"] == pl.read_parquet(tmp_path / "out/tries.parquet").height == 3
    assert found["data"] and found["code"] and found["strategy_hash"] and "fee_bps" in found["costs"]["broker"]
    wrong = CliRunner().invoke(app, ["optimise", *map(str, typed), "--replace", "--objective", "sharp"])
    assert wrong.exit_code == 2 and "did you mean sharpe" in wrong.output
    few = CliRunner().invoke(app, ["optimise", *map(str, typed), "--replace", "--least-trades", "900"])
    assert few.exit_code != 0 and "none of 3 tries made 900 round trips" in few.output.replace("\n", " ")


@pytest.mark.parametrize(
    "module", [achieved, ledger, provenance, job_module, space, telling], ids=lambda each: each.__name__
)
def test_examples_of_its_words(module: ModuleType) -> None:
    found = doctest.testmod(module)
    assert found.attempted and not found.failed


@pytest.mark.long
def test_killed_for_good_it_leaves_no_worker_and_goes_on(tmp_path: Path) -> None:
    typed = ["--strategy", "mean_reversion", "--bars", str(MINUTES), "--pairs", "BTC/BUSD", "--fee-bps", "5"]
    typed += ["--trials", "24", "--least-trades", "5"]
    killed, whole = tmp_path / "killed/out", tmp_path / "whole/out"
    command = [sys.executable, "-m", "embedded", "optimise", *typed, "--workers", "2", "--out", str(killed)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    ledger = Ledger(killed.parent / "tries.db")
    wait_for(lambda: sum(result is not None for _, result in rows(ledger)) >= 5, "five tries", of=process)
    workers = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.wait()
    _, left = psutil.wait_procs(workers, timeout=20)
    assert len(workers) >= 2 and not left
    for out in (killed, whole):
        done = CliRunner().invoke(app, ["optimise", *typed, "--workers", "1", "--out", str(out)])
        assert done.exit_code == 0, done.output
    one, other = (pl.read_parquet(out / "tries.parquet") for out in (killed, whole))
    assert one.equals(other) and one.height == 24
