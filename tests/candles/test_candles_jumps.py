"""A message from the far future is no time: it is set aside alone, and does not become millions of quiet candles."""

from __future__ import annotations

from typing import Any

import pytest
from tests.candles import market

from candles.app import topology
from candles.core.admit import TOO_FAR_AHEAD
from candles.settings import CandlesSettings
from contracts.topics import CANDLES, TRADES
from contracts.trade_frame import TradeFrame
from streaming.testing import run_topology

DAY_S = 86_400
YEAR_2286_US = 9_999_999_999_999_000
LIMIT_DAYS = 3


def serve(messages: list[Any]):
    settings = CandlesSettings(intervals_s=(60,), max_jump_days=LIMIT_DAYS)
    return run_topology(topology, settings, "candles", {TRADES: messages}, [CANDLES])


def trades_with_one_in_the_future() -> list[Any]:
    good = [market.at(7 * index, index + 1) for index in range(40)]
    return [*good[:20], market.Trade(21, YEAR_2286_US), *[one._replace(id=one.id + 1) for one in good[20:]]]


@pytest.mark.parametrize("size", [1, 7, 100])
def test_a_trade_from_the_far_future_is_set_aside_alone(size: int) -> None:
    trades = trades_with_one_in_the_future()
    run = serve([market.heartbeat(0), *market.frames(trades, size), market.end(300)])
    (letter,) = run.dead_letters
    assert letter.headers["reason"] == TOO_FAR_AHEAD.encode()
    assert TradeFrame.from_json(letter.value).trade_ids == [21]
    candles = run["candles"]
    assert sum(one.trade_count for one in candles if one.revision == 0) == 40
    # The venue numbers its trades without holes: the minute in which this one is missing says so.
    assert [one.quality for one in market.last_revisions(candles).values()].count("gap") == 1


def test_a_heartbeat_from_the_far_future_closes_nothing() -> None:
    trades = [market.at(1, 1), market.at(70, 2)]
    far = market.heartbeat((LIMIT_DAYS + 1) * DAY_S)
    run = serve(
        [market.heartbeat(0), *market.frames(trades[:1], 1), far, *market.frames(trades[1:], 1), market.end(120)]
    )
    (letter,) = run.dead_letters
    assert (letter.headers["reason"], letter.value) == (TOO_FAR_AHEAD.encode(), far.to_json())
    assert b"time: expected at most" in letter.headers["error"]
    assert [(one.trade_count, one.quality) for one in run["candles"]] == [(1, "complete"), (1, "complete")]


def test_a_pair_may_be_quiet_for_as_long_as_is_allowed() -> None:
    trades = [market.at(1, 1), market.at(LIMIT_DAYS * DAY_S, 2)]
    run = serve([market.heartbeat(0), *market.frames(trades, 1), market.end(LIMIT_DAYS * DAY_S + 60)])
    assert run.dead_letters == []
    assert len(run["candles"]) == LIMIT_DAYS * 1_440 + 1
