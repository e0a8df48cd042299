"""What RisingWave is told: made from the list, parsed, clauses in order, and run on PostgreSQL where it can be."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import sqlglot
from sqlglot import expressions
from tests.support.message_examples import example

from contracts.errors import BadSettingError
from contracts.topics import TOPICS
from contracts.trade_frame import TradeFrame
from featurestore import TABLES, StoreError, ddl, open_store, risingwave_apply, risingwave_ddl
from featurestore.risingwave import RisingWaveDialect
from featurestore.tables import MESSAGE_ID, Table
from featurestore.target import Target, read_properties
from featurestore.views import TRADES, VIEWS

FOLDER = Path(__file__).parents[2] / "deployments/base/risingwave"
DEV = Target("dev", "kafka:9092")
SECURED = Target(
    "prod", "a:9093,b:9093", {"properties.security.protocol": "SASL_SSL", "properties.sasl.password": "it's"}
)
#: sqlglot knows no ON CONFLICT behind a table's columns: it is checked here, and the rest is left to it.
CONFLICT = re.compile(r"(?<=\n\)) ON CONFLICT OVERWRITE(?: WITH VERSION COLUMN \((?P<version>\w+)\))?(?=\nWITH \()")
FROM_TOPIC = re.compile(r"\nWITH \((?P<properties>[^)]*)\) FORMAT PLAIN ENCODE JSON$")
every_table = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)


def parsed(statement: str) -> Any:
    """Return the one expression of a statement; what sqlglot does not understand it would make a `Command` of."""
    (found,) = sqlglot.parse(statement, read="risingwave")
    assert found is not None and not isinstance(found, expressions.Command), statement
    return found


def test_the_files_are_what_the_command_writes() -> None:
    written = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.sql")}
    assert written == {name: ddl.render(part) for name, part in ddl.statements_by_file().items()}, (
        "make features-ddl writes them anew"
    )


@every_table
def test_a_table_has_its_columns_key_and_clauses_in_order(table: Table) -> None:
    statement = SECURED.fill(risingwave_ddl.create_table(table))
    conflict, from_topic = CONFLICT.search(statement), FROM_TOPIC.search(statement)
    assert conflict is not None and from_topic is not None
    assert conflict["version"] == table.newest and table.newest not in table.key
    create = parsed(CONFLICT.sub("", statement))
    assert isinstance(create, expressions.Create) and create.kind == "TABLE" and create.args["exists"]
    columns = [column.name for column in create.this.find_all(expressions.ColumnDef)]
    assert columns == [column.name for column in table.shown]
    (key,) = create.this.find_all(expressions.PrimaryKey)
    others = () if risingwave_ddl.is_alone(table) else ("type",)
    assert tuple(column.name for column in key.expressions) == (*others, *table.key)
    properties = dict(re.findall(r"([\w.]+) = '((?:[^']|'')*)'", from_topic["properties"]))
    assert properties == {
        "connector": "kafka",
        "topic": f"{risingwave_ddl.topic_of(table.message).name}-prod",
        "properties.bootstrap.server": "a:9093,b:9093",
        "group.id.prefix": "risingwave-prod",
        "scan.startup.mode": "earliest",
        "properties.security.protocol": "SASL_SSL",
        "properties.sasl.password": "it''s",
    }


@every_table
def test_a_table_holds_nothing_but_its_own_messages(table: Table) -> None:
    """RisingWave takes whatever is on a topic for a row: of one that carries others, too, a view leaves them out."""
    messages = min((spec.messages for spec in TOPICS if table.message in spec.messages), key=len)
    parts = [statement for statement in risingwave_ddl.create_parts() if f" {table.name} AS" in statement]
    assert len(parts) == (len(messages) > 1)
    assert (risingwave_ddl.filled(table) == table.name) == (len(messages) == 1)


def test_decisions_are_taken_out_of_all_that_is_on_signals(postgres_url: str) -> None:
    """The view's own text, on PostgreSQL, over a table of what the topic carries."""
    import psycopg

    of_signals = next(table for table in TABLES if table.name == "signals")
    part = risingwave_ddl.part_of(of_signals)
    names = ", ".join(f'"{column.name}" VARCHAR' for column in of_signals.shown)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE TEMP TABLE signal_messages ({names})")
        for kind in ("decision", "mark", "report"):
            connection.execute("INSERT INTO signal_messages (type, account) VALUES (%s, %s)", (kind, f"of {kind}"))
        rows = connection.execute(f"SELECT account FROM ({part.query}) AS t").fetchall()
    assert rows == [("of decision",)]


def test_a_table_of_before_there_were_marks_is_refused(fake: FakeConnection, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would go on taking what is on the topic, and a mark would take a decision's place."""
    present(monkeypatch, {"signal_messages": ALL})
    with pytest.raises(StoreError, match=r"table signals of an older version .* DROP TABLE signals CASCADE"):
        list(risingwave_apply.apply("risingwave://root@host:4566/dev", DEV))
    assert fake.statements == []


def test_sources_and_views_are_parsed() -> None:
    source, trades = (parsed(DEV.fill(statement)) for statement in risingwave_ddl.create_trades())
    assert [column.name for column in source.this.find_all(expressions.ColumnDef)] == list(TradeFrame.model_fields)
    assert source.kind == "SOURCE" and trades.kind == "VIEW" and trades.this.name == "trades"
    views = [parsed(DEV.fill(statement)) for statement in risingwave_ddl.create_views()]
    assert [view.this.name for view in views] == [view.name for view in VIEWS]
    assert all(view.find(expressions.MaterializedProperty) for view in (trades, *views))


def test_what_is_run_on_a_running_one_is_parsed() -> None:
    for statement in ('ALTER TABLE candles ADD COLUMN "x" DOUBLE PRECISION', "DROP MATERIALIZED VIEW IF EXISTS x"):
        parsed(statement)


def test_ids_are_put_together_as_messages_do(store_url: str) -> None:
    with open_store(store_url) as store:
        for table in TABLES:
            message = example(table.message)
            store.write([message])
            query = f"SELECT {risingwave_ddl.message_id(table.message)}, {MESSAGE_ID} FROM {table.name}"
            assert store.sql(query).rows == [(message.message_id, message.message_id)]


def test_trades_are_taken_out_of_frames_once(postgres_url: str) -> None:
    """The view's own text, on PostgreSQL, over a table of what the topic carries."""
    import psycopg

    whole = example(
        TradeFrame,
        trade_ids=[7, 8, 9],
        timestamps_us=[10, 11, 12],
        prices=["1.5", "2", "97412.3"],
        quantities=["0.1", "3", "1"],
        sides=["buy", "unknown", "sell"],
    )
    part = example(
        TradeFrame,
        trade_ids=[9, 10],
        timestamps_us=[12, 13],
        prices=["97412.3", "2"],
        quantities=["1", "1"],
        sides=["sell", "buy"],
    )
    columns = ", ".join(f"{name} {kind}" for name, kind in risingwave_ddl.FRAME_TYPES.items())
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE TEMP TABLE trade_messages ({columns})")
        for frame in (whole, part, whole):
            values = frame.model_dump()
            marks = ", ".join(f"%s::{risingwave_ddl.FRAME_TYPES[name]}" for name in values)
            connection.execute(f"INSERT INTO trade_messages VALUES ({marks})", list(values.values()))
        connection.execute(
            "INSERT INTO trade_messages (type, exchange, pair) VALUES ('heartbeat', 'kraken', 'BTC/USD')"
        )
        rows = connection.execute(f"SELECT * FROM ({TRADES.query}) AS t ORDER BY trade_id").fetchall()
    assert all((str(row[4]), str(row[6])) == (row[5], row[7]) for row in rows)
    assert [(*row[2:4], row[5], *row[7:]) for row in rows] == [
        (7, 10, "1.5", "0.1", "buy"),
        (8, 11, "2", "3", "unknown"),
        (9, 12, "97412.3", "1", "sell"),
        (10, 13, "2", "1", "buy"),
    ]


#: In the place of a column's name: every one.
ALL = "*"


class FakeConnection:
    """Takes statements as a RisingWave would that has some tables."""

    def __init__(self) -> None:
        self.statements: list[str] = []

    def execute(self, statement: str) -> None:
        self.statements.append(statement)

    def close(self) -> None:
        pass


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeConnection:
    connection = FakeConnection()
    monkeypatch.setattr(RisingWaveDialect, "connect", lambda _self, read_only=True: connection)
    return connection


def present(monkeypatch: pytest.MonkeyPatch, missing: dict[str, str]) -> None:
    """Let RisingWave have all columns but one, or none at all, of each table in `missing`."""
    have = {
        name: {c.name for c in table.shown} for table in TABLES for name in (table.name, risingwave_ddl.filled(table))
    }
    have |= {name: set() for name, column in missing.items() if column == ALL}
    monkeypatch.setattr(
        RisingWaveDialect, "columns_of", lambda _self, _connection, table: have[table] - {missing.get(table)}
    )


def test_apply_makes_what_is_missing(fake: FakeConnection, monkeypatch: pytest.MonkeyPatch) -> None:
    present(monkeypatch, {})
    said = list(risingwave_apply.apply("risingwave://root@host:4566/dev", DEV))
    assert fake.statements == [DEV.fill(statement) for statement in ddl.statements()]
    assert said[0] == "CREATE TABLE IF NOT EXISTS candles"
    assert said[-1] == f"CREATE MATERIALIZED VIEW IF NOT EXISTS {VIEWS[-1].name}"


def test_apply_adds_columns_and_makes_the_views_anew(fake: FakeConnection, monkeypatch: pytest.MonkeyPatch) -> None:
    present(monkeypatch, {"technical_indicators": "rsi_14", "candles": MESSAGE_ID})
    list(risingwave_apply.apply("risingwave://root@host:4566/dev", DEV))
    added = fake.statements.index('ALTER TABLE technical_indicators ADD COLUMN "rsi_14" DOUBLE PRECISION')
    dropped = fake.statements.index("DROP MATERIALIZED VIEW IF EXISTS latest_features")
    made = fake.statements.index(DEV.fill(risingwave_ddl.create_views()[0]))
    assert len(TABLES) == dropped < added < made
    assert not any(MESSAGE_ID in statement for statement in fake.statements[dropped : added + 1]), (
        "it would be refused"
    )


def test_apply_refuses_tables_without_digits(fake: FakeConnection, monkeypatch: pytest.MonkeyPatch) -> None:
    """RisingWave adds no computed column to a table that is there, and the views want it."""
    present(monkeypatch, {"pnl": "equity_text"})
    with pytest.raises(StoreError, match="pnl of an older version lacks equity_text: DROP TABLE pnl CASCADE"):
        list(risingwave_apply.apply("risingwave://root@host:4566/dev", DEV))
    assert len(fake.statements) == len(TABLES)


def test_the_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str], fake: FakeConnection, monkeypatch) -> None:
    assert ddl.main(["write", str(tmp_path / "new")]) == 0
    assert {path.name for path in (tmp_path / "new").iterdir()} == set(ddl.statements_by_file())
    (tmp_path / "secrets").write_text("# of the operator\nproperties.sasl.username = me\n")
    assert ddl.main(["show", "--broker", "k:1", "--properties", str(tmp_path / "secrets")]) == 0
    shown = capsys.readouterr().out
    assert shown.count("properties.sasl.username = 'me'") == len(TABLES) + 1
    assert "topic = 'candles-dev'" in shown and "$" not in shown
    present(monkeypatch, {})
    assert ddl.main(["apply", "--broker", "k:1", "--store", "risingwave://root@host/dev", "--views-anew"]) == 0
    assert "DROP MATERIALIZED VIEW IF EXISTS data_quality" in capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["show", "--broker", "k"], "broker: expected host:port, or several separated by commas, was 'k'"),
        (["show", "--broker", "k:1", "--environment", "a'b"], "environment: expected small letters and digits"),
        (["show", "--broker", "k:1", "--properties", "/no/file"], "properties: expected a file of name=value lines"),
        (["apply", "--broker", "k:1", "--store", "postgresql://host/db"], "store: expected risingwave://user@host"),
    ],
)
def test_bad_arguments(arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert ddl.main(arguments) == 2
    assert complaint in capsys.readouterr().err


def test_bad_properties_are_named_and_their_values_are_not(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("properties.sasl.password secret\n")
    with pytest.raises(BadSettingError, match="name=value on line 1") as error:
        read_properties(tmp_path / "a")
    assert "secret" not in str(error.value)
    with pytest.raises(BadSettingError, match=r"names such as properties.security.protocol, was 'sasl'"):
        Target("dev", "k:1", {"sasl": "x"})


def test_a_risingwave_that_is_away_is_busy() -> None:
    with pytest.raises(StoreError, match="RisingWave: "):
        list(risingwave_apply.apply("risingwave://root@127.0.0.1:1/dev", DEV))
