"""RisingWave as a store that is only read, and its changes as they come.

It speaks PostgreSQL's protocol and its views are the same texts, so a PostgreSQL that a store has filled stands for
it: what is proven is our side of the conversation.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
import sqlglot
from sqlglot import expressions
from tests.support.message_examples import example

from contracts.candle import Candle
from contracts.errors import BadInputError
from contracts.feature_row import FeatureRow
from features import feature_set_id
from featurestore import Store, StoreBusyError, StoreError, StoreSettings, open_store
from featurestore.risingwave import RisingWaveDialect
from featurestore.subscription import Change, Subscription

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
    with pytest.raises(StoreError, match="RisingWave reads the topics itself: nothing is written to it"):
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


# --- changes -------------------------------------------------------------------------------------------------------


@dataclass
class FakeRisingWave:
    """Answers fetches with what it was given, then with nothing, and remembers what it was told."""

    fetches: list[list[tuple[Any, ...]]]
    prefix: str = "t."
    told: list[str] = field(default_factory=list)

    def execute(self, statement: str) -> Any:
        self.told.append(statement)
        rows = self.fetches.pop(0) if statement.startswith("FETCH") and self.fetches else []
        names = (f"{self.prefix}pair", f"{self.prefix}op", "rw_timestamp")
        return SimpleNamespace(description=[SimpleNamespace(name=name) for name in names], fetchall=lambda: rows)


def taken(fake: FakeRisingWave, count: int, **options: Any) -> list[list[tuple[str, str, int | None]]]:
    batches = itertools.islice(Subscription(fake, "newest").batches(**options), count)  # type: ignore[arg-type]
    return [[(each.row["pair"], each.operation, each.time_ms) for each in batch] for batch in batches]


def test_changes_of_one_moment_come_together() -> None:
    changed = [("a", "UpdateDelete", 7), ("a", "UpdateInsert", 7)]
    fake = FakeRisingWave([[("a", "Insert", 5)], [("b", "Insert", 5), *changed]])
    assert taken(fake, 3, since_ms=4) == [
        [("a", "Insert", 5), ("b", "Insert", 5)],
        changed,
        [],
    ]
    assert fake.told[0] == "DECLARE changes SUBSCRIPTION CURSOR FOR newest SINCE 4"
    assert fake.told[1] == "FETCH 1000 FROM changes WITH (timeout = '1 second')"


def test_what_was_handled_before_a_restart_does_not_come_again() -> None:
    """SINCE gives the moment it names once more."""
    fake = FakeRisingWave([[("a", "Insert", 5), ("b", "Insert", 5), ("c", "Insert", 6)]])
    assert taken(fake, 2, since_ms=5) == [[("c", "Insert", 6)], []]


def test_the_first_time_begins_with_what_is_there() -> None:
    fake = FakeRisingWave([[("a", "Insert", None)], [("b", "Insert", None), ("c", "Insert", 9)]], prefix="")
    assert taken(fake, 4) == [[("a", "Insert", None)], [("b", "Insert", None)], [("c", "Insert", 9)], []]
    assert fake.told[0].endswith("FOR newest FULL")


def test_any_cut_and_restart_gives_each_change_once() -> None:
    """Stopped after any batch, with fetches of any size, what was handled is every change, once, in order."""
    changes = [(f"p{n}", "Insert", time_ms) for n, time_ms in enumerate((1, 1, 1, 2, 3, 3, 5, 8, 8, 8))]
    for size, stop in itertools.product(range(1, 11), range(1, 6)):
        handled: list[tuple[Any, ...]] = []
        since_ms: Any = 0
        for _run in range(6):
            again = [change for change in changes if change[2] >= since_ms]
            fake = FakeRisingWave([again[at : at + size] for at in range(0, len(again), size)])
            for batch in taken(fake, stop, since_ms=since_ms):
                handled += batch
                since_ms = batch[-1][2] if batch else since_ms
        assert handled == changes


def test_a_subscription_is_made_once_and_its_names_are_checked() -> None:
    fake = FakeRisingWave([])
    Subscription(fake, "newest").create("latest_features", retention="2 hours")  # type: ignore[arg-type]
    assert fake.told == ["CREATE SUBSCRIPTION IF NOT EXISTS newest FROM latest_features WITH (retention = '2 hours')"]
    with pytest.raises(BadInputError, match="name: expected a name of small letters"):
        Subscription(fake, "a; DROP TABLE b")  # type: ignore[arg-type]
    with pytest.raises(BadInputError, match="source: expected a name of small letters"):
        Subscription(fake, "newest").create("Candles")  # type: ignore[arg-type]


def test_what_postgresql_makes_of_it_is_an_error_of_ours(postgres_url: str) -> None:
    connection = RisingWaveDialect(as_risingwave(postgres_url)).connect()
    with connection, pytest.raises(StoreError, match="RisingWave: syntax error"):
        next(Subscription(connection, "newest").batches())
    assert isinstance(connection, psycopg.Connection) and Change("Insert", {}, None).time_ms is None
