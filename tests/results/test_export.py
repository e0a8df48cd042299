"""Topics become typed tables: every message once, nothing lost in type, disagreement reported."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from tests.support import made_up_run
from tests.support.message_examples import FIELDS
from tests.support.writes_log import put

from contracts.candle import Candle
from contracts.heartbeat import Heartbeat
from contracts.topics import CANDLES, TRADES
from results.export.latency import stage_latencies
from results.export.tables import TABLES, TRADES_SCHEMA, Table
from results.export.write import export

TYPES = {"str": pl.String, "int": pl.Int64, "float": pl.Float64}
every_table = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)


def candle(**changes: object) -> Candle:
    return Candle.model_validate({**FIELDS["candle"], **changes})


@every_table
def test_a_table_has_the_contract_s_columns_and_no_others(table: Table) -> None:
    assert sorted(table.schema) == sorted(table.message.model_fields)
    assert set(table.identity) <= set(table.schema)


@every_table
def test_the_identity_columns_say_what_the_message_id_says(table: Table) -> None:
    """Changing a column changes the message id if and only if the column is one of the identity's."""
    message = table.message.model_validate(FIELDS[table.message.schema_name])
    for name in table.message.model_fields:
        value = getattr(message, name)
        changed = message.model_copy(update={name: "OTHER" if isinstance(value, str) else (value or 0) + 1})
        names_it = changed.message_id != message.message_id
        # Fill ids and order ids stand for more than themselves: they are functions of the other columns.
        assert names_it == (name in table.identity), name


def test_a_log_without_messages_gives_typed_tables_without_rows(tmp_path: Path) -> None:
    result = export(tmp_path / "log", tmp_path / "out")
    assert set(result.rows.values()) == {0}
    for table in TABLES:
        rows = pl.read_parquet(tmp_path / "out" / f"{table.name}.parquet")
        assert rows.schema == pl.Schema(table.schema)
    assert pl.read_parquet(tmp_path / "out" / "trades.parquet").schema == pl.Schema(TRADES_SCHEMA)


def test_the_candle_table_starts_with_what_a_reader_expects(tmp_path: Path) -> None:
    export(tmp_path / "log", tmp_path / "out")
    columns = pl.read_parquet(tmp_path / "out" / "candles.parquet").columns
    assert columns[:12] == [
        "exchange",
        "pair",
        "interval_s",
        "window_start_ms",
        "open",
        "high",
        "low",
        "close",
        "volume",
        "trade_count",
        "quality",
        "revision",
    ]


def test_repeated_messages_are_written_once(tmp_path: Path) -> None:
    put(tmp_path / "log", CANDLES, [candle(), candle(revision=1), candle()])
    result = export(tmp_path / "log", tmp_path / "out")
    assert (result.rows["candles"], result.repeated["candles"], result.conflicts["candles"]) == (2, 1, 0)


def test_one_id_with_two_values_is_a_conflict_and_the_first_is_kept(tmp_path: Path) -> None:
    put(tmp_path / "log", CANDLES, [candle(close="1.25"), candle(close="1.75"), candle(close="2")])
    result = export(tmp_path / "log", tmp_path / "out")
    assert result.conflicts["candles"] == 1
    assert pl.read_parquet(tmp_path / "out" / "candles.parquet")["close"].to_list() == ["1.25"]


def test_decimals_keep_every_digit(tmp_path: Path) -> None:
    volume = "12345678901234567890.123456789012345678901234567"
    put(tmp_path / "log", CANDLES, [candle(volume=volume)])
    export(tmp_path / "log", tmp_path / "out")
    assert pl.read_parquet(tmp_path / "out" / "candles.parquet")["volume"].to_list() == [volume]


def test_order_does_not_depend_on_arrival(tmp_path: Path) -> None:
    candles = [candle(window_start_ms=60_000 * minute, pair=pair) for minute in range(5) for pair in ("A/B", "C/D")]
    put(tmp_path / "one", CANDLES, candles)
    put(tmp_path / "two", CANDLES, reversed(candles))
    for name in ("one", "two"):
        export(tmp_path / name, tmp_path / f"{name}-out")
    written = [(tmp_path / f"{name}-out" / "candles.parquet").read_bytes() for name in ("one", "two")]
    assert written[0] == written[1]


def test_trades_are_one_row_each_and_heartbeats_none(tmp_path: Path) -> None:
    log = tmp_path / "log"
    made_up_run.write_run(log, minutes=2)
    put(log, TRADES, [Heartbeat.model_validate(FIELDS["heartbeat"])])
    result = export(log, tmp_path / "out")
    trades = pl.read_parquet(tmp_path / "out" / "trades.parquet")
    assert result.rows["trades"] == trades.height == 2 * 2 * made_up_run.TRADES_PER_MINUTE
    assert trades.columns == ["exchange", "pair", "trade_id", "timestamp_us", "price", "quantity", "side"]


def test_latency_is_counted_from_the_trade_s_arrival_and_only_live(tmp_path: Path) -> None:
    log = tmp_path / "log"
    past, live = candle(window_start_ms=0), candle(window_start_ms=600_000)
    put(log, CANDLES, [past], wait_us=9_000_000)
    put(log, CANDLES, [live], wait_us=7_000)
    found = stage_latencies(log, from_ms=600_000)
    assert found == {"candles": {"messages": 1, "p50_ms": 7.0, "p95_ms": 7.0, "p99_ms": 7.0}}
