"""Predictions to decisions: reasons, cooldown, expiry, repetition."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.signals.prediction_stream import MIDNIGHT_MS, prediction

from contracts.account import Account
from contracts.prediction import Prediction
from contracts.signal import Signal
from contracts.state import MemoryState
from signals.core.decide import PAIR, step
from signals.deciders import decider_of

PAPER = Account(name="paper", pairs=("BTC/USD", "ETH/USD"))
MARKS = ("mark_open", "mark_high", "mark_low", "mark_close", "mark_trade_count", "mark_quality")


def fold(
    predictions: list[Prediction], *accounts: Account, state: Mapping[str, Any] | None = None
) -> tuple[dict[str, Any], list[Signal]]:
    """Return the entries of the state after `predictions`, and the signals."""
    now = MemoryState(state)
    deciders = [decider_of(account) for account in accounts or (PAPER,)]
    return now.entries, [signal for each in predictions for signal in step(now, each, deciders, 300)]


def only(each: Prediction, account: Account = PAPER) -> Signal:
    (signal,) = fold([each], account)[1]
    return signal


@pytest.mark.parametrize(
    ("probability_up", "changes", "decision", "reason"),
    [
        (0.6, {}, "buy", "confident"),
        (0.4, {}, "sell", "confident"),
        (0.55, {}, "buy", "confident"),
        (0.5499, {}, "none", "below_confidence"),
        (0.4501, {}, "none", "below_confidence"),
        (0.5, {}, "none", "no_direction"),
        (None, {}, "none", "not_warm"),
        (None, {"reason": "gap"}, "none", "gap"),
    ],
)
def test_decision_and_reason(
    probability_up: float | None, changes: dict[str, Any], decision: str, reason: str
) -> None:
    signal = only(prediction(0, probability_up, **changes))
    assert (signal.decision, signal.reason) == (decision, reason)


def test_a_signal_carries_the_candle_the_model_and_the_prediction() -> None:
    source = prediction(3)
    signal = only(source)
    assert {name: getattr(signal, name) for name in MARKS} == {name: getattr(source, name) for name in MARKS}
    assert (signal.model_name, signal.model_version, signal.prediction_id) == ("direction", 3, source.message_id)
    assert (signal.direction, signal.probability_up, signal.confidence) == (1, 0.6, 0.6)
    assert (signal.key, signal.event_time_ms) == ("paper", source.window_end_ms)
    assert signal.expires_at_ms == source.window_end_ms + 300_000


def test_every_account_that_trades_the_pair_gets_its_own_decision() -> None:
    bold = Account(name="bold", pairs=("BTC/USD",), minimum_confidence=0.5)
    other = Account(name="other", pairs=("ETH/USD",))
    told = fold([prediction(0, 0.52)], PAPER, bold, other)[1]
    assert [(s.account, s.decision) for s in told] == [("paper", "none"), ("bold", "buy")]


@pytest.mark.parametrize("cooldown_bars", [0, 1, 5])
def test_so_many_bars_pass_between_two_decisions(cooldown_bars: int) -> None:
    account = Account(name="paper", pairs=("BTC/USD",), cooldown_bars=cooldown_bars)
    told = fold([prediction(n, 0.6 if n % 2 else 0.3) for n in range(20)], account)[1]
    decided = [(s.window_start_ms - MIDNIGHT_MS) // 60_000 for s in told if s.decision != "none"]
    assert decided == list(range(0, 20, cooldown_bars + 1))
    assert {s.reason for s in told if s.decision == "none"} <= {"cooldown"}


def test_cooldown_counts_bars_of_time_not_messages() -> None:
    """Bars 1 to 6 never came: seven bars after the decision the pair may decide again."""
    told = fold([prediction(0), prediction(7)])[1]
    assert [s.decision for s in told] == ["buy", "buy"]


def test_the_first_prediction_for_a_window_decides() -> None:
    told = fold([prediction(0, 0.7), prediction(0, 0.2, model_version=4)])[1]
    assert [(s.decision, s.model_version) for s in told] == [("buy", 3)]


def test_a_renamed_account_leaves_no_state() -> None:
    state, _ = fold([prediction(0)])
    renamed = Account(name="renamed", pairs=("BTC/USD",))
    after, _ = fold([prediction(1)], renamed, state=state)
    assert set(after[PAIR]["decided_ms"]) == {"renamed"}


def test_a_value_that_the_state_has_handed_out_is_not_changed() -> None:
    entries, _ = fold([prediction(0)])
    handed_out = entries[PAIR]
    before = json.dumps(handed_out)
    fold([prediction(9)], state=entries)
    assert json.dumps(handed_out) == before


@settings(derandomize=True, deadline=None)
@given(
    st.lists(st.one_of(st.none(), st.floats(0, 1)), min_size=1, max_size=40),
    st.data(),
)
def test_laws_of_the_fold(probabilities: list[float | None], data: st.DataObject) -> None:
    """One signal per prediction; repetition changes nothing; state survives JSON."""
    predictions = [prediction(n, p) for n, p in enumerate(probabilities)]
    state, once = fold(predictions)
    assert [s.window_start_ms for s in once] == [p.window_start_ms for p in predictions]
    assert all((s.decision == "none") == (s.reason != "confident") for s in once)

    cut = data.draw(st.integers(0, len(predictions)))
    back = data.draw(st.integers(0, cut))
    assert fold([*predictions[:cut], *predictions[back:], *predictions]) == (state, once)

    half, told = fold(predictions[:cut])
    resumed, rest = fold(predictions[cut:], state=json.loads(json.dumps(half)))
    assert (resumed, told + rest) == (state, once)
