"""Tables filled from topics: what is told in `standin.sources` is done until its table is dropped."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Message, TopicPartition
from psycopg import sql
from tests.deployments.standins.risingwave.statements import SCHEMA

_BATCH = 1_000
_PATIENCE_SECONDS = 0.2
_SOURCES = f"""
    SELECT s.relation::int8, s.name, s.properties, s.key, s.version
    FROM {SCHEMA}.sources s JOIN pg_class c ON c.oid = s.relation
"""
_COLUMNS = """
    SELECT attname, format_type(atttypid, atttypmod), CASE attgenerated WHEN 's' THEN pg_get_expr(adbin, adrelid) END
    FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE attrelid = %s AND attnum > 0 AND NOT attisdropped ORDER BY attnum
"""
_REACHED = f"""
    INSERT INTO {SCHEMA}.positions VALUES (%s, %s, %s)
    ON CONFLICT (relation, partition) DO UPDATE SET next_offset = excluded.next_offset
"""


@dataclass(frozen=True)
class Filled:
    """A table and where its rows come from."""

    relation: int
    name: str
    properties: dict[str, str]
    key: list[str]
    version: str | None


class Filling:
    """Keeps a thread for each table that is told to be filled.

    Parameters
    ----------
    database
        How PostgreSQL is reached.
    """

    def __init__(self, database: str) -> None:
        self._database = database
        self._threads: dict[int, tuple[threading.Thread, threading.Event]] = {}

    def look(self, connection: psycopg.Connection[Any]) -> None:
        """Begin with the tables that are new, or whose thread has failed, and end with those that are gone."""
        wanted = {row[0]: Filled(*row) for row in connection.execute(_SOURCES)}
        for relation, (thread, ended) in list(self._threads.items()):
            if relation not in wanted or not thread.is_alive():
                ended.set()
                thread.join()
                del self._threads[relation]
        for relation in wanted.keys() - self._threads.keys():
            ended = threading.Event()
            thread = threading.Thread(target=_fill, args=(self._database, wanted[relation], ended))
            thread.start()
            self._threads[relation] = thread, ended

    def end(self) -> None:
        """Stop, with all that was read written down."""
        for _, ended in self._threads.values():
            ended.set()
        for thread, _ in self._threads.values():
            thread.join()


def _fill(database: str, table: Filled, ended: threading.Event) -> None:
    consumer = Consumer(_settings(table))
    try:
        with psycopg.connect(database) as connection:
            partitions = _partitions(consumer, table.properties["topic"], ended)
            consumer.assign(_positions(connection, table, partitions))
            while not ended.is_set():
                messages = [each for each in consumer.consume(_BATCH, _PATIENCE_SECONDS) if not each.error()]
                if messages:
                    with connection.transaction():
                        _keep(connection, table, messages)
    except (psycopg.Error, KafkaException) as error:  # the next look begins again from where it was
        print(f"{table.name}: {error}", flush=True)
    finally:
        consumer.close()


def _settings(table: Filled) -> dict[str, Any]:
    """Return the consumer's settings: RisingWave hands its properties to the same library."""
    given = {
        name.removeprefix("properties."): value for name, value in table.properties.items() if "properties." in name
    }
    servers = given.pop("bootstrap.server")
    group = f"{table.properties.get('group.id.prefix', 'rw-consumer')}-{table.relation}"
    ours = {"bootstrap.servers": servers, "group.id": group, "enable.auto.commit": False, "log_level": 2}
    return given | ours | {"auto.offset.reset": "earliest"}


def _partitions(consumer: Consumer, topic: str, ended: threading.Event) -> list[int]:
    """Return the topic's partitions, once there is one."""
    while not ended.is_set():
        try:
            found = consumer.list_topics(topic, timeout=10).topics[topic]
        except KafkaException as error:
            print(f"{topic}: {error}", flush=True)
        else:
            if found.error is None:
                return list(found.partitions)
        ended.wait(1)
    return []


def _positions(connection: psycopg.Connection[Any], table: Filled, partitions: Sequence[int]) -> list[TopicPartition]:
    reached = dict(
        connection.execute(
            f"SELECT partition, next_offset FROM {SCHEMA}.positions WHERE relation = %s", [table.relation]
        )
    )
    connection.commit()
    return [
        TopicPartition(table.properties["topic"], each, reached.get(each, OFFSET_BEGINNING)) for each in partitions
    ]


def _keep(connection: psycopg.Connection[Any], table: Filled, messages: Sequence[Message]) -> None:
    """Write rows and how far the topic has been read, both or neither."""
    statement = _upsert(connection, table)
    rows = [text for message in messages if (text := _row(message)) is not None]
    try:
        with connection.transaction():
            connection.execute(statement, ["[" + ",".join(rows) + "]"])
    except psycopg.DataError:  # one of them is none of this table: the others are
        for row in rows:
            _keep_one(connection, table, statement, row)
    for message in messages:
        connection.execute(_REACHED, [table.relation, message.partition(), message.offset() + 1])


def _keep_one(connection: psycopg.Connection[Any], table: Filled, statement: sql.Composed, row: str) -> None:
    try:
        with connection.transaction():
            connection.execute(statement, [f"[{row}]"])
    except psycopg.DataError as error:
        print(f"{table.name}: left out {row[:200]}: {error}", flush=True)


def _row(message: Message) -> str | None:
    """Return a message that is a JSON object; RisingWave leaves out what is none."""
    try:
        text = (message.value() or b"").decode()
        return text if isinstance(json.loads(text), dict) else None
    except ValueError:
        print(f"{message.topic()}: offset {message.offset()} is no JSON", flush=True)
        return None


def _upsert(connection: psycopg.Connection[Any], table: Filled) -> sql.Composed:
    """Return the statement that writes messages: of one key the newest, unless a newer one is stored."""
    columns = connection.execute(_COLUMNS, [table.relation]).fetchall()
    given = [(name, kind) for name, kind, computed in columns if computed is None]
    names = [name for name, _ in given]
    read = sql.SQL("json_to_recordset(%s) AS ({})").format(
        _listed([sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind)) for name, kind in given])
    )
    if not table.key:
        template = "INSERT INTO {table} ({names}) SELECT {names} FROM {read}"
        return sql.SQL(template).format(table=sql.Identifier(table.name), names=_named(names), read=read)
    newest = sql.SQL("{} DESC NULLS LAST, ").format(sql.Identifier(table.version)) if table.version else sql.SQL("")
    kept = sql.SQL("WHERE excluded.{v} >= old.{v} OR old.{v} IS NULL").format(v=sql.Identifier(table.version or ""))
    return sql.SQL(
        "INSERT INTO {table} AS old ({names}) SELECT DISTINCT ON ({key}) {names} "
        "FROM (SELECT {computed} FROM ROWS FROM ({read}) WITH ORDINALITY) AS sent "
        "ORDER BY {key}, {newest} ordinality DESC "
        "ON CONFLICT ({key}) DO UPDATE SET {changes} {kept}"
    ).format(
        table=sql.Identifier(table.name),
        names=_named(names),
        key=_named(table.key),
        # A key may be computed of what was sent.
        computed=_listed([sql.SQL("*"), *(_as(text, name) for name, _, text in columns if text is not None)]),
        read=read,
        newest=newest,
        changes=_listed([sql.SQL("{n} = excluded.{n}").format(n=sql.Identifier(name)) for name in names]),
        kept=kept if table.version else sql.SQL(""),
    )


def _as(expression: str, name: str) -> sql.Composed:
    return sql.SQL("{} AS {}").format(sql.SQL(expression), sql.Identifier(name))


def _named(names: Sequence[str]) -> sql.Composed:
    return _listed([sql.Identifier(name) for name in names])


def _listed(parts: Sequence[sql.Composable]) -> sql.Composed:
    return sql.SQL(", ").join(parts)
