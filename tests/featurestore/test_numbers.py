"""Money is a number in every table and view: it compares, sorts and adds up, with the same rows on every database.

A suite of queries over everything there is, and those that people ask first, on SQLite and PostgreSQL; RisingWave
cannot run here, so its parser reads each.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlglot
from sqlglot import expressions
from tests.support import made_up_run

from contracts.topics import TOPICS, TRADES
from featurestore import Store, open_store
from featurestore.functions import in_standard_words
from featurestore.tables import STORED, Table
from featurestore.views import VIEWS

MINUTES = 30
_VIEW_NUMBERS = {
    "latest_features": ("close", "volume"),
    "training_frame": ("close", "volume"),
    "candle_continuity": ("missing_windows",),
    "candle_holes": ("missing_windows",),
    "data_quality": ("coverage_pct",),
    "forward_tests": ("balance", "equity", "realised_quote", "unrealised_quote", "fees_quote", "drawdown_quote"),
    "strategy_versions": ("checks",),
    "daily_books": ("realised_quote", "fees_quote", "net_quote"),
    "pnl_daily": ("balance", "equity", "realised_quote", "unrealised_quote", "fees_quote", "pnl_quote"),
}


def decimals(table: Table) -> list[str]:
    return [column.name for column in table.columns if column.kind == "decimal"]


def generated() -> Iterator[str]:
    """Yield queries over each number of each table and view: bounds, order, sums, spread."""
    numbers = {table.name: decimals(table) for table in STORED} | {
        name: list(of) for name, of in _VIEW_NUMBERS.items()
    }
    for name, columns in numbers.items():
        yield f"SELECT count(*) FROM {name}"
        for column in columns:
            yield f'SELECT min("{column}"), max("{column}"), sum("{column}"), avg("{column}") FROM {name}'
            yield f'SELECT count(*) FROM {name} WHERE "{column}" < 10000'
            yield f'SELECT count(*) FROM {name} WHERE "{column}" > 9.5 AND "{column}" <= 101'
            yield f'SELECT "{column}" FROM {name} WHERE "{column}" IS NOT NULL ORDER BY "{column}" DESC LIMIT 5'
            yield f'SELECT median("{column}"), quantile("{column}", 0.9), stddev_samp("{column}") FROM {name}'


ASKED = (
    "SELECT count(*) FROM pnl WHERE equity < 10000",
    "SELECT max(equity), min(equity) FROM pnl",
    "SELECT time_ms FROM pnl ORDER BY equity, time_ms LIMIT 3",
    "SELECT account, first(equity, time_ms), last(equity, time_ms) FROM pnl GROUP BY account",
    "SELECT last(equity_text, time_ms) FILTER (WHERE equity < 10000) FROM pnl",
    "SELECT pair, stddev(close), variance(close), var_pop(close) FROM candles GROUP BY 1 ORDER BY 1",
    "SELECT date_trunc('day', to_timestamp(window_start_ms/1000)) AS day, count(*) FROM candles GROUP BY 1",
    "SELECT date_trunc('hour', to_timestamp(time_ms/1000)) AS hour, max(equity) FROM pnl GROUP BY 1 ORDER BY 1",
    "SELECT f.pair, f.price * f.quantity AS value FROM fills f ORDER BY value, f.pair LIMIT 5",
    "SELECT c.pair, c.window_start_ms, count(*), sum(t.quantity), min(t.price) FROM candles c JOIN trades t "
    "ON t.exchange = c.exchange AND t.pair = c.pair AND t.trade_id BETWEEN c.first_trade_id AND c.last_trade_id "
    "GROUP BY c.pair, c.window_start_ms ORDER BY 1, 2",
    "SELECT f.fill_id, t.trade_id, t.price FROM fills f JOIN signals s ON s.message_id = f.signal_id "
    "JOIN candles c ON c.exchange = s.exchange AND c.pair = s.pair AND c.interval_s = s.interval_s "
    "AND c.window_start_ms = s.window_start_ms JOIN trades t ON t.exchange = c.exchange AND t.pair = c.pair "
    "AND t.trade_id BETWEEN c.first_trade_id AND c.last_trade_id ORDER BY 1, 2",
    "SELECT greatest(max(equity), 1), least(min(equity), 1) FROM pnl",
)
QUERIES = (*generated(), *ASKED)


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory, postgres_url: str) -> Iterator[tuple[Store, Store]]:
    """The same small run on SQLite and PostgreSQL."""
    import psycopg

    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE numbers")
    urls = (
        f"sqlite:///{tmp_path_factory.mktemp('numbers')}/store.sqlite",
        postgres_url.replace("/postgres?", "/numbers?"),
    )
    with open_store(urls[0]) as sqlite, open_store(urls[1]) as postgres:
        for store in (sqlite, postgres):
            fill(store)
        yield sqlite, postgres


def fill(store: Store) -> None:
    kept = {table.message for table in STORED}
    messages = [each for each in made_up_run.messages(MINUTES) if type(each) in kept]
    store.write(messages)
    store.write(messages)  # twice is once


def plain(value: Any) -> Any:
    """Return a value as all databases have it: numbers as numbers, times as text."""
    if isinstance(value, int | float | Decimal):
        return float(value)
    return value if value is None else str(value)


def same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-12, abs_tol=1e-9)
    return bool(one == other)


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_gives_the_same_rows_everywhere(stores: tuple[Store, Store], query: str) -> None:
    sqlite, postgres = (store.sql(query) for store in stores)
    assert sqlite.columns == postgres.columns or "(" in query.partition("FROM")[0]
    assert len(sqlite.rows) == len(postgres.rows)
    for one, other in zip(sqlite.rows, postgres.rows, strict=True):
        assert all(map(same, map(plain, one), map(plain, other))), (one, other)
    (parsed,) = sqlglot.parse(in_standard_words(query), read="risingwave")
    assert isinstance(parsed, expressions.Select)


def test_the_suite_asks_every_table_and_view() -> None:
    for name in (*(table.name for table in STORED), *(view.name for view in VIEWS)):
        assert any(f"FROM {name}" in query for query in QUERIES), name
    assert len(QUERIES) > 300


def test_the_digits_are_beside_the_number(stores: tuple[Store, Store]) -> None:
    for table in STORED:
        for name in decimals(table):
            query = f'SELECT "{name}", "{name}_text" FROM {table.name} WHERE "{name}" IS NOT NULL ORDER BY 2'
            sqlite, postgres = (store.sql(query).rows for store in stores)
            assert [text for _, text in sqlite] == [text for _, text in postgres]
            for rows in (sqlite, postgres):
                assert all(isinstance(text, str) and float(text) == float(number) for number, text in rows)


def test_a_drawdown_is_found(tmp_path: Path) -> None:
    """As text '9961.11' is greater than '10000': none of these was below, and the highest was 9999.9."""
    with open_store(f"sqlite:///{tmp_path}/store.sqlite") as store:
        fill(store)
        equities = [float(text) for (text,) in store.sql("SELECT equity_text FROM pnl").rows]
        assert min(equities) < 10_000 < max(equities)
        below = sum(equity < 10_000 for equity in equities)
        assert store.sql("SELECT count(*) FROM pnl WHERE equity < 10000").rows == [(below,)]
        assert store.sql("SELECT min(equity), max(equity) FROM pnl").rows == [(min(equities), max(equities))]


def test_trades_are_those_of_the_topic(stores: tuple[Store, Store]) -> None:
    frames = [each for each in made_up_run.messages(MINUTES) if type(each) is STORED[-1].message]
    assert type(frames[0]) in next(spec for spec in TOPICS if spec is TRADES).messages
    wanted = sorted((frame.exchange, frame.pair, *trade) for frame in frames for trade in frame.rows())  # type: ignore[attr-defined]
    query = "SELECT exchange, pair, trade_id, timestamp_us, price_text, quantity_text, side FROM trades ORDER BY 2, 3"
    for store in stores:
        assert store.sql(query).rows == wanted
