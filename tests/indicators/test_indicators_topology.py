"""The service over the embedded log: rows out, rows in the store, dead letters, restarts, a store that is away."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from tests.support.bar_series import MIDNIGHT_MS, simulated

from contracts.errors import TransientError
from contracts.state import MemoryState
from contracts.topics import CANDLES, TECHNICAL_INDICATORS
from featurestore import StoreFullError, open_store
from indicators.app import topology
from indicators.core.fold import Engines, step
from indicators.settings import IndicatorsSettings
from streaming.service.sink import StoreSink
from streaming.settings import read_settings
from streaming.testing import TopologyRun, run_topology

CANDLES_IN = simulated(1_000, first_ms=MIDNIGHT_MS - 700 * 60_000).candles()


def run(candles: list[Any], folder: Path | None = None, **settings: Any) -> TopologyRun:
    given = IndicatorsSettings(**{"store_url": "off", **settings})
    return run_topology(topology, given, "indicators", {CANDLES: candles}, [TECHNICAL_INDICATORS], folder=folder)


def rows_of(candles: list[Any]) -> list[Any]:
    states: dict[str, MemoryState] = {}
    engines: Engines = {}
    return [row for candle in candles for row in step(states.setdefault(candle.pair, MemoryState()), candle, engines)]


def test_a_row_for_each_candle_in_topic_and_store(tmp_path: Path) -> None:
    ether = simulated(300, seed=2).candles("ETH/USD")
    out = run([*CANDLES_IN, *ether], tmp_path, store_url=None)
    rows = out["technical_indicators"]
    assert rows == rows_of([*CANDLES_IN, *ether])
    assert [record.timestamp_ms for record in out.records["technical_indicators"]] == [
        row.window_end_ms for row in rows
    ]
    with open_store(f"sqlite:///{tmp_path}/store.sqlite") as store:
        for table in ("technical_indicators", "technical_indicators_history"):
            assert store.sql(f"SELECT pair, count(*) FROM {table} GROUP BY pair ORDER BY pair").rows == [
                ("BTC/USD", 1_000),
                ("ETH/USD", 300),
            ]
        assert store.latest(["BTC/USD", "ETH/USD"], 60) == [rows[999], rows[-1]]


def test_a_restart_goes_on_where_it_ended_and_repeats_give_nothing(tmp_path: Path) -> None:
    first = run(CANDLES_IN[:820], tmp_path)["technical_indicators"]
    second = run([*CANDLES_IN[800:820], *CANDLES_IN[820:]], tmp_path)["technical_indicators"]
    assert first + second == rows_of(CANDLES_IN)


def test_what_cannot_be_used_is_set_aside_and_the_rest_goes_on() -> None:
    shifted = CANDLES_IN[10].model_copy(update={"window_start_ms": CANDLES_IN[10].window_start_ms + 1})
    out = run([*CANDLES_IN[5:10], shifted, CANDLES_IN[2], ("BTC/USD", b"{"), *CANDLES_IN[10:50]])
    assert out["technical_indicators"] == rows_of(CANDLES_IN[5:50])
    assert len(out.dead_letters) == 3


def test_a_store_that_is_away_holds_the_service_up_and_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Down for the 3rd to the 9th attempt: through the retries of one checkpoint, and of two more."""
    monkeypatch.setattr(StoreSink, "retry_after_seconds", 0.05)
    written: list[Any] = []
    attempts = itertools.count(1)

    def write(messages: Any) -> None:
        if 3 <= next(attempts) < 10:
            raise TransientError("restarting")
        written.extend(messages)

    monkeypatch.setattr(IndicatorsSettings, "store_writer", lambda _self: write)
    out = run(CANDLES_IN, tmp_path, commit_interval_seconds=0.02)
    rows = rows_of(CANDLES_IN)
    assert {row.message_id: row for row in written} == {row.message_id: row for row in rows}
    published = {row.message_id: row for row in out["technical_indicators"]}
    assert published == {row.message_id: row for row in rows}
    assert len(out["technical_indicators"]) > len(rows), "the outage was not met"


def test_a_full_store_stops_the_service_with_nothing_committed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(_messages: Any) -> None:
        raise StoreFullError("full")

    with monkeypatch.context() as patch:
        patch.setattr(IndicatorsSettings, "store_writer", lambda _self: write)
        with pytest.raises(StoreFullError):
            run(CANDLES_IN[:100], tmp_path)
    again = run([], tmp_path)["technical_indicators"]
    assert again == rows_of(CANDLES_IN[:100])


def test_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert IndicatorsSettings(data_dir=tmp_path).open_store() is not None
    monkeypatch.setenv("TRADESTREAM_STORE_URL", "off")
    assert read_settings(IndicatorsSettings).store_writer() is None
    monkeypatch.setenv("TRADESTREAM_STORE_URL", "mysql://host/db")
    with pytest.raises(Exception, match=r"TRADESTREAM_STORE_URL: expected sqlite:///<path>"):
        read_settings(IndicatorsSettings)
