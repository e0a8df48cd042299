"""Rows and predictions to marks and decisions: reasons, who waits for what, expiry, repetition."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.signals.market_stream import Accounts, minute_of, minutes, prediction, row

from contracts.account import Account
from contracts.candle_mark import CandleMark
from contracts.feature_row import FeatureRow
from contracts.prediction import Prediction, PredictionReason
from contracts.signal import Signal
from contracts.state import MemoryState

PAPER = Account(name="paper", pairs=("BTC/USD", "ETH/USD"))
CROSS = Account(name="cross", pairs=("BTC/USD",), strategy="sma_cross", parameters={"fast": 5, "slow": 50})


def only(*messages: FeatureRow | Prediction, account: Account = PAPER) -> Signal:
    (signal,) = Accounts(account).signals(messages)
    return signal


@pytest.mark.parametrize(
    ("probability_up", "changes", "decision", "reason"),
    [
        (0.6, {}, "buy", "confident"),
        (0.4, {}, "sell", "confident"),
        (0.55, {}, "buy", "confident"),
        (0.5499, {}, "none", "below_confidence"),
        (0.4501, {}, "sell", "confident"),
        (0.5, {}, "none", "no_direction"),
        (None, {}, "none", "not_warm"),
        (None, {"quality": "gap"}, "none", "gap"),
    ],
)
def test_decision_and_reason(
    probability_up: float | None, changes: dict[str, Any], decision: str, reason: str
) -> None:
    signal = only(*minutes(probability_up, **changes))
    assert (signal.decision, signal.reason) == (decision, reason)


@pytest.mark.parametrize("why", [each for each in get_args(PredictionReason) if each != "ok"])
def test_why_a_model_did_not_speak_is_why_nothing_is_decided(why: PredictionReason) -> None:
    signal = only(row(0), prediction(0, None, reason=why))
    assert (signal.decision, signal.target, signal.reason) == ("none", None, why)


def test_the_floor_binds_entries_alone() -> None:
    """P(up) 0.9, then 0.01 five times, then 0.49 once: out at the first bar that expects no rise, and it stays so."""
    told = Accounts(PAPER).signals(minutes(0.9, 0.01, 0.01, 0.01, 0.01, 0.01, 0.49, 0.51))
    assert [each.decision for each in told] == ["buy", *["sell"] * 6, "none"]
    assert told[-1].reason == "below_confidence"


def test_a_decision_carries_the_candle_the_model_and_the_bars_it_speaks_for() -> None:
    source = prediction(0)
    signal = only(row(0, volume="3.25"), source)
    assert (signal.mark_open, signal.mark_high, signal.mark_low, signal.mark_close) == ("100", "101.5", "99", "101")
    assert (signal.mark_volume, signal.mark_trade_count, signal.mark_quality) == ("3.25", 7, "complete")
    assert (signal.model_name, signal.model_version, signal.prediction_id) == ("direction", 3, source.message_id)
    assert (signal.direction, signal.probability_up, signal.confidence, signal.horizon_bars) == (1, 0.6, 0.6, 5)
    assert (signal.key, signal.event_time_ms) == ("paper", source.window_end_ms)
    assert signal.expires_at_ms == source.window_end_ms + 300_000


def test_a_strategy_without_a_model_names_none_and_waits_for_none() -> None:
    told = Accounts(CROSS).told([row(n, close=str(100 + n), high="200") for n in range(60)])
    assert [type(each) for each in told[:2]] == [CandleMark, Signal]
    signals = [each for each in told if isinstance(each, Signal)]
    assert len(signals) == 60
    assert {each.reason for each in signals[:49]} == {"not_warm"}
    assert {(each.reason, each.target) for each in signals[49:]} == {("confident", 1)}
    last = signals[-1]
    assert (last.model_name, last.model_version, last.prediction_id, last.horizon_bars) == (None,) * 4
    assert (last.direction, last.probability_up, last.confidence) == (None,) * 3


def test_the_mark_leaves_with_the_row_and_the_decision_with_the_prediction() -> None:
    accounts = Accounts(PAPER)
    accounts.told(minutes(0.6))
    (mark,) = accounts.take(row(1, volume="4")).messages
    assert isinstance(mark, CandleMark)
    assert (mark.account, mark.mark_close, mark.mark_volume, minute_of(mark)) == ("paper", "101", "4", 1)
    (signal,) = accounts.take(prediction(1)).messages
    assert isinstance(signal, Signal) and minute_of(signal) == 1


def test_a_prediction_is_waited_for_so_many_bars_and_then_there_is_none() -> None:
    accounts = Accounts(PAPER, maximum_pending_bars=3)
    accounts.told(minutes(0.6))
    for n in (1, 2, 3):
        (mark,) = accounts.take(row(n)).messages
        assert isinstance(mark, CandleMark) and minute_of(mark) == n
    mark, signal = accounts.take(row(4)).messages
    assert isinstance(mark, CandleMark) and isinstance(signal, Signal)
    assert (minute_of(mark), minute_of(signal)) == (4, 1)
    assert (signal.decision, signal.reason, signal.target, signal.prediction_id) == (
        "none",
        "no_prediction",
        None,
        None,
    )
    assert accounts.take(prediction(1)).messages == [], "too late: it has been said that there was none"
    assert [minute_of(each) for each in accounts.signals([prediction(2)])] == [2], "in time"


def test_a_hole_counts_as_the_bars_that_are_missing() -> None:
    accounts = Accounts(PAPER, maximum_pending_bars=3)
    accounts.told([*minutes(0.6), row(1)])
    assert [minute_of(each) for each in accounts.signals([row(7)])] == [1]


def test_a_later_prediction_says_that_there_is_none() -> None:
    accounts = Accounts(PAPER)
    accounts.told([*minutes(0.6), row(1), row(2)])
    assert [(minute_of(s), s.reason) for s in accounts.signals([prediction(2)])] == [
        (1, "no_prediction"),
        (2, "confident"),
    ]


def test_an_account_of_a_model_begins_with_its_first_prediction() -> None:
    """Models predict nothing of what they were trained on, so there is nothing to be traded there."""
    accounts = Accounts(PAPER, maximum_pending_bars=100)
    assert accounts.told([row(n) for n in range(5)]) == []
    told = accounts.told([prediction(3)])
    assert [(type(each), minute_of(each)) for each in told] == [(CandleMark, 3), (CandleMark, 4), (Signal, 3)]


def test_accounts_trade_from_a_given_time_on_and_know_what_was_before() -> None:
    rows = [row(n, close=str(100 + n), high="200") for n in range(60)]
    told = Accounts(CROSS, from_ms=rows[55].window_start_ms).told(rows)
    assert [minute_of(each) for each in told] == [n for n in range(55, 60) for _ in range(2)]
    assert told[1] == Accounts(CROSS).told(rows)[111]
    early = Accounts(PAPER, from_ms=rows[2].window_start_ms)
    assert [minute_of(each) for each in early.signals(minutes(0.6, 0.6, 0.6, 0.6))] == [2, 3]


def test_every_account_that_trades_the_pair_gets_its_own_decision() -> None:
    bold = Account(name="bold", pairs=("BTC/USD",), minimum_confidence=0.5)
    other = Account(name="other", pairs=("ETH/USD",))
    told = Accounts(PAPER, bold, other).told(minutes(0.52))
    assert [(s.account, s.decision) for s in told if isinstance(s, Signal)] == [("paper", "none"), ("bold", "buy")]
    assert [each.account for each in told if isinstance(each, CandleMark)] == ["paper", "bold"]


def test_the_first_prediction_for_a_window_decides() -> None:
    told = Accounts(PAPER).signals([row(0), prediction(0, 0.7), prediction(0, 0.2, model_version=4)])
    assert [(s.decision, s.model_version) for s in told] == [("buy", 3)]


def test_a_strategy_that_nobody_follows_any_more_leaves_no_state() -> None:
    accounts = Accounts(CROSS)
    accounts.told([row(n) for n in range(70)])
    kept = [key for key in accounts.state.entries if ":strategy:" in key]
    assert len(kept) == 1 + 50, "as many bars as the slow mean looks back to, and where they end"
    Accounts(PAPER, state=accounts.state).told([row(70)])
    assert not [key for key in accounts.state.entries if ":strategy:" in key]


def test_nothing_waits_any_more_once_no_account_asks_for_a_model() -> None:
    accounts = Accounts(PAPER, maximum_pending_bars=100)
    accounts.told([row(n) for n in range(9)])
    after = Accounts(CROSS, state=accounts.state)
    after.told([row(9), prediction(9)])
    assert after.state.entries["kraken:rows"] == [9, 9]
    assert not [key for key in after.state.entries if key.startswith(("kraken:rows:", "kraken:said:"))]


def test_a_value_that_the_state_has_handed_out_is_not_changed() -> None:
    accounts = Accounts(PAPER)
    accounts.told(minutes(0.6))
    handed_out = accounts.state.entries["kraken:pair"]
    before = json.dumps(handed_out)
    accounts.told([row(9), prediction(9)])
    assert json.dumps(handed_out) == before


said = st.lists(st.one_of(st.none(), st.floats(0, 1)), min_size=1, max_size=30)


def kinds(told: list[Any]) -> list[list[Any]]:
    """Return the marks and the decisions of each account, each in the order in which they came."""
    return [
        [each for each in told if (each.type, each.account) == of]
        for of in sorted({(each.type, each.account) for each in told})
    ]


@settings(derandomize=True, deadline=None)
@given(said, st.data())
def test_nothing_depends_on_how_the_two_topics_are_mixed(probabilities: list[float | None], data: Any) -> None:
    """Every mark and decision once, whatever came first; a restart and repetition in the middle change nothing."""
    messages = minutes(*probabilities)
    bound: dict[str, Any] = {"maximum_pending_bars": len(messages)}
    once = kinds(Accounts(PAPER, CROSS, **bound).told(messages))
    assert [len(each) for each in once] == [len(probabilities)] * 4
    lines = [messages[0::2], messages[1::2]]
    mixed = []
    while any(lines):
        line = lines[data.draw(st.integers(0, 1))] or lines[0] or lines[1]
        mixed.append(line.pop(0))
    cut = data.draw(st.integers(0, len(mixed)))
    back = data.draw(st.integers(0, cut))
    before = Accounts(PAPER, CROSS, **bound)
    told = before.told(mixed[:cut])
    read_back = MemoryState(json.loads(json.dumps(before.state.entries)))
    told += Accounts(PAPER, CROSS, state=read_back, **bound).told([*mixed[back:], *messages])
    assert kinds(told) == once
