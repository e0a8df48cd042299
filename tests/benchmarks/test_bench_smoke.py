"""Each benchmark, tiny: the candles are right and everything is counted. How fast it is, is not a test's business."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from benchmarks import accounts, candles, latency, models, reference, results, scale, soak
from benchmarks.accounting import measure as accounting
from benchmarks.backtests import measure as backtests
from benchmarks.backtests import memory as years
from benchmarks.backtests import sweep
from benchmarks.backtests.measure import FAST, SLOW
from benchmarks.features import batch, nautilus_peer, restart, service, strategies, stream
from benchmarks.features.agreement import compare
from benchmarks.features.peers import SLICES, TALIPP, named
from benchmarks.live_market import Market
from benchmarks.market import make_trades
from benchmarks.table import Goal, Table

from contracts.services import INPUTS
from features import FEATURES, SETS

TRADES = make_trades("BTC/USD", 500, 100)


def test_the_reference_is_an_aggregation_of_all_whole_minutes() -> None:
    found = reference.aggregate(TRADES, 60_000)
    last_start_ms = int(TRADES.timestamps_us[-1]) // 60_000_000 * 60_000
    whole = TRADES.timestamps_us < last_start_ms * 1_000
    assert len(found) == 4
    assert sum(candle[4] for candle in found.values()) == Decimal(int(TRADES.lots[whole].sum())).scaleb(-8)


def test_wrong_candles_are_refused() -> None:
    truth = reference.aggregate(TRADES, 60_000)
    first = min(truth)
    opening, high, low, close, volume = truth[first]
    wrong = {**truth, first: (opening, high, low, close, volume + Decimal("0.00000001"))}
    assert reference.require_equal(truth, truth, "ours", exact=True) == 4
    with pytest.raises(AssertionError, match="ours: candle from"):
        reference.require_equal(wrong, truth, "ours", exact=True)
    with pytest.raises(AssertionError, match="ours: expected a candle"):
        reference.require_equal({}, truth, "ours", exact=True)


def test_candles_of_all_contestants_are_right() -> None:
    (table,) = candles.measure("embedded", candles.Size(trades=2_000, frames_factor=5, repeats=1))
    trades = {row[0]: row[1] for row in table.rows}
    assert trades[candles.SINGLES] == trades[candles.PLAIN] == "2,000"
    assert trades[candles.FRAMES] == "10,000"


@pytest.mark.long
def test_scale_counts_every_trade_of_every_pair() -> None:
    pairs, age = scale.measure("embedded", scale.Size(pairs=(1, 3), trades=300, days=1))
    assert [row[:2] for row in pairs.rows] == [("1", "300"), ("3", "300")]
    assert [row[0] for row in age.rows] == ["first tenth", "middle", "last tenth"]


def test_features_bar_by_bar_agree_with_the_batch_twin_and_with_peers() -> None:
    size = stream.Size(warm_up=2 * 1_440, compared=60, bars=20, rounds=1, peers=(TALIPP, SLICES))
    compared, table = stream.measure(size)
    values = {row[0]: int(row[1]) for row in table.rows}
    assert values["full"] == len(FEATURES)
    assert values[SLICES] == values[f"ours, of {SLICES}"] >= 50
    assert {row[0] for row in compared.rows} >= {"full", SLICES}


def test_a_peer_whose_values_are_other_ones_is_refused() -> None:
    ours = {"rsi_14": np.array([50.0, 51.0, np.nan])}
    assert compare("anybody", ours, ours, price=1.0)[0].values == 3
    for wrong in ([50.0, 51.001, np.nan], [50.0, 51.0, 52.0]):
        with pytest.raises(AssertionError, match="anybody: expected our values"):
            compare("anybody", {"rsi_14": np.array(wrong)}, ours, price=1.0)


def test_what_nautilus_is_asked_for_is_what_it_declares() -> None:
    assert f"nautilus-trader=={nautilus_peer.VERSION}" in Path(nautilus_peer.__file__).read_text(encoding="utf-8")
    names = [name for each in nautilus_peer.INDICATORS for name in each.features]
    assert len(named(names)) == len(names) == len(set(names))


def test_a_whole_history_agrees_with_talib() -> None:
    compared, table = batch.measure(batch.Size(bars=6_000, rounds=1))
    assert [row[0] for row in table.rows] == ["TA-Lib", "ours, of TA-Lib", "core", "full"]
    assert compared.rows[0][-1] == "equal"


def test_a_strategy_says_the_same_at_once_and_bar_by_bar() -> None:
    (table,) = strategies.measure(strategies.Size(bars=2_000, streamed=500, rounds=1))
    assert len(table.rows) == 3


def test_accounts_of_ten_strategies_trade_as_many_pairs_as_those_of_one() -> None:
    (table,) = accounts.measure(accounts.Size(accounts=3, bars=10, rounds=1))
    told, fills = zip(*((line[1], line[2]) for line in table.rows), strict=True)
    assert told == ("200", "600", "600"), "a mark and a decision for each account, pair and bar"
    assert all(int(each) > 0 for each in fills)


def test_serving_is_measured_with_a_challenger_and_without() -> None:
    (table,) = models.measure(models.Size(hours=1, rounds=1, kinds=("logistic",)))
    ((name, *microseconds, ratio),) = table.rows
    said, watched, shadowed = map(float, microseconds)
    assert name == "logistic" and said > 0 and 0 < watched < shadowed and float(ratio) > 1


def test_a_backtest_is_measured_and_an_engine_with_other_trades_refused() -> None:
    (table,) = backtests.measure(backtests.Size(bars=3_000, awake=300, rounds=1, peers=()))
    assert [goal.what for goal in table.goals][:1] == ["as fast as ours, the live folds chained"]
    assert len(table.rows) == 5
    with pytest.raises(AssertionError, match="anybody: expected our fills"):
        backtests.require_same_trades("anybody", [(60_000, "buy")], [(60_000, "sell")], end_ms=120_000)


@pytest.mark.parametrize("kind", years.KINDS)
def test_what_years_need_is_what_a_process_has_needed(tmp_path: Path, kind: str) -> None:
    found = years.run(years.written(tmp_path, kind, 2_000))
    assert found["fills"] > 0
    assert found["peak_mib"] > 10


def test_books_that_differ_are_told_by_fill_cause_and_equity() -> None:
    bars = accounting.coarse_bars(3_000, 7)
    mine = accounting.ours(bars, Decimal(2))
    assert not list(accounting.differences(bars, mine, mine)) and set(accounting.gaps(mine, mine)) == {0}
    close = bars.columns["close"]
    tied = next(at for at in range(SLOW, 3_000) if close[at - FAST : at].mean() == close[at - SLOW : at].mean())
    first, *rest = mine.fills
    others = replace(mine, fills={(tied, 1): (1.0, 1.0, 1.0), **{at: mine.fills[at] for at in rest}})
    told = {each.at: each.cause for each in accounting.differences(bars, mine, others)}
    assert told == {first: accounting.UNEXPLAINED, (tied, 1): "means equal but for rounding"}
    wrong = replace(mine, equity=mine.equity * np.where(np.arange(3_000) == 2_999, 1 + 1e-8, 1))
    assert accounting.gaps(mine, wrong)[-1] == pytest.approx(1e-8)


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_others_book_what_we_book() -> None:
    compared, *_ = accounting.measure()
    assert len(compared.rows) == 12 and all(goal.met for goal in compared.goals), str(compared)


def test_processes_go_on_with_the_rings_of_all_pairs() -> None:
    size = restart.Size(pairs=3, minute=30, pairs_at_anchor=2, rounds=1)
    state, restarts, pauses = restart.measure(size)
    assert int(state.rows[0][2].replace(",", "")) > 100_000
    assert [row[0] for row in restarts.rows] == [row[0] for row in pauses.rows] == ["core", "full"]


@pytest.mark.long
def test_rows_of_the_service_are_the_batch_twins_in_topic_and_store() -> None:
    size = service.Size(pairs=2, candles=50, rounds=1, stores=("off", service.SQLITE))
    (table,) = service.measure("embedded", size)
    assert [row[0] for row in table.rows] == [f"{name}, store {s}" for name in SETS for s in ("off", service.SQLITE)]


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_latency_sees_every_signal_once() -> None:
    market = Market(pairs=2, trades_per_second=100, seconds=9, history_minutes=30)
    (table,) = latency.measure("embedded", market)
    messages = {row[0]: int(row[1]) for row in table.rows}
    # Nine event minutes, of which five are warm-up and the last one stays open.
    assert messages["ingest"] == messages["signal"] == messages["to signals, readable"]
    assert messages["signal"] in range(2 * 2, 2 * 4 + 1)
    assert messages["order"] >= 2, "one look at the books a minute"


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_soak_ends_with_everything_drained() -> None:
    verdict, samples = soak.soak("embedded", minutes=0.1, pairs=2)
    assert [row[0] for row in verdict.rows] == list(INPUTS)
    assert samples[-1].messages > 10


def test_results_are_kept_as_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "FOLDER", tmp_path)
    table = Table("Speed", ("", "x"), [("ours", "2")], [Goal("ratio", 2.0, 1.0, at_least=True, unit="x")])
    kept = json.loads(results.keep("bench", table.as_dict()).read_text())
    assert kept["goals"][0]["met"] is True
    assert "pass  ratio: 2 x (>= 1)" in str(table)


def test_a_part_that_does_not_exist_is_named() -> None:
    command = [sys.executable, "-m", "benchmarks", "--part=speed"]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=root)
    assert done.returncode == 2
    assert "expected some of candles,latency,scale,features-service," in done.stderr
    assert "was 'speed'" in done.stderr


def test_the_sweep_is_measured_and_refuses_other_trades() -> None:
    (table,) = sweep.measure(sweep.SweepSize(bars=1_500, rounds=1, has_peer=False))
    assert [row[0][:4] for row in table.rows] == ["ours", "of t"] and "Sweep of 105 x 1,500" in table.title
    with pytest.raises(AssertionError, match="expected our fills, try 1 has others"):
        sweep.require_same(["a", "b"], ["a", "c"])
