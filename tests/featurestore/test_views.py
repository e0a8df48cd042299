"""The views, with data whose answer is known, on every database that runs here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import polars as pl
import pytest
import sqlglot
from sqlglot import expressions
from tests.support.message_examples import example

from contracts.candle import Candle
from contracts.feature_row import FeatureRow
from contracts.fill import Fill
from contracts.forward_test_event import ForwardTestEvent
from contracts.pnl import Pnl
from contracts.signal import Signal
from contracts.strategy_check import StrategyCheck
from contracts.strategy_setting import StrategySetting
from contracts.timestamps import iso_utc_ms
from contracts.units import decimal_string
from features import feature_set_id
from featurestore import DayQuality, Store, open_store
from featurestore.tables import quoted_names, table
from featurestore.views import VIEWS
from results.books import OF, daily_books

DAY_MS = 86_400_000
MIDNIGHT_MS = 1_772_582_400_000 // DAY_MS * DAY_MS
FULL = feature_set_id("full")


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    with open_store(store_url) as opened:
        yield opened


def candles(*minutes: int, **changes: object) -> list[Candle]:
    return [example(Candle, window_start_ms=MIDNIGHT_MS + 60_000 * n, **changes) for n in minutes]


def test_risingwave_parses_each_and_an_empty_store_has_no_rows(store: Store) -> None:
    store._writer()
    for view in VIEWS:
        (query,) = sqlglot.parse(view.query, read="risingwave")
        assert isinstance(query, expressions.Select)
        found = store.sql(f"SELECT * FROM {view.name}")
        assert found.rows == [] and list(found.columns) == [column.alias_or_name for column in query.selects]


def test_rows_of_features(store: Store) -> None:
    rows = [
        example(FeatureRow, pair=pair, window_start_ms=60_000 * n, feature_set=FULL, rsi_14=float(n))
        for pair in ("BTC/USD", "ETH/USD")
        for n in range(3)
    ]
    store.write([*rows, example(FeatureRow, interval_s=300, window_start_ms=0, feature_set=FULL)])
    store.write([rows[2].model_copy(update={"revision": 1, "close": "7"})])
    newest = store.sql("SELECT pair, interval_s, window_start_ms, revision FROM latest_features ORDER BY 1, 2").rows
    assert newest == [("BTC/USD", 60, 120_000, 1), ("BTC/USD", 300, 0, 0), ("ETH/USD", 60, 120_000, 0)]
    served = store.sql("SELECT pair, rsi_14, revision FROM training_frame WHERE interval_s = 60 ORDER BY 1, 2").rows
    assert served == [(pair, float(n), 0) for pair in ("BTC/USD", "ETH/USD") for n in range(3)]
    columns = quoted_names(column.name for column in table("technical_indicators").columns)
    assert store.sql(f"SELECT {columns} FROM latest_features").rows


def test_continuity_and_holes(store: Store) -> None:
    store.write([*candles(0, 1, 4, 5, 9), *candles(0, 2, pair="ETH/USD"), *candles(0, 5, interval_s=300)])
    continuity = store.sql("SELECT pair, interval_s, windows, missing_windows FROM candle_continuity ORDER BY 1, 2")
    assert continuity.rows == [
        ("BTC/USD", 60, 5, 5),
        ("BTC/USD", 300, 2, 0),
        ("ETH/USD", 60, 2, 1),
    ]
    holes = store.sql("SELECT pair, from_ms, to_ms, missing_windows FROM candle_holes ORDER BY 1, 2").rows
    assert [(pair, (a - MIDNIGHT_MS) // 60_000, (b - MIDNIGHT_MS) // 60_000, n) for pair, a, b, n in holes] == [
        ("BTC/USD", 2, 4, 2),
        ("BTC/USD", 6, 9, 3),
        ("ETH/USD", 1, 2, 1),
    ]


def test_data_quality(store: Store) -> None:
    whole_day = candles(*range(1_440))
    store.write(whole_day)
    store.write(candles(3, 4, quality="empty", revision=0))  # revision 0 again: the same key, the later write
    store.write(candles(5, quality="gap") + candles(6, quality="unverified") + candles(7, 8, revision=2))
    store.write(candles(1_440, 1_450, 2_879))  # the next day, not whole
    store.write(candles(0, 1, pair="ETH/USD", interval_s=7 * 86_400, quality="gap"))
    assert store.data_quality(["BTC/USD"], 60) == [
        DayQuality(
            "kraken",
            "BTC/USD",
            60,
            MIDNIGHT_MS,
            windows=1_440,
            complete=1_436,
            empty=2,
            gap=1,
            unverified=1,
            revised=2,
            coverage_pct=143_900 / 1_440,
            first_window_ms=MIDNIGHT_MS,
            last_window_ms=MIDNIGHT_MS + DAY_MS - 60_000,
        ),
        DayQuality(
            "kraken",
            "BTC/USD",
            60,
            MIDNIGHT_MS + DAY_MS,
            windows=3,
            complete=3,
            empty=0,
            gap=0,
            unverified=0,
            revised=0,
            coverage_pct=300 / 1_440,
            first_window_ms=MIDNIGHT_MS + DAY_MS,
            last_window_ms=MIDNIGHT_MS + 2 * DAY_MS - 60_000,
        ),
    ]
    (second,) = store.data_quality(["BTC/USD", "ETH/USD"], 60, from_ms=MIDNIGHT_MS + 1)
    assert second.day == date(2026, 3, 5) and second.windows == 3
    (weekly,) = store.data_quality(["ETH/USD"], 7 * 86_400)
    assert (weekly.windows, weekly.gap, weekly.coverage_pct) == (2, 2, 0)
    assert store.data_quality(["BTC/USD"], 60, to_ms=MIDNIGHT_MS) == []


def test_pnl_of_a_day_ends_with_its_last_minute(store: Store) -> None:
    def books(minute: int, equity: str, **changes: str) -> Pnl:
        fields = {"balance": "9990", "realised_quote": "-4", "fees_quote": "6", "drawdown_quote": "9", **changes}
        return example(Pnl, time_ms=MIDNIGHT_MS + 60_000 * minute, equity=equity, **fields)

    store.write(
        [
            books(1, "9995"),
            books(2, "9990.5", drawdown_quote="10.5"),
            books(1_440, "9991.25"),
            books(1_441, "9000"),
            books(2_880, "10000.25", daily_loss_quote="991.25"),
            example(
                Pnl,
                account="other",
                time_ms=MIDNIGHT_MS + 60_000,
                balance="5",
                equity="5",
                realised_quote="0",
                fees_quote="0",
            ),
        ]
    )
    found = store.sql(
        "SELECT account, day_start_ms, last_ms, minutes, equity, pnl_quote, max_drawdown_quote, max_daily_loss_quote "
        "FROM pnl_daily ORDER BY account, day_start_ms"
    ).rows
    days = [(row[0], (row[1] - MIDNIGHT_MS) // DAY_MS, (row[2] - MIDNIGHT_MS) // 60_000, row[3]) for row in found]
    assert days == [("other", 0, 1, 1), ("paper", 0, 1_440, 3), ("paper", 1, 2_880, 2)]
    assert [[Decimal(str(value)) for value in row[4:]] for row in found] == [
        [5, 0, Decimal("0.5"), Decimal("0.5")],
        [Decimal("9991.25"), Decimal("-8.75"), Decimal("10.5"), Decimal("0.5")],  # against the initial 10,000
        [Decimal("10000.25"), 9, 9, Decimal("991.25")],
    ]


def test_books_are_those_of_the_tables_of_a_run(store: Store) -> None:
    signals = [
        example(Signal, account=account, strategy=strategy, pair=pair, window_start_ms=MIDNIGHT_MS)
        for account, strategy, pair in (
            ("paper", "prediction", "BTC/USD"),
            ("paper", "sma_cross", "ETH/USD"),
            ("other", "sma_cross", "BTC/USD"),
        )
    ]
    stray = "paper:kraken:BTC/USD:60:1"  # of an order to a mark: no strategy's
    fills = [
        example(
            Fill,
            fill_id=f"f-{number}",
            account=signal.account if signal else "paper",
            pair=signal.pair if signal else "BTC/USD",
            signal_id=signal.message_id if signal else stray,
            filled_at_ms=MIDNIGHT_MS + number * 20_000_000,
            realised_pnl_quote=decimal_string(Decimal(number * 3 % 7 - 2) + Decimal(number) / 100),
            fee_quote=decimal_string(Decimal(number) / 1_000),
        )
        for number, signal in enumerate([*signals, None, *signals, None, *signals])
    ]
    store.write([*signals, *fills])
    frames = [pl.DataFrame([each.model_dump() for each in rows]) for rows in (fills, signals)]
    expected = daily_books(*frames).sort(*OF, "day").rows()
    names = "account, strategy, pair, day_start_ms, fills, realised_quote, fees_quote, net_quote"
    rows = store.sql(f"SELECT {names} FROM daily_books").rows
    found = [(*row[:3], iso_utc_ms(int(row[3]))[:10], row[4], *map(float, row[5:])) for row in rows]
    assert len({row[3] for row in expected}) > 1 and None in {row[1] for row in expected}
    for one, other in zip(sorted(found, key=str), sorted(expected, key=str), strict=True):
        assert one == pytest.approx(other)


def test_a_view_whose_text_has_changed_or_that_is_gone_is_made_again(store: Store, store_url: str) -> None:
    connection = store._writer()
    connection.execute("DROP VIEW candle_holes")
    connection.execute("DROP VIEW data_quality")
    connection.execute("CREATE VIEW data_quality AS SELECT 1 AS one")
    connection.execute("UPDATE store_views SET query = 'SELECT 1 AS one' WHERE name = 'data_quality'")
    store.close()
    with open_store(store_url) as newer:
        newer.write(candles(0, 2))
        assert newer.sql("SELECT missing_windows FROM candle_holes").rows == [(1,)]
        assert newer.sql("SELECT windows FROM data_quality").rows == [(2,)]


def test_a_forward_test_says_since_when_it_goes_on_and_what_it_has_come_to(store: Store) -> None:
    begun = example(ForwardTestEvent)
    name = begun.account
    started = begun.model_copy(update={"action": "start", "from_ms": 120_000, "issued_at_ms": 5})
    stopped = started.model_copy(update={"action": "stop", "from_ms": None, "issued_at_ms": 9})
    opened = started.opened.model_copy(update={"name": "later"})
    later = started.model_copy(update={"account": "later", "opened": opened, "from_ms": None, "issued_at_ms": 7})
    books = [
        example(Pnl, account=name, time_ms=60_000 * minute, equity=f"{1000 + minute}.250000000000000001")
        for minute in (3, 4, 5)
    ]
    fills = [example(Fill, account=name, fill_id=f"f-{number}") for number in range(2)]
    store.write([started, later, *books, *fills])
    names = "account, started_at_ms, from_ms, stopped_at_ms, first_ms, last_ms, minutes, equity_text, fills"
    query = f"SELECT {names} FROM forward_tests ORDER BY started_at_ms"
    row = (name, 5, 120_000, None, 180_000, 300_000, 3, "1005.250000000000000001", 2)
    assert store.sql(query).rows == [row, ("later", 7, None, None, None, None, None, None, 0)]
    store.write([stopped])
    assert store.sql(query).rows[0] == (*row[:3], 9, *row[4:])


def test_each_version_of_a_file_is_there_once_with_what_became_of_it(store: Store) -> None:
    bad = example(StrategyCheck).model_copy(update={"loads": True, "checked_at_ms": 5, "check_id": "a"})
    again = bad.model_copy(update={"checked_at_ms": 8, "check_id": "b"})
    good = bad.model_copy(update={"passed": True, "file_hash": "b" * 12, "checked_at_ms": 7, "check_id": "c"})
    asked = good.model_copy(update={"loads": False, "file_hash": "c" * 12, "check_id": "d"})
    store.write([bad, again, good, asked])
    names = "file_hash, first_checked_at_ms, last_checked_at_ms, checks, passed"
    assert store.sql(f"SELECT {names} FROM strategy_versions ORDER BY first_checked_at_ms").rows == [
        (bad.file_hash, 5, 8, 2, 0),
        ("b" * 12, 7, 7, 1, 1),
    ]


def test_what_has_parts_of_its_own_is_text_of_json(store: Store) -> None:
    check, setting = example(StrategyCheck), example(StrategySetting)
    store.write([check, setting])
    (results, passed), (parameters,) = (
        store.sql(query).rows[0]
        for query in (
            "SELECT results, passed FROM strategy_checks",
            "SELECT parameters FROM strategy_settings",
        )
    )
    assert [each["check"] for each in json.loads(results)] == [each.check for each in check.results]
    assert bool(passed) is check.passed
    assert (None if parameters is None else json.loads(parameters)) == setting.parameters
