"""The same behaviour on every database."""

from __future__ import annotations

import doctest
import json
import multiprocessing
import pkgutil
import sqlite3
from contextlib import closing
from importlib import import_module
from pathlib import Path

import pytest
from tests.support.message_examples import CLASSES, FIELDS, example

import featurestore
from contracts import write_ahead
from contracts.candle import Candle
from contracts.errors import BadSettingError
from contracts.feature_row import FeatureRow
from contracts.fill import Fill
from contracts.order import Order
from contracts.prediction import Prediction
from contracts.signal import Signal
from features import FEATURE_NAMES, feature_set_id
from featurestore import TABLES, Store, StoreError, StoreFullError, open_store, sqlite
from featurestore.opening import store_at
from featurestore.tables import MESSAGE_ID, exact, tables_of
from featurestore.views import VIEWS

START_MS = 1_670_889_600_000
FULL = feature_set_id("full")
KEPT = sorted({table.message for table in TABLES}, key=lambda message: message.schema_name)


@pytest.fixture
def store(store_url: str):
    with open_store(store_url) as opened:
        yield opened


def rows(pair: str = "BTC/USD", count: int = 5, **changes: object) -> list[FeatureRow]:
    return [
        example(
            FeatureRow,
            pair=pair,
            window_start_ms=START_MS + 60_000 * n,
            **{"feature_set": FULL, **changes},
        )
        for n in range(count)
    ]


def test_examples() -> None:
    modules = [name for _, name, _ in pkgutil.walk_packages(featurestore.__path__, "featurestore.")]
    examples = [doctest.testmod(import_module(name)) for name in modules if not name.endswith("__main__")]
    assert sum(each.failed for each in examples) == 0 and sum(each.attempted for each in examples) > 5


def test_the_queries_every_user_starts_with(store: Store) -> None:
    store.write([*rows(rsi_14=61.5), *rows("ETH/USD", rsi_14=None)])
    top = store.sql(
        "SELECT pair, close, rsi_14, sma_21, macd_7, window_start_ms, to_timestamp(window_start_ms/1000) "
        "FROM technical_indicators ORDER BY window_start_ms DESC LIMIT 10;"
    )
    assert len(top.rows) == 10
    newest = next(row for row in top.rows if row[0] == "BTC/USD")
    assert (float(newest[1]), newest[2], newest[5]) == (
        float(FIELDS["feature_row"]["close"]),
        61.5,
        START_MS + 240_000,
    )
    assert str(newest[6]).startswith("2022-12-13 00:04:00")
    assert {row[2] for row in top.rows if row[0] == "ETH/USD"} == {None}
    counted = store.sql(
        "SELECT count(*), count(DISTINCT pair), min(window_start_ms), max(window_start_ms) FROM technical_indicators;"
    )
    assert counted.rows == [(10, 2, START_MS, START_MS + 240_000)]


@pytest.mark.parametrize("message", KEPT, ids=lambda message: message.schema_name)
def test_every_message_reads_back_as_it_was_and_is_written_once(store: Store, message: type) -> None:
    one = example(message)
    store.write([one])
    store.write([one, one])
    for table in tables_of(message):
        (stored,) = store.sql(f"SELECT {exact(table.columns)} FROM {table.name}").dicts()
        parts = {column.name for column in table.columns if column.kind == "json"}
        given = json.loads(one.to_json())
        for name in parts:
            assert (None if stored[name] is None else json.loads(stored.pop(name))) == given[name]
        expected = {**one.model_dump(exclude=parts), MESSAGE_ID: one.message_id}
        flags = {column.name for column in table.columns if column.kind == "boolean"}
        stored |= {name: bool(stored[name]) for name in flags}
        assert {name: str(value) for name, value in stored.items()} == {
            name: str(value) for name, value in expected.items()
        }


def test_what_is_kept_and_what_is_not() -> None:
    on_trades = {"trade_frame", "heartbeat", "end_of_history", "trades_checkpoint", "feed_outage"}
    operational = {"model_event", "service_health", "service_metrics", "audit_event", "symbol_subscription"}
    copies, for_screens = {"reference_candle", "candle_mark"}, {"forming_candle", "forming_row"}
    from_outside = {"order_report", "operator_command"}
    not_kept = on_trades | operational | copies | for_screens | from_outside
    assert {cls.schema_name for cls in CLASSES} - {cls.schema_name for cls in KEPT} == not_kept


def test_a_message_no_table_keeps_is_refused(store: Store) -> None:
    with pytest.raises(TypeError, match="no table keeps Heartbeat"):
        store.write([example(next(cls for cls in CLASSES if cls.schema_name == "heartbeat"))])


def test_the_highest_revision_is_kept_and_history_has_all(store: Store) -> None:
    served, corrected = rows(count=1)[0], rows(count=1, revision=2, close="9")[0]
    for order in ([served, corrected], [corrected, served], [served]):
        store.write(order)
        latest = store.sql("SELECT revision, close_text FROM technical_indicators").rows
        assert [(revision, str(close)) for revision, close in latest] == [(2, "9")]
    assert store.sql("SELECT revision FROM technical_indicators_history ORDER BY revision").rows == [(0,), (2,)]


def test_an_order_shows_its_last_step_and_history_all_steps(store: Store) -> None:
    store.write([example(Order, step=1, status="PLACED"), example(Order, step=2, status="FILLED")])
    store.write([example(Order, step=1, status="PLACED")])
    assert store.sql("SELECT status FROM orders").rows == [("FILLED",)]
    assert store.sql("SELECT count(*) FROM orders_history").rows == [(2,)]


def test_latest(store: Store) -> None:
    bitcoin, ether = rows(), rows("ETH/USD", 3)
    store.write([*bitcoin, *ether, *rows(count=9, interval_s=300)])
    assert store.latest(["ETH/USD", "BTC/USD", "SOL/USD"], 60) == [bitcoin[-1], ether[-1]]
    assert store.latest(["SOL/USD"], 60) == []


def test_a_frame_holds_what_was_served(store: Store) -> None:
    store.write([*rows(rsi_14=50.0, ema_7=None), *rows("ETH/USD")])
    store.write(rows(count=1, revision=1, close="9"))
    frame = store.frame(["BTC/USD"], START_MS, START_MS + 180_000, 60)
    assert frame["window_start_ms"] == [START_MS, START_MS + 60_000, START_MS + 120_000]
    assert frame["close"] == [float(FIELDS["feature_row"]["close"])] * 3
    assert (frame["rsi_14"], frame["ema_7"], frame["revision"]) == ([50.0] * 3, [None] * 3, [0] * 3)
    assert set(frame) == set(FeatureRow.model_fields) >= set(FEATURE_NAMES)
    corrected = store.frame(["BTC/USD"], START_MS, START_MS + 60_000, 60, corrected=True)
    assert (corrected["revision"], corrected["close"]) == ([1], [9.0])
    assert set(map(len, store.frame(["SOL/USD"], 0, START_MS, 60).values())) == {0}


def test_from_a_fill_to_its_trades_in_one_query(store: Store) -> None:
    prediction = example(Prediction)
    signal = example(Signal, prediction_id=prediction.message_id)
    order = example(Order, signal_id=signal.message_id)
    fill = example(Fill, order_id=order.order_id, signal_id=signal.message_id)
    store.write([fill, order, signal, prediction, example(FeatureRow), example(Candle)])
    window = "exchange = p.exchange AND {0}.pair = p.pair AND {0}.interval_s = p.interval_s AND {0}.window_start_ms"
    lineage = store.sql(
        "SELECT f.fill_id, o.order_id, s.message_id, p.model_name, p.model_version, "
        "r.message_id, c.first_trade_id, c.last_trade_id FROM fills f "
        "JOIN orders o ON o.order_id = f.order_id "
        "JOIN signals s ON s.message_id = o.signal_id "
        "JOIN predictions p ON p.message_id = s.prediction_id "
        f"JOIN technical_indicators_history r ON r.{window.format('r')} = p.window_start_ms AND r.revision = 0 "
        f"JOIN candles_history c ON c.{window.format('c')} = p.window_start_ms AND c.revision = 0"
    )
    assert len(lineage.rows) == 1
    assert lineage.rows[0][-2:] == (example(Candle).first_trade_id, example(Candle).last_trade_id)


@pytest.mark.parametrize("query", ["DELETE FROM candles", "DROP TABLE candles", "SELECT no_such FROM candles"])
def test_a_query_changes_nothing_and_says_what_is_wrong(store: Store, query: str) -> None:
    store.write([example(Candle)])
    with pytest.raises(StoreError):
        store.sql(query)
    assert store.sql("SELECT count(*) FROM candles").rows == [(1,)]


def test_percent_and_parameters(store: Store, store_url: str) -> None:
    store.write(rows())
    assert store.sql("SELECT count(*) FROM technical_indicators WHERE pair LIKE 'BTC%'").rows == [(5,)]
    mark = "?" if store_url.startswith("sqlite") else "%s"
    assert store.sql(f"SELECT count(*) FROM candles WHERE pair = {mark}", ["x"]).rows == [(0,)]


def test_a_batch_is_written_whole_or_not_at_all(store: Store) -> None:
    broken = example(Candle).model_copy(update={"open": None})
    with pytest.raises(StoreError):
        store.write([*rows(), broken])
    assert store.sql("SELECT count(*) FROM technical_indicators").rows == [(0,)]


def test_a_column_that_messages_gained_is_added(store: Store, store_url: str) -> None:
    store.write(rows(count=1))
    connection = store._writer()
    for view in VIEWS:  # an older version had none, and this database lets go of no column that a view shows
        connection.execute(f"DROP VIEW {view.name}")
    connection.execute("ALTER TABLE technical_indicators DROP COLUMN rsi_14")
    store.close()
    with open_store(store_url) as newer:
        newer.write(rows(count=2, rsi_14=44.0)[1:])
        found = newer.sql("SELECT rsi_14 FROM technical_indicators ORDER BY window_start_ms").rows
        assert found == [(None,), (44.0,)]
        assert newer.sql("SELECT rsi_14 FROM latest_features").rows == [(44.0,)]


def _write_many(url: str, pair: str) -> None:
    with open_store(url) as store:
        for batch in range(20):
            store.write(
                example(FeatureRow, pair=pair, window_start_ms=60_000 * (100 * batch + n)) for n in range(100)
            )


def test_several_processes_write_at_once(store: Store, store_url: str) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write_many, args=(store_url, f"P{n}/USD")) for n in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    assert store.sql("SELECT pair, count(*) FROM technical_indicators GROUP BY pair ORDER BY pair").rows == [
        ("P0/USD", 2_000),
        ("P1/USD", 2_000),
        ("P2/USD", 2_000),
    ]


def test_a_new_file_that_somebody_else_is_making_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "store.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as other, open_store(f"sqlite:///{path}") as store:
        other.execute("BEGIN IMMEDIATE")  # SQLite refuses a change of the journal's mode now, whatever its timeout
        monkeypatch.setattr(write_ahead, "sleep", lambda _seconds: other.execute("ROLLBACK"))
        store.write(rows(count=3))
        assert store.sql("SELECT count(*) FROM technical_indicators").rows == [(3,)]


def test_a_full_disk_is_named_and_loses_nothing_that_was_written(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path}/store.sqlite") as store:
        store.write(rows(count=100))
        (pages,) = store._writer().execute("PRAGMA page_count").fetchone()
        store._writer().execute(f"PRAGMA max_page_count = {pages + 2}")
        with pytest.raises(StoreFullError, match="the disk is full; nothing in this batch was written"):
            store.write(rows("ETH/USD", 5_000))
        assert store.sql("SELECT count(*) FROM technical_indicators").rows == [(100,)]


def test_a_locked_store_is_busy_not_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_SECONDS", 0.05)
    url = f"sqlite:///{tmp_path}/store.sqlite"
    with open_store(url) as holder, open_store(url) as waiting:
        holder.write(rows(count=1))
        waiting._writer()
        holder._writer().execute("BEGIN IMMEDIATE")
        with pytest.raises(featurestore.StoreBusyError, match="locked by another process"):
            waiting.write(rows())
        holder._writer().execute("ROLLBACK")
        waiting.write(rows())
        assert waiting.sql("SELECT count(*) FROM technical_indicators").rows == [(5,)]


def test_a_lost_connection_is_opened_again(postgres_url: str) -> None:
    with open_store(postgres_url) as store, open_store(postgres_url) as other:
        (pid,) = store._writer().execute("SELECT pg_backend_pid()").fetchone()
        other.sql(f"SELECT pg_terminate_backend({pid})")
        with pytest.raises(featurestore.StoreBusyError):
            store.write([example(Candle)])
        store.write([example(Candle)])
        assert store.sql("SELECT count(*) FROM candles").rows == [(1,)]


@pytest.mark.parametrize("url", ["", "store.sqlite", "sqlite:///", "sqlite://store", "mysql://host/db"])
def test_an_unknown_address_is_refused(url: str) -> None:
    with pytest.raises(BadSettingError, match=r"store_url: expected sqlite:///<path>, postgresql://.* or risingwave"):
        store_at(url)


def test_a_password_is_not_shown() -> None:
    with pytest.raises(BadSettingError, match=r"was 'mysql://\.\.\.@host/db'") as error:
        open_store("mysql://me:secret@host/db")
    assert "secret" not in str(error.value)


def test_orders_of_a_version_without_steps_are_numbered_and_their_table_takes_more(store_url: str) -> None:
    """It told the steps of an order apart by their status, so a second partial fill had no room in it."""
    with open_store(store_url) as store:
        store.write([example(Order)])
        connection = store._writer()
        for name in ("orders", "orders_history"):
            connection.execute(f"DROP TABLE {name}")
            key = "order_id" if name == "orders" else "order_id, status"
            connection.execute(
                f"CREATE TABLE {name} (order_id VARCHAR, status VARCHAR, updated_at_ms BIGINT, message_id VARCHAR, "
                f"PRIMARY KEY ({key}))"
            )
        connection.execute("INSERT INTO orders VALUES ('o', 'FILLED', 6, 'o:FILLED')")
        connection.execute(
            "INSERT INTO orders_history VALUES ('o', 'PLACED', 5, 'o:PLACED'), ('o', 'FILLED', 6, 'o:FILLED')"
        )
    with open_store(store_url) as store:
        parts = [example(Order, order_id="p", step=step, status="PARTIALLY_FILLED") for step in (2, 3)]
        store.write([*parts, example(Order, step=3, status="FILLED", venue_order_id="V", updated_at_ms=1)])
        steps = "SELECT order_id, step, status FROM orders_history ORDER BY order_id, step"
        assert store.sql(steps).rows == [
            ("o", 1, "PLACED"),
            ("o", 2, "FILLED"),
            ("o", 3, "FILLED"),
            ("p", 2, "PARTIALLY_FILLED"),
            ("p", 3, "PARTIALLY_FILLED"),
        ]
        assert store.sql("SELECT order_id, step FROM orders ORDER BY order_id").rows == [("o", 3), ("p", 3)]
