"""What the repair of a gap asks REST for, step by step."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchanges.continuity import Emit, Fetch, Notice, PairState, SetAside, arrived, page, pong, subscribed
from exchanges.frames import Subscribed, TradesFrame
from exchanges.session import Connected, EmitTrades, FetchPage, PageArrived, Refuse, SessionState, step
from exchanges.venue import Trade


def trades(first: int, last: int) -> list[Trade]:
    return [Trade(number, 1_000 + number, "1.5", "2", "buy") for number in range(first, last + 1)]


def test_a_page_of_known_trades_is_followed_by_the_next_page() -> None:
    """A page that brings none of the missing trades, with another after it, says nothing of them."""
    state = PairState.resume(10, 1_010)
    subscribed(state, 1_015)
    arrived(state, trades(15, 15), snapshot=False)
    asked = page(state, state.token, trades(1, 10), "page 2")
    assert [(each.cursor, each.delay_seconds) for each in asked if isinstance(each, Fetch)] == [("page 2", 0.0)]
    assert not [each for each in asked if isinstance(each, Notice) and each.kind == "unrepaired"]
    repaired = page(state, state.token, trades(11, 15), None)
    emitted = [trade for each in repaired if isinstance(each, Emit) for trade in each.trades]
    assert [trade.trade_id for trade in emitted] == [*range(11, 16)]
    assert state.live


def test_a_history_that_begins_in_a_quiet_minute_is_not_passed_over() -> None:
    """A venue that pages by time says nothing of its first minute; what it showed by itself is not the beginning."""
    state = PairState.resume(None, 0)
    subscribed(state, 2_000)
    assert kinds(arrived(state, trades(100, 110), snapshot=True)) == ["Fetch"]
    asked = page(state, state.token, [], "minute 2")
    assert [each.cursor for each in asked if isinstance(each, Fetch)] == ["minute 2"]
    assert not [each for each in asked if isinstance(each, Emit)]
    outputs = page(state, state.token, trades(1, 60), "minute 3")
    outputs += page(state, state.token, trades(61, 110), None)
    emitted = [trade for each in outputs if isinstance(each, Emit) for trade in each.trades]
    assert [trade.trade_id for trade in emitted] == [*range(1, 111)]
    assert state.live


def far(trade_id: int, second: int) -> Trade:
    return Trade(trade_id, second * 1_000_000, "1.5", "2", "buy")


@given(
    pauses_s=st.lists(st.integers(0, 6), min_size=1, max_size=40),
    window_s=st.integers(1, 5),
    shown=st.integers(0, 12),
    snapshot=st.booleans(),
)
def test_all_of_a_history_is_handed_on_however_it_is_paged(
    pauses_s: list[int], window_s: int, shown: int, snapshot: bool
) -> None:
    """Pages of so many seconds, some of them empty, beside what the venue showed by itself before the first came."""
    market = [far(number, second) for number, second in enumerate(accumulate(pauses_s), 1)]
    until_s = market[-1].timestamp_us // 1_000_000
    state = PairState.resume(None, 0)
    outputs = subscribed(state, market[-1].timestamp_us + 1, snapshot=snapshot)
    outputs += arrived(state, market[-shown:], snapshot=snapshot) if shown else []
    asked = [each for each in outputs if isinstance(each, Fetch)] or pong(state)
    for _ in range(2 * until_s + 10):
        if state.live:
            break
        fetch = asked[-1]
        assert isinstance(fetch, Fetch)
        begin_s = int(fetch.cursor) if fetch.cursor else fetch.since_us // 1_000_000
        end_s = begin_s + window_s
        found = [trade for trade in market if begin_s * 1_000_000 <= trade.timestamp_us < end_s * 1_000_000]
        told = page(state, state.token, found, str(end_s) if end_s <= until_s else None)
        outputs += told
        asked = [each for each in told if isinstance(each, Fetch)] or pong(state)
    assert [trade for each in outputs if isinstance(each, Emit) for trade in each.trades] == market
    assert state.live


def kinds(outputs: list[Any]) -> list[str]:
    return [type(each).__name__ for each in outputs]


def test_ids_that_start_again_are_told_once_set_aside_once_and_asked_for_ever_less() -> None:
    state = PairState.resume(2_000, 14_000_000_000)
    subscribed(state, 14_001_000_000)
    again = [far(number, 14_000 + 7 * number) for number in range(1, 6)]
    told = arrived(state, again[:1], snapshot=False)
    assert kinds(told) == ["Notice", "SetAside", "Fetch"] and not state.live
    assert kinds(arrived(state, again[:2], snapshot=False)) == ["SetAside"], "only what is new"
    pauses = []
    for _ in range(9):
        outputs = page(state, state.token, again, None)
        pauses += [each.delay_seconds for each in outputs if isinstance(each, Fetch)]
    assert pauses == sorted(pauses) and pauses[-1] == 60.0
    assert len(state.aside) == 5 and state.last_id == 2_000 and not state.live
    assert kinds(arrived(state, [far(2_001, 14_100)], snapshot=False)) == ["Emit", "Notice"]
    assert state.live and state.restarts is None, "where ids go on the pair does"


def test_ids_that_start_again_before_rest_has_said_what_the_pair_starts_with() -> None:
    state = PairState()
    subscribed(state, 1_000_000, snapshot=False)
    again = [far(number, 14_000 + 7 * number) for number in range(1, 4)]
    assert kinds(arrived(state, again, snapshot=False)) == []
    before = [far(number, number - 2_000) for number in range(5_000, 5_015)]
    outputs = page(state, state.token, [*again[:2], *before], None)
    assert kinds(outputs) == ["Notice", "SetAside", "Emit", "Fetch"]
    emitted = [trade for each in outputs if isinstance(each, Emit) for trade in each.trades]
    assert emitted == before
    assert list(state.aside) == [(trade.timestamp_us, trade.trade_id) for trade in again]
    assert state.last_id == 5_014 and not state.held and not state.live


def test_a_trade_that_comes_again_with_its_own_time_is_none_of_them() -> None:
    state = PairState.resume(None, 0)
    subscribed(state, 1)
    page(state, state.token, [far(number, number) for number in range(1, 51)], None)
    rounded, disordered = Trade(50, 50_000_001, "1.5", "2", "buy"), Trade(49, 50_400_000, "1.5", "2", "buy")
    for trade in (far(50, 50), far(3, 3), rounded, disordered):
        assert not [each for each in arrived(state, [trade], snapshot=False) if isinstance(each, SetAside)]


@pytest.mark.parametrize("by_rest", [False, True])
def test_an_absurd_time_moves_no_clock(by_rest: bool) -> None:
    """It is a bad row, on the socket as on a page; the trades beside it are handed on."""
    pair, now_us = "BTC/USD", 1_772_445_600_000_000
    state = SessionState({pair: PairState.resume(10, now_us)}, venue_us=now_us)
    step(state, Connected())
    step(state, Subscribed(pair, now_us))
    given = [Trade(11, now_us + 5, "1", "1", "buy"), Trade(12, 4_165_689_600_000_000, "1", "1", "buy")]
    fetch = step(state, TradesFrame(False, {pair: [Trade(13, now_us + 9, "1", "1", "buy")]}))
    assert [type(action) for action in fetch] == [FetchPage]
    event = PageArrived(pair, state.pairs[pair].token, given, None) if by_rest else TradesFrame(False, {pair: given})
    actions = step(state, event)
    (refused,) = [action.row for action in actions if isinstance(action, Refuse)]
    assert refused.pair == pair and "at most a day after 2026-03-02T10:00:00Z, was 2102" in refused.reason
    assert [t.trade_id for action in actions if isinstance(action, EmitTrades) for t in action.trades] == [11]
    assert state.pairs[pair].last_us == now_us + 5 and not state.pairs[pair].live
