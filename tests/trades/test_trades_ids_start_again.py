"""Trade ids that start again, in a file, in history and live: nothing of them is lost in silence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.support.workspace import ROOT

from candles.app import topology
from candles.settings import CandlesSettings
from contracts.feed_outage import FeedOutage
from contracts.topics import CANDLES, TRADES
from contracts.trade_frame import TradeFrame
from streaming.clients import read_dead_letters, read_topic
from streaming.testing import run_topology
from trades.app import run_trades
from trades.settings import TradesSettings

FILE = ROOT / "tests/data/trade_files/04-trade-ids-start-again/binance_reset_BTCUSDT.csv.gz"
MINUTE_MS, START_MS = 60_000, 1_772_445_600_000
FIRST_MS, STEP_MS, ROWS = 1_700_000_000_000, 7_000, 2_000
AGAIN_MS = FIRST_MS + STEP_MS * ROWS


def minute_of(time_ms: int) -> int:
    return time_ms - time_ms % 60_000


@pytest.mark.parametrize("parts", [1, 2])
def test_a_file_whose_ids_start_again_is_said_and_its_candles_are_gaps(tmp_path: Path, parts: int) -> None:
    common: dict[str, Any] = {
        "broker_address": f"embedded://{tmp_path}/log",
        "data_dir": tmp_path,
        "exchange": "recorded",
        "file": (FILE,),
    }
    cut_ms = AGAIN_MS + 3_000_000
    changes: list[dict[str, Any]] = (
        [{}]
        if parts == 1
        else [
            {"variant": "historical", "file_until_ms": cut_ms},
            {"variant": "live", "file_from_ms": cut_ms},
        ]
    )
    for change in changes:
        settings = TradesSettings(**common, **change)
        assert run_trades(settings) == 0
    messages = [record.message() for record in read_topic(settings, TRADES)]
    assert sum(len(m.trade_ids) for m in messages if isinstance(m, TradeFrame)) == ROWS
    letters = list(read_dead_letters(settings, "trades"))
    assert len(letters) == ROWS and {letter.headers["reason"] for letter in letters} == {b"ids-start-again"}
    assert b"trade_id: expected one above 2000" in (letters[0].headers["error"] or b"")
    run = run_topology(topology, CandlesSettings(store_url="off"), "candles", {TRADES: messages}, [CANDLES])
    minutes = {c.window_start_ms: c for c in run["candles"] if c.interval_s == 60}
    after = [c.quality for start, c in minutes.items() if start >= minute_of(AGAIN_MS)]
    assert (
        after == ["gap"] * len(after)
        and len(after) == (minute_of(AGAIN_MS + STEP_MS * (ROWS - 1)) - minute_of(AGAIN_MS)) // 60_000 + 1
    )
    before = [c.quality for start, c in minutes.items() if minute_of(FIRST_MS) < start < minute_of(AGAIN_MS)]
    assert set(before) == {"complete"} and sum(c.trade_count for c in minutes.values()) == ROWS


@pytest.mark.parametrize("minute", [-30, 5])
def test_a_venue_whose_ids_start_again_is_said_and_promises_nothing(venue: Any, service: Any, minute: int) -> None:
    """In history and live: every trade is on the topic or in the dead letters, and no candle is silent about them."""
    again_ms, until_ms = START_MS + minute * MINUTE_MS, START_MS + 12 * MINUTE_MS
    place = venue(speed=200, live_until_ms=until_ms)
    place.control("faults", [{"kind": "restart_ids", "at_ms": again_ms, "pair": "BTC/USD"}])
    trades = service(place)
    settings = {"history_from_ms": START_MS - 60 * MINUTE_MS, "stop_at_ms": until_ms}
    assert trades.run(variant="historical", **settings) == 0, trades.log()
    live = trades.go_live(place, **settings)
    assert live.wait(60) == 0, trades.log()
    truth = place.truth("BTC/USD", START_MS - 60 * MINUTE_MS, until_ms)
    first = next(index for index, row in enumerate(truth) if row[0] == 1)
    assert trades.rows("BTC/USD") == truth[:first] and trades.rows("ETH/USD") == place.truth(
        "ETH/USD", START_MS - 60 * MINUTE_MS, until_ms
    )
    letters = [letter for letter in trades.dead_letters() if letter.headers["reason"] == b"ids-start-again"]
    aside = {(letter.value or b"").split(b",")[0] for letter in letters}
    messages = trades.messages()
    lost = sum(m.lost_trades for m in messages if isinstance(m, FeedOutage))
    assert lost == len(letters) >= len(aside) >= 20, "each is counted as a trade"
    assert "trade ids start again" in trades.log()
    assert "another folder (data=), or another TRADESTREAM_ENVIRONMENT" in trades.log(), "the way out is said there"
    run = run_topology(topology, CandlesSettings(store_url="off"), "candles", {TRADES: messages}, [CANDLES])
    final = {(c.pair, c.window_start_ms): c for c in run["candles"] if c.interval_s == 60}
    traded = {minute_of(row[1] // 1_000) for row in truth[first:]}
    after = {c.quality for (pair, start), c in final.items() if pair == "BTC/USD" and start in traded}
    assert after == {"gap"}
    before = [c for (pair, start), c in final.items() if pair == "BTC/USD" and start < minute_of(again_ms)]
    assert {c.quality for c in before} <= {"complete", "empty"} and before
