"""What the market data does to its readers is counted: gaps, late trades, trades that come again."""

from __future__ import annotations

from pathlib import Path

from candles.app import topology
from candles.settings import CandlesSettings
from contracts.heartbeat import Heartbeat
from contracts.topics import CANDLES, TRADES
from contracts.trade_frame import TradeFrame
from featurestore import open_store
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


def test_each_trade_is_in_the_store_once_and_candles_lead_to_it(tmp_path: Path) -> None:
    messages = [frame((1, 0.1), (2, 0.2)), frame((2, 0.2), (3, 1.1)), frame((1, 0.1), (2, 0.2))]
    closing = Heartbeat(exchange="kraken", pair="BTC/USD", venue_time_us=START_US + 4 * MINUTE_US)
    for keeps, wanted in ((False, []), (True, [(1,), (2,), (3,)])):
        url = f"sqlite:///{tmp_path}/{keeps}.sqlite"
        settings = CandlesSettings(store_url=url, intervals_s=(60,), store_trades=keeps)
        run_topology(topology, settings, "candles", {TRADES: [*messages, closing]}, [CANDLES])
        with open_store(url) as store:
            assert store.sql("SELECT trade_id FROM trades ORDER BY trade_id").rows == wanted
            lineage = (
                "SELECT t.trade_id FROM candles c JOIN trades t ON t.exchange = c.exchange AND t.pair = c.pair "
                "AND t.trade_id BETWEEN c.first_trade_id AND c.last_trade_id ORDER BY 1"
            )
            assert store.sql(lineage).rows == wanted
