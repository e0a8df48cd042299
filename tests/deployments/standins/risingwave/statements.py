"""RisingWave's statements that PostgreSQL does not know, in its words; all others stay as they are."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

import sqlglot
from sqlglot import expressions as sql
from sqlglot.errors import ParseError

#: Where the stand-in keeps what it has been told: which table is filled from which topic, and how far.
SCHEMA = "standin"
PREPARE = f"""
CREATE SCHEMA IF NOT EXISTS {SCHEMA};
CREATE TABLE IF NOT EXISTS {SCHEMA}.sources
    (relation oid PRIMARY KEY, name text, properties json, key text[], version text);
CREATE TABLE IF NOT EXISTS {SCHEMA}.positions
    (relation oid, partition int, next_offset bigint, PRIMARY KEY (relation, partition));
"""

_OURS = re.compile(
    r"\s*(?:--[^\n]*\n\s*|/\*.*?\*/\s*)*"
    r"(?:CREATE\s+(?:TABLE|SOURCE|MATERIALIZED\s+VIEW)|DROP\s+(?:MATERIALIZED\s+VIEW|SOURCE))\s",
    re.IGNORECASE | re.DOTALL,
)
#: sqlglot does not know it; it stands between a table's columns and where they come from.
_CONFLICT = re.compile(
    r"\)\s*ON\s+CONFLICT\s+OVERWRITE(?:\s+WITH\s+VERSION\s+COLUMN\s*\(\s*(?P<version>\w+)\s*\))?(?=\s*WITH\s*\()",
    re.IGNORECASE,
)
_QUOTE = "$standin$"


class NotUnderstoodError(Exception):
    """RisingWave may know the statement; the stand-in does not."""


@dataclass(frozen=True)
class Source:
    """Where a table's rows come from.

    Attributes
    ----------
    key
        Columns that tell rows apart; none where each message is a row.
    version
        Column that decides between two messages of one key: the stored one stays if it is greater.
    """

    properties: Mapping[str, str]
    key: tuple[str, ...]
    version: str | None


def in_postgres_words(statement: str) -> str:
    """Return one statement that PostgreSQL takes for `statement`.

    What is not understood becomes a statement that fails and says so, where the client expects an answer.
    """
    if not _OURS.match(statement):
        return statement
    try:
        return _rewritten(statement)
    except (NotUnderstoodError, ParseError) as error:
        return f"DO {_QUOTE} BEGIN RAISE EXCEPTION USING MESSAGE = {_text(f'stand-in: {error}')}; END {_QUOTE}"


def _rewritten(statement: str) -> str:
    conflict = _CONFLICT.search(statement)
    parsed = sqlglot.parse_one(_CONFLICT.sub(")", statement), read="risingwave")
    if isinstance(parsed, sql.Drop):
        parsed.set("materialized", False)
        parsed.set("kind", "VIEW" if parsed.args["kind"] == "VIEW" else "TABLE")
        return parsed.sql("postgres")
    if not isinstance(parsed, sql.Create):
        raise NotUnderstoodError(f"expected CREATE or DROP, was {type(parsed).__name__}")
    if parsed.kind == "VIEW":
        return _made(parsed, parsed.this.sql("postgres"))
    properties = _properties(parsed)
    if "connector" not in properties:
        return statement
    return _filled(parsed, properties, conflict["version"] if conflict else None)


def _filled(parsed: sql.Create, properties: dict[str, str], version: str | None) -> str:
    """Return what makes the table and has it filled."""
    name = parsed.this.this.sql("postgres")
    primary = parsed.find(sql.PrimaryKey)
    key = [column.name for column in primary.expressions] if primary else []
    if primary:  # RisingWave takes null in a key, PostgreSQL only in one that is merely unique
        primary.pop()
    made = parsed.this.copy()
    columns = ", ".join(each.sql("postgres") for each in made.expressions)
    unique = ", UNIQUE NULLS NOT DISTINCT (" + ", ".join(map(_name, key)) + ")" if key else ""
    names = "ARRAY[" + ", ".join(map(_text, key)) + "]::text[]"
    told = f"{_text(name)}::regclass, {_text(parsed.this.this.name)}, {_text(json.dumps(properties))}, {names}"
    return _made(
        parsed,
        name,
        f"CREATE TABLE {name} ({columns}{unique})",
        f"INSERT INTO {SCHEMA}.sources VALUES ({told}, {_text(version) if version else 'NULL'})",
    )


def _properties(parsed: sql.Create) -> dict[str, str]:
    """Return what stands in WITH, having seen that it is what can be done here."""
    listed = parsed.args["properties"].expressions if parsed.args.get("properties") else []
    found = {each.this.sql(): each.args["value"].name for each in listed if type(each) is sql.Property}
    if "connector" in found:
        formats = [
            each.this.name.upper() for each in listed if isinstance(each, sql.FileFormatProperty | sql.EncodeProperty)
        ]
        if found["connector"] != "kafka" or formats != ["PLAIN", "JSON"]:
            raise NotUnderstoodError(f"expected kafka, FORMAT PLAIN ENCODE JSON, was {found['connector']}, {formats}")
        if found.get("scan.startup.mode", "earliest") != "earliest":
            raise NotUnderstoodError(f"expected scan.startup.mode earliest, was {found['scan.startup.mode']}")
    return found


def _made(parsed: sql.Create, name: str, *statements: str) -> str:
    """Return one statement that runs `statements`, unless there is `name` already and that may be."""
    if not statements:
        statements = (f"CREATE VIEW {name} AS {parsed.expression.sql('postgres')}",)
    body = "; ".join(statements)
    if parsed.args.get("exists"):
        body = f"IF to_regclass({_text(name)}) IS NULL THEN {body}; END IF"
    return f"DO {_QUOTE} BEGIN {body}; END {_QUOTE}"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _name(value: str) -> str:
    return f'"{value}"'
