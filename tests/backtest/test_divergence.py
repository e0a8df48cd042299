"""What is planted at a venue is found as what it is; what is not, is nothing; the parts add up to the whole."""

from __future__ import annotations

import doctest
from dataclasses import asdict, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.backtest.scripted_venue import Planted
from tests.backtest.test_parity import ACCOUNT, TERMS, staged, write_messages
from tests.backtest.venue_runs import AT_VENUE, GUARDED, venue_run

from backtest import engine
from backtest.again import again
from backtest.divergence import curves, fills, score
from backtest.divergence.attribution import Attribution
from backtest.divergence.curves import correlation, warped_apart_pct
from backtest.divergence.diverge import Divergence, diverge
from backtest.divergence.likened import LIKENESSES, Likened, Likeness
from backtest.divergence.lives import Life, lives_of
from backtest.divergence.score import BOUNDS, score_of
from backtest.market import market_of
from contracts.account import Account
from contracts.fill import Fill
from contracts.wakes import ALWAYS
from exchanges.paper import PaperBroker
from execution.core.execute import run as live
from execution.core.sleep import PARTS

NOTHING = Attribution(*(Decimal(0),) * 4)


def found(folder: Path, planted: Planted | None = None, of: Account = AT_VENUE, **market: Any) -> Divergence:
    run = venue_run(folder, planted, of, **{"length": 250, **market})
    [one] = again(run.folder, run.terms)
    return diverge(one, one.outcome())


def is_nothing(of: Divergence) -> bool:
    measures = {name: value for name, value in of.score.measures.items() if value}
    same = np.array_equal(*of.curves) and of.venue_equity_quote == of.paper_equity_quote
    return of.score.word == "close" and not measures and of.difference == NOTHING and same and not of.warped_apart_pct


def is_only(of: Divergence, part: str) -> bool:
    """Whether all of the difference is one part, but for fees that are rounded to 8 decimals each."""
    others = [abs(amount) for name, amount in asdict(of.difference).items() if name != part]
    whole = of.venue_equity_quote - of.paper_equity_quote
    return of.difference.whole == whole != 0 and max(others) < Decimal("1e-6") < abs(getattr(of.difference, part))


def test_a_venue_that_fills_as_paper_does_is_nothing_apart(tmp_path: Path) -> None:
    of = found(tmp_path)
    assert of.price_error.fills >= 10 and of.price_error.without == 0
    assert is_nothing(of), of
    assert of.filled.late == of.filled.other == 0 and of.filled.delay_seconds == 0


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(1, 6))])
def test_nor_is_one_whose_stops_rest_at_it(tmp_path: Path, seed: int) -> None:
    of = found(tmp_path, of=GUARDED, seed=seed)
    assert is_nothing(of), of


def test_a_run_on_paper_is_nothing_apart(tmp_path: Path) -> None:
    write_messages(tmp_path, live(staged(tmp_path, ACCOUNT), ACCOUNT, PaperBroker(), TERMS.policy))
    [one] = again(tmp_path, TERMS)
    of = diverge(one, one.outcome())
    assert of.price_error.fills >= 10 and of.decisions.decided >= 10
    assert is_nothing(of), of


@pytest.mark.parametrize("bps", ["-30", "0.5", "7"])
def test_a_price_error_is_found_as_large_as_it_is_and_as_the_price(tmp_path: Path, bps: str) -> None:
    of = found(tmp_path, Planted(price_bps=Decimal(bps)))
    error = of.price_error
    for each in (error.mean_bps, error.median_bps, error.low_bps, error.high_bps):
        assert each == pytest.approx(float(bps), abs=1e-6)
    assert of.score.word == ("far" if abs(float(bps)) > 20 else "apart" if abs(float(bps)) > 5 else "close")
    assert is_only(of, "price"), of.difference
    assert of.difference.price * (1 if Decimal(bps) < 0 else -1) > 0


def test_a_doubled_fee_is_the_fee(tmp_path: Path) -> None:
    of = found(tmp_path, Planted(fee_factor=Decimal(2)))
    assert is_only(of, "fee"), of.difference
    assert of.difference.fee < 0 and of.price_error.mean_bps == 0


def test_an_order_that_is_missed_is_named_and_the_cause_of_what_follows(tmp_path: Path) -> None:
    of = found(tmp_path, Planted(missed=frozenset({1})))
    assert is_only(of, "missed"), of.difference
    assert of.difference.missed != 0 and of.filled.other == 1
    first = of.decisions.first[0]
    assert (first.side, first.venue, first.paper) == ("buy", "PLACED", "none"), "it is bought a bar later"
    assert (
        first.cause.startswith("buy of 2026-03-") and "EXPIRED (missed) at the venue, FILLED on paper" in first.cause
    )


def test_one_that_is_cut_short_is_missed_in_part(tmp_path: Path) -> None:
    of = found(tmp_path, Planted(part={1: Decimal("0.25")}))
    assert is_only(of, "missed"), of.difference
    assert of.filled.other == 1 and of.difference.missed != 0
    assert of.filled.paper_share is not None
    assert of.filled.venue_share == pytest.approx(of.filled.paper_share - 0.75 / of.filled.orders)


def test_one_that_is_late_is_the_timing(tmp_path: Path) -> None:
    of = found(tmp_path, Planted(late={1: 2}))
    assert is_only(of, "timing"), of.difference
    assert of.filled.late == 1 and (of.filled.longest_seconds or 0) >= 120 and of.difference.timing != 0


@pytest.mark.parametrize(
    ("planted", "part"),
    [
        (Planted(price_bps=Decimal(7)), "price"),
        pytest.param(Planted(fee_factor=Decimal(2)), "fee", marks=pytest.mark.long),
        pytest.param(Planted(late={1: 2}), "timing", marks=pytest.mark.long),
        pytest.param(Planted(missed=frozenset({1})), "missed", marks=pytest.mark.long),
    ],
)
def test_so_it_is_with_stops_and_targets_that_follow_from_what_was_paid(
    tmp_path: Path, planted: Planted, part: str
) -> None:
    of = found(tmp_path, planted, GUARDED, seed=0)
    assert is_only(of, part), of.difference


def later(life: Life) -> Life:
    """Two bars later, where a stop or target that was reached is not reached any more."""
    moved = [
        replace(each, fill=each.fill.model_copy(update={"filled_at_ms": each.fill.filled_at_ms + 120_000}))
        for each in life.executions
    ]
    return replace(life, executions=tuple(moved))


@pytest.mark.parametrize("like", LIKENESSES)
def test_asleep_on_all_that_is_like_the_venue_equals_awake(tmp_path: Path, like: Likeness) -> None:
    planted = Planted(Decimal(7), late={5: 1}, part={4: Decimal("0.5")})
    run = venue_run(tmp_path, planted, GUARDED, length=150)
    [one] = again(run.folder, run.terms)
    lives = {name: later(life) for name, life in lives_of(one.outcome().messages).items() if life.executions}
    market = market_of(one.account, one.decided, TERMS.policy)
    asleep, awake = (
        engine.run(market, Likened(PaperBroker(), lives, like), TERMS.policy, parts).messages
        for parts in (PARTS, engine.DENSE)
    )
    assert asleep == awake and sum(isinstance(each, Fill) for each in asleep) >= 8
    [resting, *_] = [life.first for life in lives.values() if life.first.purpose == "protect"]
    assert Likened(PaperBroker(), lives, like).wakes(resting) is ALWAYS, "no level says when a venue fills"
    assert Likened(PaperBroker(), {}, like).wakes(resting) == PaperBroker().wakes(resting) != ALWAYS


@given(
    bps=st.decimals(-20, 20, places=1),
    fee=st.sampled_from(["0.5", "1", "3"]),
    missed=st.frozensets(st.integers(1, 20), max_size=2),
    late=st.dictionaries(st.integers(1, 20), st.integers(1, 4), max_size=2),
    part=st.dictionaries(st.integers(1, 20), st.sampled_from([Decimal("0.5")]), max_size=2),
    seed=st.integers(0, 9),
)
@settings(max_examples=4, deadline=None)
def test_the_parts_add_up_to_the_whole_whatever_is_planted(
    tmp_path_factory: pytest.TempPathFactory, bps: Decimal, fee: str, missed: Any, late: Any, part: Any, seed: int
) -> None:
    planted = Planted(bps, Decimal(fee), missed, late, part)
    of = found(tmp_path_factory.mktemp("run"), planted, seed=seed, length=150)
    assert of.difference.whole == of.venue_equity_quote - of.paper_equity_quote


def test_time_warped_by_hand() -> None:
    """Of 1 5 1 and 1 1 5: the second is held at its 5 while the first goes on to its last 1, which costs 4 once."""
    assert warped_apart_pct(np.array([1.0, 5, 1]), np.array([1.0, 1, 5]), 100) == pytest.approx(4 / 3)
    # In a band of 0 bars: bar by bar, 0 + 4 + 4.
    assert warped_apart_pct(np.array([1.0, 5, 1]), np.array([1.0, 1, 5]), 100, band=0) == pytest.approx(8 / 3)


@given(st.lists(st.floats(1, 100), min_size=2, max_size=6), st.integers(0, 5))
@settings(max_examples=30, deadline=None)
def test_time_warped_is_the_recursion_of_the_books(values: list[float], band: int) -> None:
    one, other = np.array(values), np.roll(np.array(values), 1)

    def least(i: int, j: int) -> float:
        if i == 0 and j == 0:
            return 0.0
        if min(i, j) == 0 or abs(i - j) > band:
            return float("inf")
        return abs(one[i - 1] - other[j - 1]) + min(least(i - 1, j), least(i, j - 1), least(i - 1, j - 1))

    assert warped_apart_pct(one, other, 100, band) == pytest.approx(least(len(one), len(one)) / len(one))


def test_a_curve_that_stands_still_has_no_correlation_with_one_that_moves() -> None:
    still, moving = np.full(4, 100.0), np.array([100.0, 101, 99, 100])
    assert correlation(still, moving) is None and correlation(still, still) == correlation(moving, moving) == 1
    assert correlation(moving, 200 - moving) == pytest.approx(-1, abs=0.01)


@pytest.mark.parametrize("name", BOUNDS)
def test_each_measure_alone_decides_the_word(name: str) -> None:
    bound = BOUNDS[name]
    zero = dict.fromkeys(BOUNDS, 0.0)
    for value, word in ((bound.close, "close"), (bound.far, "apart"), (bound.far * 1.01, "far")):
        of = score_of({**zero, name: value})
        assert of.word == word and of.by == (() if word == "close" else (name,))


@pytest.mark.parametrize("module", [score, fills, curves])
def test_examples(module: Any) -> None:
    done = doctest.testmod(module)
    assert done.attempted and not done.failed
