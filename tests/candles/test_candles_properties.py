"""Laws of candles over random trades: grouping, duplicates, order and lateness do not change the record."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.candles import market

from candles.core.rules import Rules

RULES = Rules((60, 300))
LAW = settings(
    derandomize=True, max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
STEPS = st.lists(
    st.tuples(
        st.sampled_from([0, 0.000001, 0.4, 5, 31, 59.9, 60, 170, 700]),
        st.sampled_from(["100", "100.1", "99.75", "0.00001", "123456.789"]),
        st.sampled_from(["1", "0.3", "0.00000001", "250.5"]),
        st.sampled_from(["buy", "sell"]),
    ),
    min_size=2,
    max_size=40,
)
SIZES = st.lists(st.integers(1, 12), min_size=1, max_size=40)


def in_order(steps: list[tuple[Any, ...]], first_id: int = 1) -> list[Any]:
    trades, seconds = [], 0.0
    for index, (step, price, quantity, side) in enumerate(steps):
        seconds += step
        trades.append(market.at(seconds, first_id + index, price, quantity, side))
    return trades


def cut(trades: list[Any], sizes: list[int]) -> list[list[Any]]:
    parts, start = [], 0
    for size in [*sizes, len(trades)]:
        parts.append(trades[start : start + size])
        start += size
    return [part for part in parts if part]


@LAW
@given(STEPS, SIZES, st.booleans())
def test_any_grouping_gives_the_same_candles(steps, sizes, heartbeat_first) -> None:
    trades = in_order(steps)
    start = [market.heartbeat(0)] if heartbeat_first else []
    end = [market.end_at(trades[-1].us + 1)]
    whole = market.run([*start, market.frame(trades), *end], RULES)
    parts = market.run([*start, *(market.frame(part) for part in cut(trades, sizes)), *end], RULES)
    for interval_s in RULES.intervals_s:
        assert [one for one in parts if one.interval_s == interval_s] == [
            one for one in whole if one.interval_s == interval_s
        ]
        market.assert_equals_reference(whole, trades, interval_s)
    assert {one.revision for one in whole} == {0}


@LAW
@given(STEPS, SIZES, st.data())
def test_repeated_frames_change_nothing(steps, sizes, data) -> None:
    parts = [market.frame(part) for part in cut(in_order(steps), sizes)]
    repeated = []
    for index, part in enumerate(parts):
        back = data.draw(st.integers(0, index))
        repeated += [part, *parts[back : index + 1]]
    assert market.run(repeated, RULES) == market.run(parts, RULES)


@LAW
@given(STEPS, SIZES, st.integers(1, 12))
def test_frames_that_begin_with_known_trades_change_nothing(steps, sizes, known) -> None:
    """As after a kill of the feed, which groups anew what it fetches again."""
    trades = in_order(steps)
    end = [market.end_at(trades[-1].us + 1)]
    overlapping, start = list[Any](), 0
    for part in cut(trades, sizes):
        overlapping.append(market.frame(trades[max(0, start - known) : start + len(part)]))
        start += len(part)
    candles, whole = market.run([*overlapping, *end], RULES), market.run([market.frame(trades), *end], RULES)
    for interval_s in RULES.intervals_s:
        assert [one for one in candles if one.interval_s == interval_s] == [
            one for one in whole if one.interval_s == interval_s
        ]


@LAW
@given(STEPS, st.data())
def test_any_order_within_the_grace_changes_nothing(steps, data) -> None:
    trades = in_order(steps)
    span_ms = (trades[-1].us - trades[0].us) // 1_000
    rules = Rules((60, 300), grace_ms=span_ms + 1)
    end = [market.end_at(trades[-1].us + 1)]
    shuffled = data.draw(st.permutations(trades))
    ordered = market.run([*market.frames(trades, 5), *end], rules)
    assert market.run([*market.frames(shuffled, 1), *end], rules) == ordered


@LAW
@given(STEPS, st.data(), st.booleans())
def test_late_trades_end_in_the_candles_of_all_trades(steps, data, consecutive) -> None:
    trades = in_order(steps)
    rules = Rules((60, 300), retained_ms=86_400_000)
    shuffled = data.draw(st.permutations(trades))
    whole = market.run([market.heartbeat(0), market.frame(trades, consecutive), market.end(86_400)], rules)
    single = [market.frame([trade], consecutive) for trade in shuffled]
    late = market.run([market.heartbeat(0), *single, market.end(86_400)], rules)
    assert market.last_revisions(late) == market.last_revisions(whole)


@LAW
@given(STEPS, SIZES, st.data())
def test_a_hole_that_is_filled_leaves_no_trace(steps, sizes, data) -> None:
    trades = in_order(steps)
    rules = Rules((60, 300), retained_ms=86_400_000)
    missing = data.draw(st.sets(st.integers(1, len(trades) - 1), max_size=5))
    there = [trade for index, trade in enumerate(trades) if index not in missing]
    repaired = [trades[index] for index in sorted(missing)]
    end = [market.end_at(trades[-1].us + 1)]
    first = [market.frame(part) for part in cut(there, sizes)]
    repair = [market.frame(part) for part in cut(repaired, sizes)]
    whole = market.run([market.frame(trades), *end], rules)
    assert market.last_revisions(market.run([*first, *repair, *end], rules)) == market.last_revisions(whole)
    assert market.last_revisions(market.run([*first, *end, *repair], rules)) == market.last_revisions(whole)


@LAW
@given(STEPS, st.integers(1, 39))
def test_two_parts_of_a_recording_are_one(steps, at) -> None:
    trades = in_order(steps)
    first, second = trades[:at], trades[at:]
    end = [market.end_at(trades[-1].us + 1)]
    cut_at = [market.end_at(first[-1].us + 1)]
    whole = market.run([market.frame(trades), *end], RULES)
    parts = market.run([market.frame(first), *cut_at, *([market.frame(second), *end] if second else [])], RULES)
    assert market.last_revisions(parts) == market.last_revisions(whole)


@LAW
@given(STEPS, SIZES, st.data())
def test_heartbeats_between_change_no_candle(steps, sizes, data) -> None:
    trades = in_order(steps)
    parts = cut(trades, sizes)
    messages: list[Any] = []
    for part, following in zip(parts, [*parts[1:], None], strict=True):
        messages.append(market.frame(part))
        if following and following[0].us > part[-1].us + 1:
            moment = data.draw(st.integers(part[-1].us + 1, following[0].us))
            messages.append(market.heartbeat((moment - market.START_US) / 1e6))
    end = [market.end_at(trades[-1].us + 1)]
    with_them = market.run([*messages, *end], RULES)
    without = market.run([market.frame(trades), *end], RULES)
    for interval_s in RULES.intervals_s:
        assert [one for one in with_them if one.interval_s == interval_s] == [
            one for one in without if one.interval_s == interval_s
        ]
