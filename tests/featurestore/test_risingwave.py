"""RisingWave as a store that is only read.

It speaks PostgreSQL's protocol and its views are the same texts, so a PostgreSQL that a store has filled stands for
it: what is proven is our side of the conversation.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlglot
from sqlglot import expressions
from tests.support.message_examples import example

from contracts.candle import Candle
from contracts.feature_row import FeatureRow
from features import feature_set_id
from featurestore import Store, StoreBusyError, StoreError, StoreSettings, open_store

FULL = feature_set_id("full")


def as_risingwave(postgres: str) -> str:
    return postgres.replace("postgresql://", "risingwave://")


@pytest.fixture
def reading(postgres_database: str) -> Iterator[Store]:
    """A store that reads what another one, on PostgreSQL, has been filled with."""
    with open_store(postgres_database) as filled, open_store(as_risingwave(postgres_database)) as store:
        filled.write(
            example(FeatureRow, window_start_ms=60_000 * n, revision=revision, feature_set=FULL)
            for n in range(5)
            for revision in range(1 + (n == 3))
        )
        filled.write([example(Candle, window_start_ms=60_000 * n) for n in (0, 1, 4)])
        yield store


def test_it_is_read_like_any_other(reading: Store) -> None:
    assert [row.window_start_ms for row in reading.latest(["BTC/USD"], 60)] == [240_000]
    assert [(row.window_start_ms, row.revision) for row in reading.as_of(240_000, ["BTC/USD"], 60)] == [(180_000, 0)]
    assert reading.frame(["BTC/USD"], 0, 240_000, 60, feature_set="full")["revision"] == [0] * 4
    assert [day.windows for day in reading.data_quality(["BTC/USD"], 60)] == [3]
    assert reading.sql("SELECT count(*) FROM candles WHERE pair LIKE %s", ["BTC%"]).rows == [(3,)]


def test_what_it_is_asked_is_parsed(reading: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, ask = [], reading.sql
    monkeypatch.setattr(reading, "sql", lambda query, values=(): (asked.append(query), ask(query, values))[1])
    test_it_is_read_like_any_other(reading)
    assert len(asked) > 5
    for query in asked:
        (parsed,) = sqlglot.parse(query.replace("%s", "1"), read="risingwave")
        assert isinstance(parsed, expressions.Select)


def test_it_is_asked_in_read_only_transactions_without_prepared_statements(reading: Store) -> None:
    assert reading.sql("SHOW transaction_read_only").rows == [("on",)]
    assert reading._reading.prepare_threshold is None and reading._reading.autocommit


@pytest.mark.parametrize("query", ["DELETE FROM candles", "DROP TABLE candles", "SELECT no_such FROM candles"])
def test_a_query_changes_nothing_and_says_what_is_wrong(reading: Store, query: str) -> None:
    with pytest.raises(StoreError, match="RisingWave: "):
        reading.sql(query)
    assert reading.sql("SELECT count(*) FROM candles").rows == [(3,)]


def test_nothing_is_written_to_it() -> None:
    store = open_store("risingwave://root@localhost:1/dev")
    assert not store.writable
    with pytest.raises(StoreError, match="RisingWave reads the topics itself, so nothing can be written to it"):
        store.write([example(Candle)])


def test_a_service_whose_store_it_is_writes_nowhere(tmp_path: Path) -> None:
    settings = StoreSettings(TRADESTREAM_STORE_URL="risingwave://root@localhost:4567/dev", data_dir=tmp_path)
    assert settings.store_writer() is None
    assert settings.open_store() is not None


def test_one_that_nothing_was_applied_to_says_so(postgres_database: str) -> None:
    with (
        open_store(as_risingwave(postgres_database)) as store,
        pytest.raises(StoreError, match="ddl apply"),
    ):
        store.sql("SELECT 1")


def test_one_that_is_away_is_busy() -> None:
    with open_store("risingwave://root@127.0.0.1:1/dev") as store, pytest.raises(StoreBusyError, match="RisingWave"):
        store.sql("SELECT 1")
