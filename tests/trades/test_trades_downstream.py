"""A pair that is subscribed while everything runs reaches the feature rows as if it had been there from the start."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.support.processes import Running, start_service
from tests.support.waiting import wait_for
from typer.testing import CliRunner

from candles.app import topology as candles_topology
from candles.settings import CandlesSettings
from contracts.feature_row import FeatureRow
from contracts.heartbeat import Heartbeat
from contracts.message import Message
from contracts.topics import CANDLES, TECHNICAL_INDICATORS, TRADES
from contracts.trade_frame import TradeFrame
from embedded.cli import app
from features import feature_set
from indicators.app import topology as indicators_topology
from indicators.settings import IndicatorsSettings
from streaming.clients import read_topic
from streaming.settings import ServiceSettings
from streaming.testing import run_topology

HOUR_MS, MINUTE_MS = 3_600_000, 60_000
#: 2026-03-04T00:00:00Z. Features are anchored at midnight: those that look back less far than history are warm.
MIDNIGHT_MS = 1_772_582_400_000
LIVE_MS = MIDNIGHT_MS + 20 * MINUTE_MS
END_MS = LIVE_MS + 15 * MINUTE_MS
EARLY_MS, LATE_MS = MIDNIGHT_MS - 12 * HOUR_MS, MIDNIGHT_MS - 8 * HOUR_MS
BTC, ETH = "BTC/USD", "ETH/USD"
Rows = dict[int, FeatureRow]

FEATURE_NAMES = [feature.name for feature in feature_set("core")]


@pytest.mark.long
@pytest.mark.slow
def test_a_subscribed_pair_has_the_rows_of_one_that_was_there_from_the_start(
    venue: Any, service: Any, tmp_path: Path
) -> None:
    place = venue(history_from_ms=EARLY_MS - HOUR_MS, live_from_ms=LIVE_MS, live_until_ms=END_MS, speed=60)
    trades = service(place)
    others = [downstream(name, tmp_path) for name in ("candles", "indicators")]
    try:
        settings = {"pairs": BTC, "history_from_ms": EARLY_MS, "stop_at_ms": END_MS}
        assert trades.run(variant="historical", **settings) == 0, trades.log()
        live = trades.go_live(place, **settings)
        wait_for(lambda: rows_of(trades, BTC), "rows of the pair that runs")
        subscribe(trades, ETH, history_days=(LIVE_MS - LATE_MS) / (24 * HOUR_MS))
        assert live.wait(60) == 0, trades.log()
        last_ms = END_MS - MINUTE_MS
        for pair in (BTC, ETH):
            wait_for(lambda p=pair: last_ms in rows_of(trades, p), f"the last row of {pair}")
    finally:
        for process in others:
            process.terminate()
            process.wait()
    for pair in (BTC, ETH):
        reference = rows_of_a_run_from_the_start(pair, place.truth(pair, EARLY_MS, END_MS + 1))
        compared = compare(rows_of(trades, pair), reference)
        assert compared["live"] >= 15 * (len(FEATURE_NAMES) - 1), "of 15 live minutes; ema_60 looks back 11 hours"
        assert compared["all"] > 1_000


def downstream(name: str, folder: Path) -> Running:
    """Start a service on the log of the test."""
    settings = ServiceSettings(broker_address=f"embedded://{folder}/log", data_dir=folder)
    return start_service(name, settings, TRADESTREAM_STORE_URL="off", CANDLES_INTERVALS_S=60)


def subscribe(trades: Any, pair: str, history_days: float) -> None:
    """Ask for a pair as an operator does."""
    address = {"TRADESTREAM_BROKER_ADDRESS": trades.settings.broker_address}
    result = CliRunner().invoke(app, ["subscribe", pair, "--history-days", str(history_days)], env=address)
    assert result.exit_code == 0, result.output


def rows_of(trades: Any, pair: str) -> Rows:
    """Return the feature rows on the log by window."""
    found = [record.message() for record in read_topic(trades.settings, TECHNICAL_INDICATORS)]
    return by_window(found, pair)


def by_window(messages: list[Message], pair: str) -> Rows:
    mine = [m for m in messages if isinstance(m, FeatureRow) and m.pair == pair and m.interval_s == 60]
    assert all(row.revision == 0 for row in mine)
    return {row.window_start_ms: row for row in mine}


def rows_of_a_run_from_the_start(pair: str, truth: list[Any]) -> Rows:
    """Return the rows of the same market for a pair whose history begins earlier, in one go."""
    market: dict[str, Any] = {"exchange": "simulated", "pair": pair}
    frames: list[Message] = [Heartbeat(**market, venue_time_us=EARLY_MS * 1_000)]
    for start in range(0, len(truth), 1_000):
        names = ("trade_ids", "timestamps_us", "prices", "quantities", "sides")
        values = map(list, zip(*truth[start : start + 1_000], strict=True))
        columns: dict[str, Any] = dict(zip(names, values, strict=True))
        frames.append(TradeFrame(**market, consecutive_ids=True, **columns))
    frames.append(Heartbeat(**market, venue_time_us=END_MS * 1_000))
    settings = CandlesSettings(intervals_s=(60,), store_url="off")
    candles = run_topology(candles_topology, settings, "candles", {TRADES: frames}, [CANDLES])["candles"]
    rows = run_topology(
        indicators_topology,
        IndicatorsSettings(store_url="off"),
        "indicators",
        {CANDLES: candles},
        [TECHNICAL_INDICATORS],
    )
    return by_window(rows["technical_indicators"], pair)


def compare(found: Rows, reference: Rows) -> dict[str, int]:
    """Count the features that are warm in both, all of which must be equal to the last bit.

    History is counted back from the moment at which it was asked for: it may begin within a minute.
    """
    compared, first_ms = {"all": 0, "live": 0}, min(found)
    for start_ms, row in found.items():
        twin = reference[start_ms]
        assert (row.close, row.volume, row.quality) == (twin.close, twin.volume, twin.quality) or start_ms == first_ms
        for name in FEATURE_NAMES:
            mine, theirs = getattr(row, name), getattr(twin, name)
            if mine is not None and theirs is not None:
                assert mine == theirs, (start_ms, name)
                compared["all"] += 1
                compared["live"] += start_ms >= LIVE_MS
    return compared
