"""Asking changes nothing: not the store, not its session, and not a database that is somebody else's."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.message_examples import example

from contracts.candle import Candle
from contracts.errors import BadInputError
from contracts.feature_row import FeatureRow
from features import feature_set_id
from featurestore import Store, StoreError, open_store
from featurestore import __main__ as command
from featurestore.tables import STORED
from featurestore.views import VIEWS

FULL = feature_set_id("full")
CHANGES = (
    "DELETE FROM candles",
    "COMMIT; DELETE FROM candles",
    "ROLLBACK; DELETE FROM candles",
    "SET TRANSACTION READ WRITE; DELETE FROM candles",
    "SELECT 1; DELETE FROM candles",
    "SELECT 1; SELECT 2",
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "SAVEPOINT a",
    "SET TRANSACTION READ WRITE",
    "SET default_transaction_read_only = off",
    "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
    "DO $$ BEGIN SET TRANSACTION READ WRITE; DELETE FROM candles; END $$",
    "DO $$ BEGIN COMMIT; DELETE FROM candles; END $$",
    "WITH gone AS (DELETE FROM candles RETURNING pair) SELECT * FROM gone",
    "PRAGMA query_only = OFF",
    "PRAGMA journal_mode = DELETE",
    "PRAGMA user_version = 7",
    "ATTACH '{folder}/other.sqlite' AS other",
    "VACUUM INTO '{folder}/other.sqlite'",
    "CREATE TEMP TABLE candles (a INTEGER)",
    "CREATE TABLE mine (a INTEGER)",
    "DROP TABLE candles",
    "",
    ";",
)


@pytest.fixture(params=["sqlite", "postgres", "risingwave"])
def filled(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A store with one candle; RisingWave's part is played by PostgreSQL."""
    url = f"sqlite:///{tmp_path}/store.sqlite"
    if request.param != "sqlite":
        url = request.getfixturevalue("postgres_database")
    with open_store(url) as writer:
        writer.write([example(Candle)])
    with open_store(url.replace("postgresql:", "risingwave:") if request.param == "risingwave" else url) as store:
        yield store


@pytest.mark.parametrize("query", CHANGES)
def test_no_query_changes_anything_or_the_session(filled: Store, tmp_path: Path, query: str) -> None:
    with pytest.raises(StoreError):
        filled.sql(query.format(folder=tmp_path))
    with pytest.raises(StoreError):
        filled.sql("DELETE FROM candles")
    assert filled.sql("SELECT count(*) FROM candles").rows == [(1,)]
    assert not (tmp_path / "other.sqlite").exists()


def test_what_a_query_sets_does_not_outlast_it(postgres_database: str) -> None:
    with open_store(postgres_database) as store:
        store.write([example(Candle)])
        store.sql("SELECT set_config('search_path', 'nowhere', false)")
        store.sql("SELECT set_config('default_transaction_read_only', 'off', false)")
        with pytest.raises(StoreError):
            store.sql("SELECT set_config('transaction_read_only', 'off', false)")
        assert store.sql("SELECT count(*) FROM candles WHERE 7 % 4 = 3").rows == [(1,)]
        assert store.sql("SHOW default_transaction_read_only").rows == [("on",)]


def test_a_reader_sees_what_others_write_meanwhile(store_url: str) -> None:
    with open_store(store_url) as reader, open_store(store_url) as writer:
        for n in range(3):
            writer.write([example(Candle, window_start_ms=60_000 * n)])
            assert reader.sql("SELECT count(*) FROM candles").rows == [(n + 1,)]
            with pytest.raises(StoreError):
                reader.sql("BEGIN")


def test_a_query_without_rows_has_its_columns(filled: Store) -> None:
    found = filled.sql("SELECT pair, close FROM candles WHERE pair = 'none'")
    assert (found.columns, found.rows) == (("pair", "close"), [])


def test_a_store_that_was_never_written_says_so(store_url: str) -> None:
    with open_store(store_url) as store:
        for ask in (lambda: store.sql("SELECT 1"), lambda: store.latest(["BTC/USD"], 60)):
            with pytest.raises(StoreError, match=r"empty|does not exist yet"):
                ask()
        assert not Path(store_url.removeprefix("sqlite:///")).exists()
        store.write([example(Candle)])
        assert store.sql("SELECT count(*) FROM candles").rows == [(1,)]


def test_a_store_in_memory_is_one_for_writing_and_reading() -> None:
    with open_store("sqlite:///:memory:") as store, open_store("sqlite:///:memory:") as other:
        store.write([example(Candle)])
        assert store.sql("SELECT count(*) FROM candles").rows == [(1,)]
        with pytest.raises(StoreError, match=r"empty|does not exist yet"):
            other.sql("SELECT 1")


def test_somebody_elses_file_is_neither_read_nor_changed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "someone else's % file?.sqlite"
    with sqlite3.connect(path) as theirs:
        theirs.execute("CREATE TABLE orders (order_id TEXT, amount REAL)")
        theirs.execute("INSERT INTO orders VALUES ('a', 1)")
    theirs.close()
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    assert command.main([f"sqlite:///{path}", "SELECT count(*) FROM orders"]) == 1
    assert (
        "this is not a Tradestream store: expected a table orders with message_id, was one with amount, order_id"
        in (capsys.readouterr().err)
    )
    with open_store(f"sqlite:///{path}") as store, pytest.raises(StoreError, match="not a Tradestream store"):
        store.write([example(Candle)])
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_reading_leaves_a_file_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    with open_store(f"sqlite:///{path}") as store:
        store.write([example(Candle)])
    before = path.read_bytes()
    with open_store(f"sqlite:///{path}") as store:
        assert store.data_quality(["BTC/USD"], 60)
    assert path.read_bytes() == before and [each.name for each in tmp_path.iterdir()] == [path.name]


def of_an_older_version(url: str) -> None:
    """A store without `rsi_14`, views and the table of alerts."""
    with open_store(url) as store:
        store.write([example(FeatureRow, feature_set=FULL)])
        connection = store._writer()
        for view in VIEWS:
            connection.execute(f"DROP VIEW {view.name}")
        connection.execute("DROP TABLE risk_alerts")
        connection.execute("DROP TABLE store_views")
        connection.execute("ALTER TABLE technical_indicators DROP COLUMN rsi_14")
        connection.execute("ALTER TABLE technical_indicators_history DROP COLUMN rsi_14")


def test_an_older_file_reads_with_nulls_and_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    of_an_older_version(f"sqlite:///{path}")
    before = path.read_bytes()
    with open_store(f"sqlite:///{path}") as store:
        assert store.sql("SELECT rsi_14, pair FROM technical_indicators").rows == [(None, "BTC/USD")]
        assert store.sql("SELECT rsi_14 FROM latest_features").rows == [(None,)]
        assert store.sql("SELECT * FROM risk_alerts").rows == []
        (row,) = store.latest(["BTC/USD"], 60)
        assert row.rsi_14 is None and store.as_of(2**60, ["BTC/USD"], 60) == [row]
        assert store.frame(["BTC/USD"], 0, 2**60, 60)["rsi_14"] == [None]
        with pytest.raises(StoreError):
            store.sql("DELETE FROM technical_indicators")
        assert path.read_bytes() == before
        store.write([example(FeatureRow, feature_set=FULL, window_start_ms=0, rsi_14=44.0)])
        assert {row[0] for row in store.sql("SELECT rsi_14 FROM technical_indicators").rows} == {None, 44.0}


def test_an_older_database_says_that_the_next_write_brings_it_up_to_date(postgres_database: str) -> None:
    of_an_older_version(postgres_database)
    with open_store(postgres_database) as store:
        for query in ("SELECT rsi_14 FROM technical_indicators", "SELECT * FROM risk_alerts"):
            with pytest.raises(StoreError, match=r"the next write upgrades it: .*indicators lacks rsi_14"):
                store.sql(query)
        assert store.sql("SELECT pair FROM technical_indicators").rows == [("BTC/USD",)]
        store.write([example(FeatureRow, feature_set=FULL, window_start_ms=0, rsi_14=44.0)])
        assert store.sql("SELECT count(*) FROM technical_indicators WHERE rsi_14 IS NULL").rows == [(1,)]
        with pytest.raises(StoreError) as error:
            store.sql("SELECT rsi_99 FROM technical_indicators")
        assert "next write" not in str(error.value)


# --- arguments -----------------------------------------------------------------------------------------------------


def test_a_pair_twice_or_from_a_generator_is_a_pair(store_url: str) -> None:
    with open_store(store_url) as store:
        rows = [example(FeatureRow, pair=pair, feature_set=FULL) for pair in ("BTC/USD", "ETH/USD")]
        store.write([*rows, example(Candle)])
        twice = ["BTC/USD", "ETH/USD", "BTC/USD"]
        for pairs in (list, iter, set):
            assert store.latest(pairs(twice), 60) == rows
            assert store.as_of(2**60, pairs(twice), 60) == rows
            assert store.frame(pairs(twice), 0, 2**60, 60)["pair"] == ["BTC/USD", "ETH/USD"]
            assert len(store.data_quality(pairs(twice), 60)) == 1


@pytest.mark.parametrize("time_ms", [2**63, -(2**63), 10**30, float("nan"), 60_000.5, "60000", True, None])
def test_what_is_no_time_is_refused_in_words(filled: Store, time_ms: object) -> None:
    with pytest.raises(BadInputError, match=r"time_ms: expected a whole number of milliseconds since the epoch.*was"):
        filled.as_of(time_ms, ["BTC/USD"], 60)  # type: ignore[arg-type]
    with pytest.raises(BadInputError, match="from_ms: expected a whole number"):
        filled.frame(["BTC/USD"], time_ms, 0, 60)  # type: ignore[arg-type]
    with pytest.raises(BadInputError, match="to_ms: expected a whole number"):
        filled.data_quality(["BTC/USD"], 60, to_ms=time_ms)  # type: ignore[arg-type]


@pytest.mark.parametrize("interval_s", [2**63, 2**40, 60.0, "60", True, None, -60])
def test_what_is_no_length_is_refused_in_words(filled: Store, interval_s: object) -> None:
    with pytest.raises(BadInputError, match="interval_s: expected a positive number of seconds, was"):
        filled.latest(["BTC/USD"], interval_s)  # type: ignore[arg-type]


@pytest.mark.parametrize("pairs", [["\ud800"], ["BTC\0/USD"], ["BTC/USD", 5], None, 5, iter(())])
def test_what_are_no_pairs_is_refused_in_words(filled: Store, pairs: object) -> None:
    with pytest.raises(BadInputError, match="pairs: expected a list of pairs such as"):
        filled.latest(pairs, 60)  # type: ignore[arg-type]


@pytest.mark.parametrize("count", [1, 150])
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"last_trade_id": 2**63}, "last_trade_id: expected an integer of 64 bits, was 9223372036854775808"),
        ({"exchange": "\ud800"}, r"exchange: expected text that can be written as UTF-8, was '\\ud800'"),
    ],
)
def test_a_value_no_column_has_room_for_is_named(
    store_url: str, count: int, changes: dict[str, object], message: str
) -> None:
    rows = [example(FeatureRow, feature_set=FULL, window_start_ms=60_000 * n) for n in range(count)]
    with open_store(store_url) as store:
        store.write(rows)
        with pytest.raises(BadInputError, match=message):
            store.write([*rows[:-1], rows[-1].model_copy(update=changes)])
        assert store.sql("SELECT count(*) FROM technical_indicators").rows == [(count,)]


def test_a_query_that_no_database_can_be_sent_is_refused(filled: Store) -> None:
    with pytest.raises(StoreError):
        filled.sql("SELECT '\ud800'")
    assert filled.sql("SELECT 1").rows == [(1,)]


def test_the_tables_a_reader_looks_for_are_all_of_them(filled: Store) -> None:
    for table in STORED:
        assert filled.sql(f"SELECT * FROM {table.name}").columns == tuple(column.name for column in table.shown)
