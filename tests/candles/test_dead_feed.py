"""A feed that dies: its pair still delivers every minute, as a gap, and the account does not wait for it."""

from __future__ import annotations

from typing import Any

from tests.candles import market

from candles.app import topology as candles
from candles.settings import CandlesSettings
from contracts.account import Account
from contracts.feature_row import FeatureRow
from contracts.prediction import Prediction
from contracts.topics import CANDLES, PNL, PREDICTIONS, SIGNALS, TECHNICAL_INDICATORS, TRADES
from execution.app import OUTPUTS
from execution.app import topology as execution
from execution.settings import ExecutionSettings
from indicators.app import topology as indicators
from indicators.settings import IndicatorsSettings
from signals.app import topology as signals
from signals.settings import SignalsSettings
from streaming.testing import TopologyRun, run_topology

ALIVE, DEAD = "ETH/USD", "BTC/USD"
ACCOUNTS = (Account(name="paper", pairs=(ALIVE, DEAD)),)


def messages() -> list[Any]:
    """Ten minutes of two pairs; the feed of one dies in minute 3 and is repaired in minute 8."""
    trades = [market.at(20 * index, index + 1, str(100 + index)) for index in range(31)]
    alive = [one.model_copy(update={"pair": ALIVE}) for one in [market.heartbeat(0), *market.frames(trades, 1)]]
    cut = 10
    dead = [market.heartbeat(0), *market.frames(trades[:cut], 1)]
    dead += [market.outage(181, 60 * minute + 5) for minute in range(4, 9)]
    dead += [*market.frames(trades[cut:], 4), market.heartbeat(600)]
    return [*alive, *dead]


def prediction_of(row: FeatureRow) -> Prediction:
    gap = row.quality == "gap"
    return Prediction(
        exchange=row.exchange,
        pair=row.pair,
        interval_s=row.interval_s,
        window_start_ms=row.window_start_ms,
        model_name="direction",
        model_version=1,
        feature_set=row.feature_set,
        horizon_bars=5,
        probability_up=None if gap else 0.9,
        confidence=None if gap else 0.9,
        direction=0 if gap else 1,
        reason="gap" if gap else "ok",
        mark_open=row.open,
        mark_high=row.high,
        mark_low=row.low,
        mark_close=row.close,
        mark_trade_count=row.trade_count,
        mark_quality=row.quality,
    )


def run(topology, settings, service, spec, given, outputs) -> TopologyRun:
    result = run_topology(topology, settings, service, {spec: given}, outputs)
    assert result.dead_letters == []
    return result


def test_every_service_takes_the_gaps_of_a_dead_feed_in_its_stride() -> None:
    settings = CandlesSettings(intervals_s=(60,), store_url="off")
    made = run(candles, settings, "candles", TRADES, messages(), [CANDLES])["candles"]
    first = [one for one in made if one.revision == 0]
    assert [one.quality for one in first if one.pair == DEAD] == [*["complete"] * 3, *["gap"] * 5, *["complete"] * 2]
    assert {one.quality for one in first if one.pair == ALIVE} == {"complete"}
    last = {(one.pair, one.window_start_ms): one for one in made}
    assert {one.quality for one in last.values()} == {"complete"}

    rows = run(indicators, IndicatorsSettings(store_url="off"), "indicators", CANDLES, made, [TECHNICAL_INDICATORS])[
        "technical_indicators"
    ]
    assert [(one.quality, one.revision) for one in rows] == [(one.quality, one.revision) for one in made]

    predicted = [prediction_of(row) for row in rows if row.revision == 0]
    of_accounts = SignalsSettings(accounts=ACCOUNTS, store_url="off", maximum_pending_bars=100)
    both = {TECHNICAL_INDICATORS: rows, PREDICTIONS: predicted}
    decided = run_topology(signals, of_accounts, "signals", both, [SIGNALS])["signals"]
    assert len([one for one in decided if one.type == "decision"]) == len(first) == 20
    assert {one.decision for one in decided if one.type == "decision" and one.reason == "gap"} == {"none"}

    told = run(
        execution, ExecutionSettings(accounts=ACCOUNTS, store_url="off"), "execution", SIGNALS, decided, list(OUTPUTS)
    )
    minutes = {one.event_time_ms for one in told[PNL.name]}
    assert minutes == {market.START_MS + 60_000 * minute for minute in range(1, 11)}
    assert any(one.pair == ALIVE for one in told["orders"])
