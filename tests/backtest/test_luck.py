"""Luck is called luck, an edge an edge: p-values of chance are uniform, and the best of many tries is none."""

from __future__ import annotations

import doctest
import json
import math
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal as D
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import kstest
from tests.backtest.random_strategies import LENGTH, market, traded, trips
from tests.backtest.test_golden import MINUTES
from typer.testing import CliRunner

from backtest.achieved import achieved
from backtest.engine import Outcome
from backtest.history import History
from backtest.luck import entries, order
from backtest.luck.entries import of_tries, random_entries
from backtest.luck.judge import Luck
from backtest.luck.markets import made_up
from backtest.luck.order import trade_order, trade_returns
from backtest.luck.stress import harder
from backtest.luck.trips import Trips, trips_of
from backtest.plan import Terms
from backtest.search.study import Deflated, deflated
from contracts.fill import Fill
from embedded.cli import app
from exchanges.paper import PaperBroker
from execution.core.policy import Policy
from modeling.ledger import Attempt, Ledger

FORESIGHT = 0.35


def p_values(every: Iterator[Trips]) -> list[float]:
    return [random_entries([each], 1, seed).p for seed, each in enumerate(every)]


def require_uniform(found: list[float]) -> None:
    assert kstest(found, "uniform").pvalue > 0.01
    assert sum(each < 0.05 for each in found) <= 18


def test_p_values_of_200_random_strategies_are_uniform() -> None:
    require_uniform(p_values(trips(seed) for seed in range(200)))


@pytest.mark.long
def test_p_values_of_200_random_strategies_on_the_engine_are_uniform() -> None:
    require_uniform(p_values(trips_of(traded(seed))[0] for seed in range(200)))


def test_a_planted_edge_is_found_20_of_20() -> None:
    found = [random_entries([trips(seed, FORESIGHT)], 1, seed) for seed in range(20)]
    assert sum(each.p < 0.05 for each in found) == 20
    assert all(random_entries([trips(seed, FORESIGHT)], 500, seed).p_of_tries < 0.05 for seed in range(3))


def test_the_engine_holds_what_was_wanted() -> None:
    [found], expected = trips_of(traded(3)), trips(3)
    assert found.begins.tolist() == expected.begins.tolist() and found.ends.tolist() == expected.ends.tolist()
    assert found.gained == pytest.approx(expected.gained)


def attempt(number: int) -> Attempt:
    return Attempt(str(number), "chance", ("BTC/USD",), 60, 0, LENGTH, {})


def luck(outcome: Outcome, of: Attempt, ledger: Ledger) -> Luck:
    found = achieved(outcome)
    counted = deflated(found, of, ledger)
    timing = random_entries(trips_of(outcome), counted.tries, 1)
    return Luck(found, counted, timing, trade_order(trade_returns(outcome), 1), {}, (), 1)


@pytest.mark.parametrize("number", [30, pytest.param(500, marks=pytest.mark.long)])
def test_the_best_of_many_random_tries_is_luck_and_a_planted_one_among_them_is_not(
    number: int, tmp_path: Path
) -> None:
    ledger = Ledger(tmp_path / "tries.db")
    ledger.begin(attempt(each) for each in range(number))
    best: tuple[float, int] = (-math.inf, -1)
    for each in range(number):
        found = achieved(traded(each))
        ledger.finish(str(each), found.sharpe, {})
        best = max(best, (found.sharpe, each))
    said = luck(traded(best[1]), attempt(best[1]), ledger)
    assert said.deflated.tries == number and not said.is_more_than_luck
    alone = deflated(said.achieved, attempt(best[1]), Ledger(tmp_path / "forgetful.db"))
    assert alone.probability > 0.95 > said.deflated.probability  # what is not counted would have passed
    planted = luck(traded(best[1], FORESIGHT), attempt(best[1]), ledger)
    assert planted.is_more_than_luck, planted.sentences()
    assert planted.sentences()[0] == "Verdict: more than luck."


def test_shuffled_positions_by_hand() -> None:
    """Two positions of one bar on prices that rise once: of the six ways to place them, three catch the rise."""
    opens = np.log([1.0, 1.0, 2.0, 2.0, 2.0])
    one = Trips(np.array([1]), np.array([2]), opens)
    found = random_entries([one], 1, 5)
    assert found.gained_pct == pytest.approx(100 * math.log(2))
    # Held for one bar, one bar before and two after it: it begins with bar 1 or bar 2, half of the time each.
    assert found.p == pytest.approx(0.5, abs=0.06)
    assert random_entries([], 1, 5).p == 1


def test_order_of_trades_by_hand() -> None:
    found = trade_order([0.10, -0.20, 0.10], 3)
    assert found.drawdown_pct == pytest.approx(20.0)
    # No order of the three falls deeper, and three draws lose where at least one of them is the loss: 1 - (2/3)^3.
    assert found.drawdown_95_pct == pytest.approx(20.0)
    assert found.lost == pytest.approx(1 - (2 / 3) ** 3, abs=0.03)
    outcome = traded(3, fee_bps=5)
    returns = trade_returns(outcome)
    final = float(achieved(outcome).final_equity_quote)
    fills = [each for each in outcome.messages if isinstance(each, Fill)]
    if fills[-1].side == "sell":
        assert 10_000 * np.prod(1 + returns) == pytest.approx(final)


def test_a_made_up_market_has_the_bars_of_the_true_one() -> None:
    bars = replace(market(), given={"x": market().columns["close"]})
    history = History({"BTC/USD": bars, "ETH/USD": replace(bars, pair="ETH/USD")})
    found = made_up(history, 50, 4)
    one, other = (found.pairs[pair] for pair in ("BTC/USD", "ETH/USD"))
    assert np.array_equal(one.columns["close"], other.columns["close"]) and not one.given
    assert (one.columns["low"] <= one.columns["open"]).all() and (one.columns["high"] >= one.columns["close"]).all()
    moves, true = (np.diff(np.log(each.columns["close"])) for each in (one, bars))
    near = np.abs(np.sort(true)[np.searchsorted(np.sort(true), moves).clip(1, len(true) - 1)] - moves)
    assert np.median(near) < 1e-6  # each move is one of the true ones
    assert not np.array_equal(moves, true)
    assert made_up(history, 50, 4).pairs["BTC/USD"].columns["close"].tolist() == one.columns["close"].tolist()
    assert made_up(history, 50, 5).pairs["BTC/USD"].columns["close"].tolist() != one.columns["close"].tolist()


def test_harder_terms() -> None:
    terms = Terms(PaperBroker(slippage_bps=D(2), fee_bps=D(10)), Policy(), expiry_seconds=300)
    found = dict(harder(terms, 60))
    half, twice, later = (found[name] for name in ("costs x 1.5", "costs x 2", "one bar later"))
    brokers = [each.broker for each in (half, twice, later) if isinstance(each.broker, PaperBroker)]
    assert [(each.slippage_bps, each.fee_bps, each.latency_bars) for each in brokers] == [
        (D(3), D(15), 0),
        (D(4), D(20), 0),
        (D(2), D(10), 1),
    ]
    assert later.expiry_seconds == 360


def test_what_is_said_of_it(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "tries.db")
    ledger.begin([attempt(1)])
    said = luck(traded(1, FORESIGHT), attempt(1), ledger)
    loses = replace(said.achieved, return_pct=-1.0)
    assert replace(said, harder={"costs x 2": loses}).sentences()[0] == (
        "Verdict: more than luck, but it loses with costs x 2."
    )
    assert not replace(said, achieved=loses).is_more_than_luck
    assert not replace(said, deflated=Deflated(1, 0.94)).is_more_than_luck
    assert not replace(said, entries=replace(said.entries, p_of_tries=0.06)).is_more_than_luck
    assert of_tries(0.0, 500) == 0 and of_tries(1.0, 2) == pytest.approx(1)


def test_the_command_says_a_verdict(tmp_path: Path) -> None:
    typed = ["--strategy", "mean_reversion", "--bars", MINUTES, "--pairs", "BTC/BUSD", "--position-pct", "50"]
    typed += ["--markets", "1", "--out", tmp_path / "out", "--to", "2022-12-13T04:00:00Z"]
    done = CliRunner().invoke(app, ["luck", *map(str, typed)])
    assert done.exit_code == 0, done.output
    found = json.loads((tmp_path / "out/luck.json").read_text())
    assert "Verdict: not told from luck." in done.output and not found["more_than_luck"]
    assert set(found["harder"]) == {"costs x 1.5", "costs x 2", "one bar later", "costs x 2, one bar later"}
    assert len(found["markets_pct"]) == 1 and found["deflated"]["tries"] == 1
    assert "Verdict: not told from luck." in (tmp_path / "out/report.html").read_text(encoding="utf-8")
    wrong = CliRunner().invoke(app, ["luck", *map(str, typed), "--replace", "--winner", str(tmp_path)])
    assert wrong.exit_code == 2 and "--winner: expected the folder of a search" in wrong.output


def test_examples_of_its_words() -> None:
    for module in (entries, order):
        found = doctest.testmod(module)
        assert found.attempted and not found.failed
