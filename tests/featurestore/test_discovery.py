"""What there is to ask can be asked, a misspelt name is answered with the nearest, and results come as files too."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from pathlib import Path

import polars as pl
import pytest
from tests.support.message_examples import example

from contracts.fill import Fill
from contracts.pnl import Pnl
from featurestore import StoreError, open_store
from featurestore import __main__ as command
from featurestore.discovery import names
from featurestore.tables import table

NAMES = names()


@pytest.fixture
def url(store_url: str) -> str:
    with open_store(store_url) as store:
        store.write([example(Pnl, equity="9961.11"), example(Pnl, equity="10000.5", time_ms=120_000), example(Fill)])
    return store_url


def asked(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert command.main(arguments) == 0
    return capsys.readouterr().out


def test_tables_and_columns_are_listed(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    listed = json.loads(asked(capsys, url, "tables", "--format", "json"))
    assert [row["table"] for row in listed] == list(NAMES)
    assert {row["table"]: row["rows"] for row in listed}["pnl"] == 2
    for name in NAMES:
        columns = json.loads(asked(capsys, url, f"describe {name};", "--format", "json"))
        assert columns and all(row["kind"] for row in columns if row["of one row"] is not None), name
    of_pnl = json.loads(asked(capsys, url, "DESCRIBE pnl", "--format", "json"))
    assert [row["column"] for row in of_pnl] == [column.name for column in table("pnl").shown]


@pytest.mark.parametrize(
    ("query", "meant"),
    [
        ("SELECT * FROM candels", "did you mean candles"),
        ("SELECT * FROM techncal_indicators", "did you mean technical_indicators"),
        ("SELECT * FROM trade", "did you mean trades"),
        ("SELECT equty FROM pnl", "did you mean equity"),
        ("SELECT p.equitty FROM pnl p", "did you mean equity"),
        ("SELECT rsi14 FROM technical_indicators", "did you mean rsi_14"),
        ("SELECT day_start FROM pnl_daily", "did you mean day_start_ms"),
        ("SELECT xyzzy FROM pnl", "`describe pnl` lists them"),
        ("describe candel", "did you mean candles"),
    ],
)
def test_a_misspelt_name_is_answered_with_the_nearest(
    url: str, capsys: pytest.CaptureFixture[str], query: str, meant: str
) -> None:
    assert command.main([url, query]) == 1
    assert meant in capsys.readouterr().err


def test_a_result_is_a_file_of_each_form(url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    query = "SELECT p.account, p.equity, p.equity_text, f.account FROM pnl p, fills f ORDER BY p.equity"
    rows = list(csv.reader(io.StringIO(asked(capsys, url, query, "--format", "csv"))))
    assert rows == [
        ["account", "equity", "equity_text", "account"],
        *(["paper", x, x, "paper"] for x in ("9961.11", "10000.5")),
    ]
    objects = json.loads(asked(capsys, url, query, "--format", "json"))
    assert objects[0] == {"account": "paper", "equity": 9961.11, "equity_text": "9961.11", "account_2": "paper"}
    out = tmp_path / "what? 100 %.parquet"
    assert asked(capsys, url, query, "--format", "parquet", "--out", str(out)) == ""
    assert pl.read_parquet(out, glob=False).rows(named=True) == objects
    before = out.read_bytes()
    assert command.main([url, query, "--format", "csv", "--out", str(out)]) == 2 and out.read_bytes() == before
    assert "out: expected a new file" in capsys.readouterr().err


def test_a_file_whose_decimals_are_text_is_read_as_it_is_and_upgraded_by_the_next_write(tmp_path: Path) -> None:
    """As versions wrote it that kept the digits under the number's name."""
    path = tmp_path / "store.sqlite"
    with sqlite3.connect(path) as older:
        columns = ", ".join(
            f'"{each.name}" {"BIGINT" if each.kind == "integer" else "TEXT"}' for each in table("pnl").columns
        )
        older.execute(f"CREATE TABLE pnl ({columns}, PRIMARY KEY (account, time_ms))")
        older.execute("CREATE VIEW pnl_daily AS SELECT max(equity) AS equity FROM pnl")
        messages = [example(Pnl, equity=text, time_ms=n) for n, text in enumerate(("9961.11", "10000.5"))]
        names = [each.name for each in table("pnl").columns]
        older.executemany(
            f"INSERT INTO pnl VALUES ({', '.join('?' * len(names))})",
            [[getattr(message, name) for name in names] for message in messages],
        )
    older.close()
    before = path.read_bytes()
    query = "SELECT equity, equity_text FROM pnl WHERE equity < 10000"
    with open_store(f"sqlite:///{path}") as store:
        assert store.sql(query).rows == [(9961.11, "9961.11")]
        assert store.sql("SELECT equity FROM pnl_daily").rows == [(10000.5,)]
        assert path.read_bytes() == before
        store.write([example(Pnl, equity="9.5", time_ms=7)])
        assert store.sql(query).rows == [(9961.11, "9961.11"), (9.5, "9.5")]
        assert store.sql("SELECT max(equity) FROM pnl_daily").rows == [(9.5,)]
        with pytest.raises(StoreError):
            store.sql("DELETE FROM pnl")


def test_an_older_database_is_given_the_digits(postgres_database: str) -> None:
    with open_store(postgres_database) as store:
        store.write([example(Pnl, equity="9961.11")])
        connection = store._writer()
        connection.execute("DROP VIEW pnl_daily")
        connection.execute("DROP VIEW forward_tests")
        connection.execute("ALTER TABLE pnl DROP COLUMN equity_text")
    with open_store(postgres_database) as store:
        store.write([example(Pnl, equity="7", time_ms=120_000)])
        assert store.sql("SELECT equity_text FROM pnl ORDER BY equity").rows == [("7",), ("9961.11",)]
