"""The pure halves: who wants which pair, and how long a backfill still takes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.symbol_subscription import SymbolSubscription
from trades import metrics
from trades.backfill_report import BackfillReport
from trades.core.pace import Pace
from trades.core.subscriptions import SETTINGS, Subscriptions, initial, step, wanted

PAIRS = ("BTC/USD", "ETH/USD", "SOL/USD")
WISHES = st.builds(
    SymbolSubscription,
    exchange=st.just("kraken"),
    pair=st.sampled_from(PAIRS),
    requester=st.sampled_from(("operator", "signals:a", "signals:b", SETTINGS)),
    wanted=st.booleans(),
    history_from_ms=st.none() | st.integers(0, 9),
    requested_at_us=st.integers(0, 9),
)


def fold(messages: list[SymbolSubscription], pairs: tuple[str, ...] = ()) -> Subscriptions:
    state = initial(pairs)
    for message in messages:
        state = step(state, message)
    return state


@given(st.lists(WISHES, max_size=30))
@settings(derandomize=True)
def test_a_pair_streams_while_anybody_wants_it(messages: list[SymbolSubscription]) -> None:
    newest = {message.key: message for message in messages if message.requester != SETTINGS}
    expected = {"BTC/USD"} | {message.pair for message in newest.values() if message.wanted}
    state = fold(messages, ("BTC/USD",))
    assert wanted(state).keys() == expected
    for pair, from_ms in wanted(state).items():
        times = [m.history_from_ms for m in newest.values() if m.pair == pair and m.wanted]
        assert from_ms == min((ms for ms in times if ms is not None), default=None)


@given(st.lists(WISHES, max_size=30))
@settings(derandomize=True)
def test_compaction_and_repeats_change_nothing(messages: list[SymbolSubscription]) -> None:
    place = {message.key: index for index, message in enumerate(messages)}
    compacted = [message for index, message in enumerate(messages) if place[message.key] == index]
    assert fold(compacted) == fold(messages) == fold(messages + compacted)


def test_a_rate_is_that_of_the_last_minute() -> None:
    pace = Pace(0, 10_000)
    for second in range(100):
        pace = pace.after(float(second), second * 10, trades=5)
    assert (pace.trades, pace.reached_us, round(pace.done_pct, 6)) == (500, 990, 9.9)
    assert pace.left_seconds == 901.0
    for second in range(100, 200):  # from now on twice as fast
        pace = pace.after(float(second), 990 + (second - 99) * 20, trades=5)
    assert pace.left_seconds == (10_000 - 2_990) / 20
    assert len(pace.marks) < 100


def test_nothing_left_takes_no_time_and_no_progress_has_no_end() -> None:
    pace = Pace(0, 100).after(0.0, 40, trades=1)
    assert pace.left_seconds is None, "one mark tells no rate"
    assert pace.after(5.0, 40, trades=0).left_seconds is None
    assert pace.after(5.0, 100, trades=1).left_seconds == 0.0
    assert pace.after(5.0, 100, trades=1, goal_us=200).done_pct == 50.0


def test_what_is_left_after_a_resume_is_told_by_what_was_written_since(monkeypatch: pytest.MonkeyPatch) -> None:
    """The way to where an earlier process stopped is no progress of this one."""
    now_seconds = [100.0]
    monkeypatch.setattr("trades.backfill_report.time.monotonic", lambda: now_seconds[0])
    report = BackfillReport("T/EST", 0, 1_000_000, reached_us=900_000)
    left = []
    for second in range(1, 6):
        now_seconds[0] = 100.0 + second
        report.wrote(10, 900_000 + second * 10_000, 1_000_000)
        left.append(metrics.HISTORY_LEFT_SECONDS.labels(pair="T/EST")._value.get())
    assert left == [9.0, 8.0, 7.0, 6.0, 5.0]
