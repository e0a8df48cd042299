"""The rules of honest candles, one by one."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from tests.candles import market

from candles.core.rules import Rules
from candles.core.twin import CandlesTwin
from contracts.candle import Candle

MINUTE = Rules((60,))


def brief(candles: list[Candle], start_ms: int) -> list[tuple[Any, ...]]:
    """(minute, quality, count, close, revision) of each candle."""
    return [
        ((one.window_start_ms - start_ms) // 60_000, one.quality, one.trade_count, one.close, one.revision)
        for one in candles
    ]


@pytest.fixture
def minutes():
    """Run messages and return what came out for the minute interval, briefly."""

    def of(messages: list[Any], rules: Rules = MINUTE) -> list[tuple[Any, ...]]:
        return brief(market.run(messages, rules), market.START_MS)

    return of


def test_the_first_window_is_cut_off_without_a_heartbeat(minutes) -> None:
    trades = [market.at(0, 1), market.at(70, 2), market.at(130, 3)]
    assert minutes([market.frame(trades)]) == [(0, "gap", 1, "100", 0), (1, "complete", 1, "100", 0)]


def test_a_heartbeat_says_since_when_input_is_complete(minutes) -> None:
    messages = [market.heartbeat(60), market.frame([market.at(61, 5), market.at(121, 6)]), market.heartbeat(180)]
    assert minutes(messages) == [(1, "complete", 1, "100", 0), (2, "complete", 1, "100", 0)]
    messages = [market.heartbeat(60.5), market.frame([market.at(61, 5), market.at(121, 6)])]
    assert minutes(messages) == [(1, "gap", 1, "100", 0)]


def test_nothing_comes_out_before_the_first_trade(minutes) -> None:
    assert minutes([market.heartbeat(seconds) for seconds in range(0, 600, 20)]) == []


def test_heartbeats_close_quiet_windows_at_once(minutes) -> None:
    messages = [market.heartbeat(0), market.frame([market.at(1, 1, "7")])]
    twin_input = [*messages, *(market.heartbeat(seconds) for seconds in range(2, 181))]
    assert minutes(twin_input) == [(0, "complete", 1, "7", 0), (1, "empty", 0, "7", 0), (2, "empty", 0, "7", 0)]
    assert minutes([*messages, market.heartbeat(180)]) == minutes(twin_input)


def test_a_trade_after_a_quiet_stretch_closes_all_of_it(minutes) -> None:
    messages = [market.heartbeat(0), market.frame([market.at(1, 1, "7")]), market.frame([market.at(601, 2, "8")])]
    assert minutes(messages) == [(0, "complete", 1, "7", 0), *((m, "empty", 0, "7", 0) for m in range(1, 10))]


def test_a_missing_id_makes_every_window_it_may_be_in_a_gap(minutes) -> None:
    trades = [market.at(1, 1), market.at(50, 2), market.at(130, 4), market.at(185, 5), market.at(241, 6)]
    assert minutes([market.heartbeat(0), market.frame(trades)]) == [
        (0, "gap", 2, "100", 0),
        (1, "gap", 0, "100", 0),
        (2, "gap", 1, "100", 0),
        (3, "complete", 1, "100", 0),
    ]


def test_a_heartbeat_before_the_hole_narrows_it(minutes) -> None:
    messages = [
        market.heartbeat(0),
        market.frame([market.at(1, 1)]),
        market.heartbeat(60),
        market.frame([market.at(70, 3)]),
        market.heartbeat(120),
    ]
    assert minutes(messages) == [(0, "complete", 1, "100", 0), (1, "gap", 1, "100", 0)]


def test_the_missing_trade_makes_it_complete_and_reprices_what_followed(minutes) -> None:
    messages = [
        market.heartbeat(0),
        market.frame([market.at(1, 1, "7")]),
        market.frame([market.at(190, 3, "9")]),
        market.frame([market.at(70, 2, "8")]),
    ]
    assert minutes(messages) == [
        (0, "gap", 1, "7", 0),
        (1, "gap", 0, "7", 0),
        (2, "gap", 0, "7", 0),
        (0, "complete", 1, "7", 1),
        (1, "complete", 1, "8", 1),
        (2, "empty", 0, "8", 1),
    ]


def test_sources_without_consecutive_ids_are_unverified(minutes) -> None:
    trades = [market.at(1, 10), market.at(61, 20), market.at(181, 25)]
    assert minutes([market.heartbeat(0), market.frame(trades, consecutive=False)]) == [
        (0, "unverified", 1, "100", 0),
        (1, "unverified", 1, "100", 0),
        (2, "empty", 0, "100", 0),
    ]


def test_a_late_trade_among_sparse_ids_is_no_duplicate(minutes) -> None:
    first = market.frame([market.at(1, 10), market.at(61, 20)], consecutive=False)
    late = market.frame([market.at(30, 15, "5")], consecutive=False)
    assert minutes([market.heartbeat(0), first, first, late, late]) == [
        (0, "unverified", 1, "100", 0),
        (0, "unverified", 2, "5", 1),
    ]


def test_a_late_close_goes_on_into_open_windows(minutes) -> None:
    messages = [
        market.heartbeat(0),
        market.frame([market.at(1, 1, "7"), market.at(2, 2, "7")]),
        market.heartbeat(130),
        market.frame([market.at(50, 3, "8")]),
        market.heartbeat(180),
    ]
    assert minutes(messages) == [
        (0, "complete", 2, "7", 0),
        (1, "empty", 0, "7", 0),
        (0, "complete", 3, "8", 1),
        (1, "empty", 0, "8", 1),
        (2, "empty", 0, "8", 0),
    ]


def test_a_final_end_cuts_off_open_windows(minutes) -> None:
    trades = [market.at(0, 1), market.at(70, 2)]
    messages = [market.heartbeat(0), market.frame(trades), market.end(75)]
    assert minutes(messages) == [(0, "complete", 1, "100", 0), (1, "gap", 1, "100", 0)]
    assert minutes([*messages, messages[-1]]) == minutes(messages)
    five = market.run(messages, Rules((300,)))
    assert [(one.quality, one.trade_count) for one in five] == [("gap", 2)]


def test_a_final_end_at_a_windows_end_cuts_off_nothing(minutes) -> None:
    messages = [market.heartbeat(0), market.frame([market.at(0, 1), market.at(70, 2)]), market.end(120)]
    assert minutes(messages) == [(0, "complete", 1, "100", 0), (1, "complete", 1, "100", 0)]


def test_an_end_that_is_not_final_is_a_heartbeat(minutes) -> None:
    messages = [market.heartbeat(0), market.frame([market.at(0, 1), market.at(70, 2)]), market.end(130, final=False)]
    assert minutes(messages) == [(0, "complete", 1, "100", 0), (1, "complete", 1, "100", 0)]


def test_a_second_part_completes_what_the_end_of_the_first_cut_off() -> None:
    rules = Rules((60, 300))
    trades = [market.at(0, 1, "7"), market.at(70, 2, "8"), market.at(100, 3, "9"), market.at(310, 4, "10")]
    parts = [
        market.heartbeat(0),
        market.frame(trades[:2]),
        market.end(75),
        market.frame(trades[2:]),
        market.end(370),
    ]
    whole = [market.heartbeat(0), market.frame(trades), market.end(370)]
    assert market.last_revisions(market.run(parts, rules)) == market.last_revisions(market.run(whole, rules))


def test_a_second_venue_is_refused() -> None:
    twin = CandlesTwin(MINUTE)
    twin.feed(market.frame([market.at(1, 1)]))
    assert twin.feed(market.frame([market.at(61, 2)], exchange="binance")) == []
    assert twin.feed(market.heartbeat(200, exchange="binance")) == []
    assert [(one.reason, one.message.exchange) for one in twin.refused] == [("second-venue", "binance")] * 2
    assert "kraken, which BTC/USD runs on, was 'binance'" in twin.refused[0].error


def test_a_trade_older_than_what_is_kept_is_refused_and_its_frame_goes_on() -> None:
    twin = CandlesTwin(Rules((60,), retained_ms=120_000))
    twin.feed(market.frame([market.at(0, 1), market.at(500, 3)]))
    out = twin.feed(market.frame([market.at(10, 2), market.at(570, 4)]))
    assert [refused.message.trade_ids for refused in twin.refused] == [[2]]
    assert "expected trades of the last 120000 ms, was '1 from id 2 to 2" in twin.refused[0].error
    assert [candle.trade_count for candle in out] == [1]
    assert twin.feed(market.frame([market.at(0, 1)])) == []
    assert len(twin.refused) == 1  # an old duplicate is known as one


def test_more_separate_id_ranges_than_are_remembered() -> None:
    twin = CandlesTwin(Rules((60,), max_id_ranges=2))
    trades = [market.at(second, 10 * second) for second in range(1, 6)]
    twin.feed(market.frame(trades, consecutive=False))
    twin.feed(market.frame(trades, consecutive=False))
    assert [refused.message.trade_ids for refused in twin.refused] == [[10, 20, 30]]
    assert twin.pair is not None
    assert len(twin.pair["ranges"]) == 2


def test_trades_before_the_first_candle_are_a_correction(minutes) -> None:
    messages = [
        market.heartbeat(300),
        market.frame([market.at(301, 5, "9")]),
        market.heartbeat(360),
        market.frame([market.at(185, 4, "8")]),
    ]
    assert minutes(messages) == [
        (5, "complete", 1, "9", 0),
        (3, "gap", 1, "8", 1),
        (4, "empty", 0, "8", 1),
    ]


def test_trades_before_the_first_heartbeat_have_first_candles(minutes) -> None:
    messages = [market.heartbeat(300), market.frame([market.at(185, 4, "8")]), market.heartbeat(360)]
    assert minutes(messages) == [(3, "gap", 1, "8", 0), (4, "empty", 0, "8", 0), (5, "empty", 0, "8", 0)]


def test_they_come_out_at_once(minutes) -> None:
    assert minutes([market.heartbeat(300), market.frame([market.at(185, 4, "8")])]) == [
        (3, "gap", 1, "8", 0),
        (4, "empty", 0, "8", 0),
    ]


def test_an_open_window_takes_trades_older_than_what_is_retained() -> None:
    rules = Rules((60, 3_600), retained_ms=60_000)
    twin = CandlesTwin(rules)
    trades = [market.at(1, 1), market.at(1_000, 3)]
    out = [
        one for part in (trades, [market.at(30, 2)], [market.at(3_600, 4)]) for one in twin.feed(market.frame(part))
    ]
    assert not twin.refused and not twin.lost
    assert [one.trade_count for one in out if one.interval_s == 3_600] == [3]
    assert sum(one.trade_count for one in market.last_revisions(out).values() if one.interval_s == 60) == 3


def test_grace_lets_late_trades_in(minutes) -> None:
    rules = Rules((60,), grace_ms=5_000)
    trades = [market.at(1, 1), market.at(63, 3), market.at(59, 4, "5"), market.at(64.9, 5), market.at(65, 6)]
    assert minutes([market.heartbeat(0), market.frame([trades[0], market.at(2, 2), *trades[1:]])], rules) == [
        (0, "complete", 3, "5", 0)
    ]


def test_within_a_frame_late_is_late(minutes) -> None:
    trades = [market.at(1, 1), market.at(61, 2), market.at(59, 3, "5"), market.at(122, 4)]
    expected = [(0, "complete", 1, "100", 0), (0, "complete", 2, "5", 1), (1, "complete", 1, "100", 0)]
    assert minutes([market.heartbeat(0), market.frame(trades)]) == expected
    assert minutes([market.heartbeat(0), *market.frames(trades, 1)]) == expected


def test_a_longer_candle_follows_the_shorter_ones_it_covers() -> None:
    trades = [market.at(40 * index, index + 1) for index in range(40)]
    for size in (1, 7, 40):
        seen: dict[int, int] = {60: 0, 300: 0}
        for candle in market.run([market.heartbeat(0), *market.frames(trades, size)], Rules((60, 300))):
            assert candle.interval_s == 60 or candle.window_end_ms <= seen[60]
            seen[candle.interval_s] = candle.window_end_ms


def test_state_is_bounded() -> None:
    rules = Rules((60, 300), retained_ms=600_000, max_id_ranges=8)
    twin = CandlesTwin(rules)
    for index in range(600):  # every second id is missing
        twin.feed(market.frame([market.at(30 * index, 2 * index + 1)]))
        assert all(len(windows.open) <= 2 for windows in twin.windows.values())
    assert twin.pair is not None
    assert len(twin.pair["ranges"]) == 8
    entries = Counter(name.rpartition(":")[0] for name in twin.state.entries if name.startswith("candle:"))
    assert entries == {"candle:60:11": 11, "candle:300:3": 3}
