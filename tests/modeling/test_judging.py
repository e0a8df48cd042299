"""Evidence, the ledger of tries, the trading rule and the verdict, against hand arithmetic and papers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from statsmodels.regression.linear_model import OLS

from contracts.account import Account
from contracts.fees import SLIPPAGE_BPS, TAKER_FEE_BPS
from execution.settings import ExecutionSettings
from modeling.judging.evidence import evidence, long_run_variance, per_window
from modeling.judging.judge import Decided, Judged, judge
from modeling.judging.sharpe import SharpeFacts, deflated_sharpe, expected_best
from modeling.judging.trading import TradingRule, trade
from modeling.judging.trials import FAMILY_LEVEL, Trial, Tries, tries
from training.settings import TrainingSettings

FREE = TradingRule(0.5, 0, 0.0)


def test_pairs_of_one_window_count_once() -> None:
    assert per_window(np.array([60, 0, 60]), np.array([1.0, 5.0, 3.0])).tolist() == [5.0, 2.0]


def test_the_error_is_that_of_newey_and_west() -> None:
    random = np.random.default_rng(3)
    values = np.convolve(random.standard_normal(500), np.ones(5), "valid")
    theirs = OLS(values, np.ones(len(values))).fit(cov_type="HAC", cov_kwds={"maxlags": 10})
    ours = math.sqrt(long_run_variance(values, 10) / len(values))
    assert ours == pytest.approx(float(theirs.bse[0]), rel=1e-12)


def test_overlap_makes_few_of_many() -> None:
    random = np.random.default_rng(4)
    overlapping = np.convolve(random.standard_normal(2_000), np.ones(5), "valid")
    found = evidence(overlapping, 5)
    assert 200 < found.effective_samples < 700
    assert 1_500 < evidence(random.standard_normal(2_000), 1).effective_samples <= 2_000


def test_nothing_is_rarely_something() -> None:
    """Of 100 series without a mean, overlapping as labels do, about one is below one in a hundred."""
    random = np.random.default_rng(5)
    ps = [evidence(np.convolve(random.standard_normal(400), np.ones(5), "valid"), 5).p for _ in range(100)]
    assert sum(p <= 0.01 for p in ps) <= 4
    assert sum(p <= 0.2 for p in ps) >= 5, "a test that never finds anything proves nothing"


def test_a_family_makes_luck_likelier_and_a_real_gain_stays() -> None:
    random = np.random.default_rng(6)
    gains = 0.06 + random.standard_normal(1_500)
    rivals = [random.standard_normal(1_500) for _ in range(30)]
    alone, among = evidence(gains, 1), evidence(gains, 1, rivals=rivals)
    assert alone.p < 0.05 < among.p
    assert evidence(gains + 0.3, 1, rivals=rivals).p < 1e-6
    behind = evidence(gains, 1, rivals=[*rivals, gains + 0.3])
    assert behind.p >= among.p, "not the best of its family"


@pytest.mark.parametrize("gains", [np.zeros(500), np.empty(0), np.ones(3)], ids=["all equal", "none", "few"])
def test_where_nothing_can_be_tested_nothing_is_found(gains) -> None:
    assert evidence(gains, 5).p == 1.0


def test_the_deflated_sharpe_ratio_of_the_paper() -> None:
    """Bailey and López de Prado (2014), section 4: 2.5 a year, 5 years of days, 100 tries of variance 1/2."""
    assert expected_best(100, 0.5 / 250) == pytest.approx(0.1132, abs=5e-5)
    found = SharpeFacts(2.5 / math.sqrt(250), 1_250, -3.0, 10.0)
    assert deflated_sharpe(found, 100, 0.5 / 250) == pytest.approx(0.9004, abs=5e-5)
    assert deflated_sharpe(SharpeFacts(0.0, 100), 1, 0.0) == pytest.approx(0.5)


def test_idle_bars_are_traded_and_judge_nothing_else() -> None:
    """Six minutes, a rise of 1 % every other one; a model that is sure of one each time pays for the others too.

    Bars 0, 2, 4 are samples. Traded alone each earns: bought after it, sold after the next sample. With bars 1, 3, 5,
    where it says fall, every rise pays its own round trip of 2 * 42 basis points.
    """
    at, opens = np.arange(6) * 60, 100 * np.exp(0.01 * np.array([0, 1, 1, 2, 2, 3]))
    moved, idle = np.array([0, 2, 4]), np.array([1, 3, 5])
    one = np.zeros(3, dtype=np.int64)
    up = np.array([0.9, 0.8, 0.9])
    alone = Judged(
        at[moved], one, np.array([1.0, 0.0, 1.0]), opens[moved], up, {"coin": np.full(3, 0.5)}, learned=True
    )
    whole = replace(alone, idle=Decided(at[idle], one, opens[idle], np.full(3, 0.1)))
    rule = TradingRule(0.5, 0, 42.0)
    said, costly = (judge(each, rule, interval_ms=60, horizon_bars=1) for each in (alone, whole))
    assert said.buys == 1 and said.net_return == pytest.approx(0.02 - 0.0084)
    assert costly.buys == 3 and costly.net_return == pytest.approx(0.03 - 3 * 0.0084)
    assert [bar for bar in said.bars if bar.name != "net_return"] == [
        bar for bar in costly.bars if bar.name != "net_return"
    ]
    assert said.windows == costly.windows == 3


def test_facts_of_returns() -> None:
    returns = np.random.default_rng(8).normal(0.1, 1.0, 100_000)
    facts = SharpeFacts.of(returns)
    assert (facts.sharpe, facts.skewness, facts.kurtosis) == pytest.approx((0.1, 0, 3), abs=0.05)
    assert SharpeFacts.of(np.zeros(10)).sharpe == 0


def test_tries_are_those_on_overlapping_windows_and_levels_add_up() -> None:
    before = [Trial("a", 0, 100, 0.1), Trial("b", 100, 200, 0.3), Trial("c", 60, 90, None, count=30)]
    found = tries(Trial("new", 50, 100, 0.2), before)
    assert found.count == 32 and found.sharpe_variance == pytest.approx(0.005)
    assert sum(Tries(n, 0.0).level for n in range(1, 100_000)) == pytest.approx(FAMILY_LEVEL, rel=1e-4)


def test_trading_by_hand() -> None:
    """Buys at 100, sells at 110, buys at 99, is sold at the last open, 108.9; each side costs 1 %."""
    up = np.array([0.6, 0.6, 0.4, 0.54, 0.9, 0.9])
    opens = np.array([100.0, 105.0, 110.0, 120.0, 99.0, 108.9])
    times = np.arange(6, dtype=np.int64) * 60
    traded = trade(times, np.zeros(6, dtype=np.int64), opens, up, TradingRule(0.55, 0, 100.0), 60)
    gross = [math.log(1.05), math.log(110 / 105), 0, 0, math.log(1.1), 0]
    assert traded.gross == pytest.approx(gross)
    assert traded.net == pytest.approx(np.array(gross) - [0.01, 0, 0.01, 0, 0.01, 0.01])
    assert traded.buys == 2


def test_a_cooldown_delays_a_buy_and_a_bar_that_nothing_follows_decides_nothing() -> None:
    up = np.array([0.6, 0.4, 0.6, 0.6, 0.6])
    opens = np.array([100.0, 50.0, np.nan, 25.0, 20.0])
    times = np.arange(5, dtype=np.int64) * 60
    for cooldown, buys in ((2, 2), (3, 1)):  # the last bar only sells
        waits = trade(times, np.zeros(5, dtype=np.int64), opens, up, TradingRule(0.55, cooldown, 0.0), 60)
        assert waits.buys == buys
    assert waits.gross.sum() == pytest.approx(math.log(50 / 100)), "a sale does not wait"
    pairs = np.array([0, 1, 0, 1, 0])
    assert trade(times, pairs, opens, up, FREE, 60).buys == 1


def _judged(**changes: object) -> Judged:
    """A recipe that is right six times of ten, on 3,000 windows of one pair, of a market that pays for it."""
    random = np.random.default_rng(9)
    count = 3_000
    side = random.integers(0, 2, count).astype(float)
    forecast = np.where(side == 1, 0.6, 0.4)
    y = np.where(random.random(count) < 0.6, side, 1 - side)
    moves = np.concatenate([[0.0], np.where(y == 1, 1e-3, -1e-3)[:-1]])
    fields: dict[str, object] = {
        "times_ms": np.arange(count, dtype=np.int64) * 60_000,
        "pairs": np.zeros(count, dtype=np.int64),
        "y": y,
        "next_opens": 100 * np.exp(np.cumsum(moves)),
        "forecast": forecast,
        "bars": {"coin": np.full(count, 0.5)},
        "learned": True,
    }
    return Judged(**(fields | changes))  # type: ignore[arg-type]


def _verdict(judged: Judged, rule: TradingRule = FREE, earlier: tuple[Trial, ...] = ()) -> Mapping[str, bool]:
    found = judge(judged, rule, interval_ms=60_000, horizon_bars=1, earlier=earlier)
    assert found.outcome == ("passed" if all(bar.passed for bar in found.bars) else "failed")
    return {bar.name: bar.passed for bar in found.bars}


def test_who_is_better_passes_and_costs_refuse_it() -> None:
    assert _verdict(_judged()) == {"learned": True, "coin": True, "net_return": True}
    assert _verdict(_judged(), TradingRule(0.5, 0, 42.0)) == {"learned": True, "coin": True, "net_return": False}


def test_the_untrained_a_constant_and_a_coin_are_refused() -> None:
    assert not _verdict(_judged(learned=False))["learned"]
    constant = _verdict(_judged(forecast=np.full(3_000, 0.5000001)))
    assert not any(constant.values())
    coin = np.random.default_rng(1).choice([0.45, 0.55], 3_000)
    assert not _verdict(_judged(forecast=coin))["coin"]


def test_a_label_shifted_into_the_inputs_is_no_gain_for_who_does_not_see_it() -> None:
    assert not _verdict(_judged(forecast=np.roll(_judged().forecast, 1)))["coin"]


def test_earlier_tries_make_it_harder() -> None:
    slight = _judged(forecast=0.5 + (_judged().forecast - 0.5) * 0.02)
    weak = _judged(
        **{name: getattr(slight, name)[:300] for name in ("times_ms", "pairs", "y", "next_opens", "forecast")},
        bars={"coin": np.full(300, 0.5)},
    )
    before = tuple(Trial(f"try {n}", 0, 10**9) for n in range(30))
    p = next(bar.p for bar in judge(weak, FREE, interval_ms=60_000, horizon_bars=1).bars if bar.name == "coin")
    assert p is not None and Tries(31, 0).level < p <= Tries(1, 0).level, f"the example has p {p}"
    assert _verdict(weak)["coin"] and not _verdict(weak, earlier=before)["coin"]


def test_a_refit_of_the_champions_recipe_need_only_be_no_worse() -> None:
    judged = _judged()
    same = {"champion": np.where(judged.times_ms > 2e7, judged.forecast, np.nan)}
    before = tuple(Trial(f"try {n}", 0, 10**9) for n in range(3_000))
    assert all(_verdict(_judged(**same), earlier=before).values())
    better = {"champion": np.where(judged.y == 1, 0.7, 0.3)}
    assert not _verdict(_judged(**better))["champion_refit"]
    unseen = {"champion": np.full(3_000, np.nan)}
    assert _verdict(_judged(**unseen))["champion_refit"], "nothing is new to both: nothing speaks against it"


def test_the_reason_names_what_failed_with_its_numbers() -> None:
    found = judge(_judged(), TradingRule(0.5, 0, 42.0), interval_ms=60_000, horizon_bars=1)
    assert found.reason.startswith("not surely better than net_return -0.00")
    assert found.reason.endswith("3000 windows, try 1 on them")
    assert found.figures()["bar_coin_p"] < 1e-6


def test_costs_and_rule_are_those_of_execution_and_signals() -> None:
    paper, training = ExecutionSettings.model_fields, TrainingSettings()
    assert (paper["fee_bps"].default, paper["slippage_bps"].default) == (TAKER_FEE_BPS, SLIPPAGE_BPS)
    account = Account(name="a", pairs=("BTC/USD",))
    rule = training.trading_rule
    assert rule == TradingRule(account.minimum_confidence, account.cooldown_bars, 42.0)
