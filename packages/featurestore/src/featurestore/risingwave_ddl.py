"""What RisingWave is told: a table for each of ours that fills itself from a topic, and the views over them.

The texts hold placeholders for what differs between environments; `featurestore.target` puts it in. The order of
clauses is RisingWave's: columns, ON CONFLICT, WITH, FORMAT.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from contracts.columns import ID_COLUMNS, Column, columns_of
from contracts.message import Message
from contracts.position import Position
from contracts.topics import TOPICS, TRADES, TopicSpec
from featurestore.dialect import POSTGRES_TYPES
from featurestore.tables import MESSAGE_ID, TABLES, Table, digits_of, quoted, quoted_names, quoted_text
from featurestore.views import TRADES as TRADES_VIEW
from featurestore.views import VIEWS, View

#: What stands behind the columns in an id.
_ID_ENDS: Mapping[type[Message], tuple[str, ...]] = {Position: ("'position'",)}

#: Tells the messages of a topic apart.
_TYPE = "type"

#: Frames keep their columns as arrays. What else is on the topic has no trades in it.
FRAME_TYPES = {
    "type": "VARCHAR",
    "exchange": "VARCHAR",
    "pair": "VARCHAR",
    "consecutive_ids": "BOOLEAN",
    "trade_ids": "BIGINT[]",
    "timestamps_us": "BIGINT[]",
    "prices": "NUMERIC[]",
    "quantities": "NUMERIC[]",
    "sides": "VARCHAR[]",
}

# ${PROPERTIES} is nothing, or what a secured Kafka wants: a comma and a line for each property.
_FROM_TOPIC = """\
WITH (
    connector = 'kafka',
    topic = '{topic}-${{ENVIRONMENT}}',
    properties.bootstrap.server = '${{BOOTSTRAP_SERVERS}}',
    group.id.prefix = 'risingwave-${{ENVIRONMENT}}',
    scan.startup.mode = 'earliest'${{PROPERTIES}}
) FORMAT PLAIN ENCODE JSON"""


def create_tables() -> tuple[str, ...]:
    """Return a statement for each table."""
    return tuple(map(create_table, TABLES))


def create_table(table: Table) -> str:
    """Return the statement that makes a table which fills itself from its topic.

    A field that a message lacks is null, so no column is NOT NULL: RisingWave would drop the whole message.
    """
    columns = [f"    {quoted(name)} {kind}," for column in table.columns for name, kind in _types(table, column)]
    key = table.key if is_alone(table) else (_TYPE, *table.key)
    newest = f" WITH VERSION COLUMN ({table.newest})" if table.newest else ""
    return "\n".join(
        (
            f"-- {table.description}",
            f"CREATE TABLE IF NOT EXISTS {filled(table)} (",
            *columns,
            f"    PRIMARY KEY ({quoted_names(key)})",
            f") ON CONFLICT OVERWRITE{newest}",
            _FROM_TOPIC.format(topic=topic_of(table.message).name),
        )
    )


def is_alone(table: Table) -> bool:
    """Whether a table's messages have their topic to themselves."""
    return len(topic_of(table.message).messages) == 1


def filled(table: Table) -> str:
    """Return the name of the table that fills itself from the topic of `table`, whatever else is on that."""
    return table.name if is_alone(table) else f"{topic_of(table.message).name.removesuffix('s')}_messages"


def create_parts() -> tuple[str, ...]:
    """Return the statements that take our tables out of those that hold all messages of a topic."""
    return tuple(create_view(part_of(table)) for table in TABLES if not is_alone(table))


def part_of(table: Table) -> View:
    """Return the messages of `table` among all those of their topic."""
    shown = quoted_names(column.name for column in table.shown)
    kind = table.message.model_fields[_TYPE].default
    query = f"SELECT {shown}\nFROM {filled(table)}\nWHERE {_TYPE} = {quoted_text(kind)}"
    return View(table.name, table.description, query)


def create_trades() -> tuple[str, ...]:
    """Return the statements that read frames of trades, without keeping them, and keep each trade."""
    columns = ",\n".join(f"    {quoted(name)} {kind}" for name, kind in FRAME_TYPES.items())
    source = (
        "-- what is on the topic of trades, read by the view below and not kept\n"
        f"CREATE SOURCE IF NOT EXISTS trade_messages (\n{columns}\n)\n{_FROM_TOPIC.format(topic=TRADES.name)}"
    )
    return (source, create_view(TRADES_VIEW))


def create_views() -> tuple[str, ...]:
    """Return a statement for each view over the tables."""
    return tuple(map(create_view, VIEWS))


def create_view(view: View) -> str:
    """Return the statement that makes a view whose rows are kept up to date."""
    return f"-- {view.description}\nCREATE MATERIALIZED VIEW IF NOT EXISTS {view.name} AS\n{view.query}"


def topic_of(message: type[Message]) -> TopicSpec:
    """Return the topic that carries a class of messages."""
    # The start of a forward test is on `signals`, too; all that is said of it has a topic to itself.
    return min((spec for spec in TOPICS if message in spec.messages), key=lambda spec: len(spec.messages))


#: Columns of ids that older messages do not have, and that are not in theirs.
_LEFT_OUT = frozenset({"strategy"})


def message_id(message: type[Message]) -> str:
    """Return the id of a message as SQL puts it together.

    Examples
    --------
    >>> from contracts.fill import Fill
    >>> from contracts.pnl import Pnl
    >>> message_id(Fill), message_id(Pnl)
    ('fill_id', "account || ':' || CAST(time_ms AS VARCHAR)")
    """
    columns = {column.name: column for column in columns_of(message)}
    first, *others = ID_COLUMNS[message]
    parts = [_id_part(columns[first])]
    for name in others:
        left_out = f"coalesce(':' || {name}, '')"
        parts.append(left_out if name in _LEFT_OUT else f"':' || {_id_part(columns[name])}")
    return " || ".join((*parts, *(f"':' || {end}" for end in _ID_ENDS.get(message, ()))))


def _id_part(column: Column) -> str:
    if column.kind == "integer":
        return f"CAST({column.name} AS VARCHAR)"
    return f"coalesce({column.name}, '*')" if column.nullable else column.name


def _types(table: Table, column: Column) -> Iterator[tuple[str, str]]:
    # What has parts of its own is no text in the message, as it is where rows are written by us.
    kind = "JSONB" if column.kind == "json" else POSTGRES_TYPES[column.kind]
    yield column.name, f"{kind} AS ({message_id(table.message)})" if column.name == MESSAGE_ID else kind
    if column.kind == "decimal":
        yield digits_of(column).name, f"VARCHAR AS (CAST({quoted(column.name)} AS VARCHAR))"
