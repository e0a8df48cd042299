"""What the market data does to its readers is counted: gaps, late trades, trades that come again."""

from __future__ import annotations

from candles.app import topology
from candles.settings import CandlesSettings
from contracts.heartbeat import Heartbeat
from contracts.topics import CANDLES, TRADES
from contracts.trade_frame import TradeFrame
from streaming.telemetry.metrics import DATA_FLAWS, DUPLICATE, GAP, LATE, total
from streaming.testing import run_topology

START_US = 1_772_582_400_000_000
MINUTE_US = 60_000_000


def frame(*ids_and_minutes: tuple[int, float]) -> TradeFrame:
    return TradeFrame(
        exchange="kraken",
        pair="BTC/USD",
        consecutive_ids=True,
        trade_ids=[trade_id for trade_id, _ in ids_and_minutes],
        timestamps_us=[START_US + round(minute * MINUTE_US) for _, minute in ids_and_minutes],
        prices=["100"] * len(ids_and_minutes),
        quantities=["1"] * len(ids_and_minutes),
        sides=["buy"] * len(ids_and_minutes),
    )


def test_flaws_are_counted_by_kind() -> None:
    before = {kind: total(DATA_FLAWS, kind=kind) for kind in (GAP, LATE, DUPLICATE)}
    messages = [
        Heartbeat(exchange="kraken", pair="BTC/USD", venue_time_us=START_US),
        frame((1, 0.1), (2, 0.2)),
        frame((2, 0.2), (3, 1.1)),  # one of them again
        frame((5, 2.1)),  # 4 is missing: the minute it may belong to is a gap
        Heartbeat(exchange="kraken", pair="BTC/USD", venue_time_us=START_US + 4 * MINUTE_US),
        frame((4, 1.5)),  # it comes late
    ]
    run = run_topology(
        topology, CandlesSettings(store_url="off", intervals_s=(60,)), "candles", {TRADES: messages}, [CANDLES]
    )
    gaps = sum(candle.quality == "gap" and candle.revision == 0 for candle in run["candles"])
    after = {kind: total(DATA_FLAWS, kind=kind) - before[kind] for kind in before}
    assert after == {GAP: gaps, LATE: 1, DUPLICATE: 1}
    assert gaps >= 1
