"""Two `trades` processes for the same pairs: nothing fences one off, and the candles are those of one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.support.waiting import wait_for
from tests.trades.conftest import TradesProcess, VenueProcess
from tests.trades.test_trades_topology import END_MS, HISTORY_MS, MINUTE_MS, PAIRS, START_MS, assert_exact

from candles.app import topology
from candles.settings import CandlesSettings
from contracts.candle import Candle
from contracts.heartbeat import Heartbeat
from contracts.message import Message
from contracts.topics import CANDLES, TRADES
from contracts.trade_frame import TradeFrame
from streaming.testing import run_topology
from trades.settings import TradesSettings


@pytest.mark.long
@pytest.mark.slow
def test_the_candles_are_those_of_one(venue: Any, service: Any, tmp_path: Path) -> None:
    place = venue(speed=60)
    first = service(place)
    assert first.run(variant="historical") == 0, first.log()
    second = beside(first, place, tmp_path / "second")
    try:
        live = [first.start(variant="live"), second.start(variant="live")]
        wait_for(lambda: place.control("status")["connections"] == 2, "both to connect")
        place.control("clock/start", {})
        # One of them is killed, comes back and fetches what the other has written meanwhile.
        wait_for(lambda: place.control("status")["now_ms"] > START_MS + 4 * MINUTE_MS, "four minutes of the market")
        live[1].kill()
        live[1].wait()
        wait_for(lambda: place.control("status")["now_ms"] > START_MS + 8 * MINUTE_MS, "four more")
        live[1] = second.start(variant="live")
        assert [each.wait(90) for each in live] == [0, 0], first.log() + second.log()
    finally:
        second.close()
    assert_exact(first, place, HISTORY_MS)
    rows = first.rows(PAIRS[0])
    assert len(rows) > len({row[0] for row in rows}), "both have written"
    for pair in PAIRS:
        ours = candles_of([message for message in first.messages() if message.pair == pair])
        assert ours == candles_of(whole_market(pair, place.truth(pair, HISTORY_MS, END_MS + 1)))
        assert len(ours) == (END_MS - HISTORY_MS) // MINUTE_MS
        assert {(each.quality, each.revision) for each in ours} <= {("complete", 0), ("empty", 0)}


def beside(first: TradesProcess, place: VenueProcess, folder: Path) -> TradesProcess:
    """Return a process on the same log with files of its own, as on another machine."""
    folder.mkdir()
    second = TradesProcess(folder, place.urls)
    second.settings = TradesSettings(broker_address=first.settings.broker_address, data_dir=folder)
    return second


def candles_of(messages: Sequence[Message]) -> list[Candle]:
    """Return the candles that the service makes of what is on `trades`."""
    settings = CandlesSettings(intervals_s=(60,), store_url="off")
    found = run_topology(topology, settings, "candles", {TRADES: messages}, [CANDLES])["candles"]
    return sorted((each for each in found if isinstance(each, Candle)), key=lambda candle: candle.window_start_ms)


def whole_market(pair: str, truth: list[Any]) -> list[Message]:
    """Return a market as one process would have written it that misses nothing."""
    market: dict[str, Any] = {"exchange": "simulated", "pair": pair}
    names = ("trade_ids", "timestamps_us", "prices", "quantities", "sides")
    frames: list[Message] = [Heartbeat(**market, venue_time_us=HISTORY_MS * 1_000)]
    for start in range(0, len(truth), 1_000):
        columns: dict[str, Any] = dict(
            zip(names, map(list, zip(*truth[start : start + 1_000], strict=True)), strict=True)
        )
        frames.append(TradeFrame(**market, consecutive_ids=True, **columns))
    return [*frames, Heartbeat(**market, venue_time_us=END_MS * 1_000)]
