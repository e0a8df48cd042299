"""Each label against hand arithmetic, a slow plain loop, and the law that none looks beyond its horizon."""

from __future__ import annotations

import math
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.feature_rows import changed

from contracts.errors import BadInputError
from contracts.fees import SLIPPAGE_BPS, TAKER_FEE_BPS
from modeling.dataset import build_dataset
from modeling.judging.trading import TradingRule, trade
from modeling.labels import LABELS, LabelName, LabelRule, round_trip
from modeling.pair_table import causes
from modeling.triple_barrier import VOLATILITY_BARS, PairBars, volatility
from training.settings import TrainingSettings

MINUTE_MS = 60_000
COST_BPS = float(TAKER_FEE_BPS + SLIPPAGE_BPS)
RULES = [LabelRule("rise"), LabelRule("net", cost_bps=30.0), LabelRule("triple_barrier", barrier_width=0.8)]
every_label = pytest.mark.parametrize("rule", RULES, ids=[rule.name for rule in RULES])


def test_every_label_is_tested_here() -> None:
    assert {rule.name for rule in RULES} == set(LABELS)


def bars_of(closes, highs=None, lows=None, times=None) -> PairBars:
    """Bars one after another; by default a bar reaches no further than its close."""
    close = np.array(closes, dtype=np.float64)
    at = np.arange(len(close)) if times is None else np.array(times)
    high, low = (close if each is None else np.array(each, dtype=np.float64) for each in (highs, lows))
    return PairBars(at.astype(np.int64) * MINUTE_MS, high, low, close, MINUTE_MS)


@st.composite
def markets(draw) -> PairBars:
    """A walk of some volatility with wicks, holes and gaps."""
    random = np.random.default_rng(draw(st.integers(0, 10_000)))
    count = draw(st.integers(0, 160))
    closes = 100 * np.exp(np.cumsum(random.standard_normal(count) * 0.002))
    closes = np.round(closes, draw(st.sampled_from([0, 2, 6])))  # some closes do not move
    highs, lows = closes * (1 + 0.002 * random.random(count)), closes * (1 - 0.002 * random.random(count))
    gap = random.random(count) < draw(st.sampled_from([0.0, 0.0, 0.01]))
    times = np.cumsum(1 + (random.random(count) < draw(st.sampled_from([0.0, 0.01]))))
    return bars_of(*(np.where(gap, np.nan, each) for each in (closes, highs, lows)), times=times)


def plain(rule: LabelRule, bars: PairBars, horizon: int, at: int) -> float:
    """One label, bar by bar, as one would explain it."""
    by_time = {int(time): place for place, time in enumerate(bars.times_ms)}

    def close(offset: int) -> float:
        place = by_time.get(int(bars.times_ms[at]) + offset * MINUTE_MS)
        return math.nan if place is None else float(bars.closes[place])

    if rule.barrier_width is None:
        move = math.log(close(horizon) / close(0))
        nothing = move == 0 if rule.cost_bps is None else abs(move) <= 2 * rule.cost_bps / 10_000
        return 0.0 if nothing else math.nan if math.isnan(move) else math.copysign(1, move)
    squares = [math.log(close(-back) / close(-back - 1)) ** 2 for back in range(VOLATILITY_BARS)]
    distance = rule.barrier_width * math.sqrt(sum(squares) / len(squares)) * math.sqrt(horizon)
    if not distance > 0:
        return math.nan
    for offset in range(1, horizon + 1):
        if math.isnan(close(offset)):
            return math.nan
        place = by_time[int(bars.times_ms[at]) + offset * MINUTE_MS]
        if bars.lows[place] <= close(0) * math.exp(-distance):
            return -1.0
        if bars.highs[place] >= close(0) * math.exp(distance):
            return 1.0
    return 0.0


@every_label
@settings(derandomize=True, max_examples=40, deadline=None)
@given(bars=markets(), horizon=st.integers(1, 8))
def test_all_at_once_is_one_after_another(rule: LabelRule, bars: PairBars, horizon: int) -> None:
    slow = np.array([plain(rule, bars, horizon, at) for at in range(len(bars.closes))])
    assert np.array_equal(rule.of(bars, horizon), slow, equal_nan=True)


def test_the_markets_of_these_tests_have_all_labels() -> None:
    """Otherwise the comparison would prove nothing."""
    random = np.random.default_rng(1)
    closes = np.round(100 * np.exp(np.cumsum(random.standard_normal(400) * 0.002)), 1)
    for rule in RULES:
        assert {-1.0, 0.0, 1.0} <= set(rule.of(bars_of(closes), 3))


@every_label
@settings(derandomize=True, max_examples=40, deadline=None)
@given(bars=markets(), horizon=st.integers(1, 8), cut=st.integers(0, 160))
def test_no_label_uses_a_bar_after_its_horizon(rule: LabelRule, bars: PairBars, horizon: int, cut: int) -> None:
    """Whatever follows, or nothing at all, leaves the labels whose horizon is over as they are."""
    whole = rule.of(bars, horizon)
    columns = (bars.times_ms, bars.highs, bars.lows, bars.closes)
    prefix = PairBars(*(each[:cut] for each in columns), interval_ms=MINUTE_MS)  # type: ignore[arg-type]
    loud = [np.append(each[:cut], 7 * each[cut:]) for each in columns[1:]]
    other = replace(bars, highs=loud[0], lows=loud[1], closes=loud[2])
    over = bars.times_ms[:cut] + horizon * MINUTE_MS <= bars.times_ms[:cut].max(initial=-1)
    for seen in (prefix, other):
        assert np.array_equal(rule.of(seen, horizon)[:cut][over], whole[:cut][over], equal_nan=True)


@every_label
@settings(derandomize=True, max_examples=20, deadline=None)
@given(bars=markets(), horizon=st.integers(1, 8))
def test_the_currency_does_not_matter(rule: LabelRule, bars: PairBars, horizon: int) -> None:
    scaled = replace(bars, highs=1_024 * bars.highs, lows=1_024 * bars.lows, closes=1_024 * bars.closes)
    assert np.array_equal(rule.of(scaled, horizon), rule.of(bars, horizon), equal_nan=True)


def test_rise_by_hand() -> None:
    y = LabelRule().of(bars_of([1, 2, 2, 1]), 1)
    assert y[:3].tolist() == [1.0, 0.0, -1.0] and math.isnan(y[3])


def test_net_by_hand() -> None:
    """A round trip of 42 basis points a side takes exp(0.0084) - 1: from 100 to 100.8435 nothing is left."""
    assert round_trip(COST_BPS) == pytest.approx(0.0084)
    rule = LabelRule("net", cost_bps=COST_BPS)
    assert [rule.of(bars_of([100, later]), 1)[0] for later in (100.843, 100.844, 99.163, 99.164)] == [0, 1, -1, 0]
    assert math.isnan(rule.of(bars_of([100, 101], times=[0, 2]), 1)[0])


def test_a_net_label_is_what_a_round_trip_leaves() -> None:
    """Bought at the close and sold at the horizon as the gate trades: something is left of those of label 1 alone."""
    rule = LabelRule("net", cost_bps=COST_BPS)
    for later in (100.5, 100.843, 100.844, 103.0):
        opens, times = np.array([100.0, later, later]), np.arange(3) * MINUTE_MS
        free = TradingRule(0.5, 0, COST_BPS)
        left = trade(times, np.zeros(3, dtype=np.int64), opens, np.array([0.9, 0.1, 0.1]), free, MINUTE_MS).net.sum()
        assert (left > 0) == (rule.of(bars_of([100, later]), 1)[0] == 1)


#: Closes that went up and down by 1 % in turn for an hour: the volatility is 1 %, the close 100.
_STEADY = [100.0, 100 * math.exp(0.01)] * 30 + [100.0]


@pytest.mark.parametrize(
    ("after", "horizon", "label"),
    [
        # Four bars: barriers at 100 * exp(+-1 * 1 % * 2) = 102.02 and 98.02, as (high, low, close)
        ([(102.1, 99, 100)], 4, 1),
        ([(101, 98.0, 100)], 4, -1),
        ([(101, 99, 100), (101, 99, 100), (102, 98.1, 100), (102.03, 99, 100)], 4, 1),
        ([(101, 99, 100), (103, 97, 100), (110, 100, 110)], 4, -1),  # both in one bar: the worse
        ([(101, 99, 100), (101, 97, 100), (110, 100, 110)], 4, -1),  # the first counts
        ([(102, 98.1, 101)] * 4 + [(110, 90, 100)], 4, 0),  # time is up; what comes after does not count
        ([(102, 98.1, 101)] * 3, 4, None),  # the horizon is not over
        # One bar: 101.005 and 99.005
        ([(101.1, 99.1, 100)], 1, 1),
        ([(101.0, 99.1, 100)], 1, 0),
    ],
)
def test_triple_barrier_by_hand(after, horizon: int, label: int | None) -> None:
    highs, lows, closes = ([*_STEADY, *(bar[column] for bar in after)] for column in range(3))
    bars = bars_of(closes, highs, lows)
    assert volatility(bars)[60] == pytest.approx(0.01)
    found = LabelRule("triple_barrier", barrier_width=1.0).of(bars, horizon)[60]
    assert math.isnan(found) if label is None else found == label


def test_triple_barrier_waits_for_no_bar_that_is_missing() -> None:
    rule = LabelRule("triple_barrier", barrier_width=1.0)
    times = [*range(61), 61, 63, 64, 65]
    touched_before = [*_STEADY, 103, 100, 100, 100]
    touched_after = [*_STEADY, 100, 100, 103, 100]
    assert rule.of(bars_of(touched_before, times=times), 4)[60] == 1
    assert math.isnan(rule.of(bars_of(touched_after, times=times), 4)[60])
    flat = bars_of([100.0] * 80)
    assert np.isnan(rule.of(flat, 4)).all(), "without volatility there is no barrier"


def test_a_label_needs_its_number() -> None:
    with pytest.raises(BadInputError, match="cost_bps: expected a number, for label net"):
        LabelRule("net")
    assert {label.depends_on for label in LABELS.values()} - {None} <= {field.name for field in fields(LabelRule)}


@pytest.mark.parametrize("name", LABELS)
def test_settings_give_each_label_its_number_and_no_other(name: LabelName) -> None:
    rule = TrainingSettings(label=name).label_rule
    numbers = {"cost_bps": COST_BPS, "barrier_width": 1.0}
    assert (rule.name, rule.cost_bps, rule.barrier_width) == (
        name,
        *(value if LABELS[name].depends_on == field else None for field, value in numbers.items()),
    )


@every_label
def test_every_row_is_a_sample_or_has_a_cause(rule: LabelRule, rows_of) -> None:
    rows = rows_of(count=900)
    still = [changed(row, close=rows[800].close) for row in rows[800:820]]
    data = build_dataset([*rows[:760], *rows[770:800], *still, *rows[820:]], 10, 5, 60, label=rule)
    assert sum(data.unused.values()) + len(data.samples) == data.rows == 890
    assert tuple(data.unused) == causes(rule)
    assert len(data.idle.samples) == (data.unused[rule.zero] if rule.trades_zeros else 0)
    assert data.unused["after_hole"] == 9 and data.unused[rule.zero] > 0
    assert set(data.samples.y) == {0.0, 1.0} and np.isnan(data.idle.samples.y).all()
    assert not set(data.idle.times_ms) & set(data.times_ms)
