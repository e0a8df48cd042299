"""Trades whose ids start again: none passes for a repeat, and where they were traded every candle is a gap."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from tests.candles import market

from candles.app import topology
from candles.core.admit import IDS_START_AGAIN
from candles.core.rules import Rules
from candles.core.twin import CandlesTwin
from candles.settings import CandlesSettings
from contracts.feed_outage import FeedOutage
from contracts.topics import CANDLES, TRADES
from contracts.trade_frame import TradeFrame
from streaming.testing import run_topology

#: Seconds between trades.
STEP = 7
RULES = Rules((60, 300))


def series(first_id: int, first_s: float, count: int) -> list[market.Trade]:
    return [market.at(first_s + STEP * index, first_id + index) for index in range(count)]


def minutes(trades: list[market.Trade]) -> set[int]:
    return {trade.us // 60_000_000 * 60_000 for trade in trades}


@pytest.mark.parametrize("first_id", [1, 5_000_000])
@pytest.mark.parametrize("again_id", [1, 37])
@pytest.mark.parametrize("count", [20, 400])
@pytest.mark.parametrize("size", [1, 7, 1_000])
@pytest.mark.parametrize("consecutive", [True, False])
def test_no_candle_is_silent_about_them(
    first_id: int, again_id: int, count: int, size: int, consecutive: bool
) -> None:
    """The second series may go beyond the first one's ids, and heartbeats may promise that nothing is missing."""
    old, new = series(first_id, 1, 200), series(again_id, 1_500, count)
    last = STEP * count + 1_500
    for beats in (False, True):
        twin = CandlesTwin(RULES)
        messages: list[Any] = [market.heartbeat(0), *market.frames(old, size, consecutive)]
        messages += [market.heartbeat(STEP * 200 + 1 + second) for second in range(0, 90, 10) if beats]
        messages += market.frames(new, size, consecutive)
        candles = [c for m in [*messages, market.heartbeat(last), market.end(last + 120)] for c in twin.feed(m)]
        refused = [trade_id for one in twin.refused for trade_id in trade_ids(one.message)]
        beyond = [trade for trade in new if trade.id > old[-1].id]
        assert [one.reason for one in twin.refused] == [IDS_START_AGAIN] * len(twin.refused)
        assert refused == [trade.id for trade in new if trade.id <= old[-1].id]
        final = {
            c.window_start_ms: c for (interval_s, _), c in market.last_revisions(candles).items() if interval_s == 60
        }
        assert sum(c.trade_count for c in final.values()) == len(old) + len(beyond)
        lost = minutes([trade for trade in new if trade not in beyond])
        assert {final[start].quality for start in lost} == {"gap"}
        good = {final[start].quality for start in minutes(old)}
        assert good == ({"complete"} if consecutive else {"unverified"}), "what came before is as it was"


def trade_ids(message: Any) -> list[int]:
    assert isinstance(message, TradeFrame)
    return message.trade_ids


def test_what_is_lost_stays_lost_when_the_feed_is_back() -> None:
    lost = market.outage(100, 130).model_copy(update={"lost_trades": 3})
    trades = [market.at(5, 1), market.at(90, 2), market.at(200, 3)]
    messages = [market.heartbeat(0), *market.frames(trades[:2], 1), lost, *market.frames(trades[2:], 1)]
    messages += [market.heartbeat(240), market.end(241)]
    qualities = {c.window_start_ms: c.quality for c in market.run(messages, Rules((60,)))}
    assert [qualities[market.START_MS + 60_000 * minute] for minute in range(4)] == [
        "complete",
        "gap",
        "gap",
        "complete",
    ]


def test_spans_that_are_lost_are_bounded() -> None:
    twin = CandlesTwin(RULES)
    twin.feed(market.heartbeat(0))
    for second in range(1, 2_000, 10):
        twin.feed(market.outage(second, second + 1).model_copy(update={"lost_trades": 1}))
    assert twin.pair is not None and len(twin.pair["lost"]) == 64
    assert twin.pair["lost"][-1] == [market.START_US + 1_991_000_000, market.START_US + 1_992_000_000]


def test_the_service_says_so_and_counts_trades() -> None:
    messages = [market.heartbeat(0), *market.frames(series(1, 1, 50), 10), *market.frames(series(1, 400, 30), 10)]
    settings = CandlesSettings(intervals_s=(60,), store_url="off")
    run = run_topology(topology, settings, "candles", {TRADES: [*messages, market.end(700)]}, [CANDLES])
    assert [letter.headers["reason"] for letter in run.dead_letters] == [IDS_START_AGAIN.encode()] * 3
    assert sum(len(TradeFrame.from_json(letter.value or b"").trade_ids) for letter in run.dead_letters) == 30
    assert b"expected one above 50" in (run.dead_letters[0].headers["error"] or b"")


@pytest.mark.parametrize(("near", "ahead_s"), list(product([1, 10, 900], [0.0, 0.5])))
def test_a_late_trade_or_a_repeat_is_none_of_them(near: int, ahead_s: float) -> None:
    """Ids may be a little out of time order, and a trade's time may differ a little between two ways of asking."""
    trades = series(1, 1, 1_000)
    without = [trade for trade in trades if trade.id != 1_000 - near]
    late = trades[999 - near]._replace(us=trades[-1].us + round(ahead_s * 1_000_000))
    twin = CandlesTwin(RULES)
    repeat = trades[-1]._replace(us=trades[-1].us + 1)
    for message in [
        *market.frames(without, 100),
        market.frame([late]),
        market.frame([repeat]),
        *market.frames(trades, 100),
    ]:
        twin.feed(message)
    assert not twin.refused and not twin.pair["lost"]  # type: ignore[index]


def test_an_outage_says_whether_trades_are_lost() -> None:
    plain, lost = market.outage(1, 2), market.outage(1, 2).model_copy(update={"lost_trades": 1})
    assert FeedOutage.from_json(plain.to_json()) == plain and plain.message_id != lost.message_id
