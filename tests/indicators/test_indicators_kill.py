"""kill -9 at arbitrary moments: every row is on the topic and in the store, and no id has two values."""

from __future__ import annotations

from pathlib import Path

from tests.support.bar_series import MIDNIGHT_MS, simulated
from tests.support.processes import start_service
from tests.support.waiting import GIVE_UP_SECONDS, wait_for

from contracts.state import MemoryState
from contracts.topics import CANDLES, TECHNICAL_INDICATORS
from featurestore import open_store
from indicators.core.fold import step
from indicators.settings import IndicatorsSettings
from streaming.clients import create_topics, read_topic
from streaming.producer import open_producer

CANDLES_IN = simulated(2_000, first_ms=MIDNIGHT_MS - 700 * 60_000).candles()
KILLS = 3


def windows_of(settings: IndicatorsSettings) -> int:
    return len({record.timestamp_ms for record in read_topic(settings, TECHNICAL_INDICATORS)})


def test_killed_at_arbitrary_moments(tmp_path: Path) -> None:
    settings = IndicatorsSettings(broker_address=f"embedded://{tmp_path}/log", data_dir=tmp_path)
    create_topics(settings, [CANDLES, TECHNICAL_INDICATORS])
    part = len(CANDLES_IN) // (KILLS + 1)
    with open_producer(settings, "candles") as producer:
        for kill in range(KILLS + 1):
            for candle in CANDLES_IN[kill * part : (kill + 1) * part]:
                producer.produce(CANDLES, candle)
            producer.flush()
            process = start_service("indicators", settings, TRADESTREAM_COMMIT_INTERVAL_SECONDS=0.05)
            last = kill == KILLS
            wanted = len(CANDLES_IN) if last else kill * part + part // 3
            wait_for(lambda wanted=wanted: windows_of(settings) >= wanted, f"{wanted} rows", of=process)
            if last:
                process.terminate()
                assert process.wait(GIVE_UP_SECONDS) == 0
            else:
                process.kill()
                process.wait(GIVE_UP_SECONDS)
    state, engines = MemoryState(), {}
    expected = [row for candle in CANDLES_IN for row in step(state, candle, engines)]
    published = [record.message() for record in read_topic(settings, TECHNICAL_INDICATORS)]
    assert set(published) == set(expected)
    with open_store(f"sqlite:///{tmp_path}/store.sqlite") as store:
        assert store.sql("SELECT count(*) FROM technical_indicators").rows == [(len(CANDLES_IN),)]
        assert store.latest(["BTC/USD"], 60) == expected[-1:]
