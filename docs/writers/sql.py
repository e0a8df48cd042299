"""The SQL tables, read off the feature store."""

from __future__ import annotations

from collections.abc import Iterator

from docs.writers.markdown import code, table

from featurestore.tables import STORED


def lines() -> Iterator[str]:
    """Return a table of the tables."""
    rows = [
        (code(each.name), each.description, ", ".join(map(code, each.key)), str(len(each.shown))) for each in STORED
    ]
    yield from table(("table", "a row is", "key", "columns"), rows)
