"""What there is to ask: tables, their columns, and the nearest name where one was misspelt."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from featurestore.errors import StoreError
from featurestore.result import Result
from featurestore.tables import STORED, table
from featurestore.views import VIEWS

if TYPE_CHECKING:
    from featurestore.store import Store

#: How SQLite, PostgreSQL and RisingWave say that a name is not known.
_NO_TABLE = re.compile(
    r'no such table: (\S+)|relation "([^"]+)" does not exist|table or source not found: (\S+)', re.I
)
_NO_COLUMN = re.compile(r'no such column: (\S+)|column "?([\w.]+)"? does not exist|Invalid column: (\S+)', re.I)
_WORD = re.compile(r"[A-Za-z_]\w*")


def names() -> tuple[str, ...]:
    """Return the names of all tables and views."""
    return (*(each.name for each in STORED), *(each.name for each in VIEWS))


def tables(store: Store) -> Result:
    """Return what there is to ask: each table and view, how many rows it has, what a row is."""
    listed = [(each.name, "table", each.description, ", ".join(each.key)) for each in STORED]
    listed += [(each.name, "view", each.description, "") for each in VIEWS]
    counts = [store.sql(f"SELECT count(*) FROM {name}").rows[0][0] for name, *_ in listed]  # noqa: S608 - our own names
    rows = [(name, kind, count, said, key) for (name, kind, said, key), count in zip(listed, counts, strict=True)]
    return Result(("table", "kind", "rows", "a row is", "key"), rows)


def describe(store: Store, name: str) -> Result:
    """Return the columns of a table or view, the kind of their values, and one row of it.

    Raises
    ------
    StoreError
        If there is none of this name.
    """
    if name.lower() not in names():
        raise StoreError(f"no such table: {name}{hint(f'no such table: {name}', '')}")
    found = store.sql(f"SELECT * FROM {name} LIMIT 1")  # noqa: S608 - one of our own names
    row = found.rows[0] if found.rows else (None,) * len(found.columns)
    kinds = {column.name: column.kind for each in STORED for column in each.shown}
    columns = [
        (column, kinds.get(column) or _kind(column, value), value)
        for column, value in zip(found.columns, row, strict=True)
    ]
    return Result(("column", "kind", "of one row"), columns)


def _kind(column: str, value: object) -> str:
    """Return the kind of a column that only views have."""
    if column.endswith("_quote"):
        return "decimal"
    return "float" if column.endswith("_pct") or isinstance(value, float) else "integer"


def hint(message: str, query: str) -> str:
    """Return what may have been meant by a name that a database does not know; nothing if it is not about a name.

    Examples
    --------
    >>> hint("no such table: candels", "SELECT * FROM candels")
    '; did you mean candles or candle_holes or trades? (`tables` lists them)'
    >>> hint("no such column: equty", "SELECT equty FROM pnl")
    '; did you mean equity or equity_text? (`describe pnl` lists them)'
    """
    if found := _NO_TABLE.search(message):
        return _meant(_last_part(found), names(), "`tables` lists them")
    if found := _NO_COLUMN.search(message):
        asked = [word for word in dict.fromkeys(_WORD.findall(query)) if word in names()]
        columns = [name for each in asked for name in columns_of(each)]
        where = f"`describe {asked[0]}` lists them" if asked else "`tables` lists what there is"
        return _meant(_last_part(found), columns, where)
    return ""


def columns_of(name: str) -> list[str]:
    """Return the columns of a table, or those of all tables of which a view is made."""
    if name in {each.name for each in STORED}:
        return [column.name for column in table(name).shown]
    (view,) = (each for each in VIEWS if each.name == name)
    return list(dict.fromkeys(word for word in _WORD.findall(view.query) if word.islower()))


def _last_part(found: re.Match[str]) -> str:
    return next(part for part in found.groups() if part).rpartition(".")[2].strip("\"'")


def _meant(name: str, choices: list[str] | tuple[str, ...], where: str) -> str:
    near = difflib.get_close_matches(name.lower(), choices, n=3, cutoff=0.6)
    return f"; did you mean {' or '.join(near)}? ({where})" if near else f" ({where})"
