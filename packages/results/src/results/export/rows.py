"""Bytes of a topic to typed rows, in bulk: JSON lines are parsed by polars, not message by message."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any

import polars as pl

from contracts.trade_frame import TRADE_COLUMNS
from results.export.tables import FRAME_SCHEMA, TRADES_SCHEMA, Table


def parse(values: Iterable[bytes], schema: dict[str, Any]) -> pl.DataFrame:
    """Return `values`, one JSON object each, as rows of `schema`."""
    lines = b"\n".join(values)
    if not lines:
        return pl.DataFrame(schema=schema)
    return pl.read_ndjson(io.BytesIO(lines), schema=schema)


def message_rows(table: Table, values: Iterable[bytes]) -> pl.DataFrame:
    """Return the rows of a table, in log order, repetitions included; what else is on its topic is left out."""
    rows = parse(values, table.schema)
    if len(table.spec.messages) == 1:
        return rows
    return rows.filter(pl.col("type") == table.message.model_fields["type"].default)


def trade_rows(values: Iterable[bytes]) -> pl.DataFrame:
    """Return one row for each trade of the frames among `values`; heartbeats and markers are left out."""
    frames = parse(values, FRAME_SCHEMA).filter(pl.col("type") == "trades")
    return (
        frames.select("exchange", "pair", *TRADE_COLUMNS)
        .explode(list(TRADE_COLUMNS))
        .rename(TRADE_COLUMNS)
        .select(list(TRADES_SCHEMA))
    )


def first_of_each(rows: pl.DataFrame, identity: list[str]) -> tuple[pl.DataFrame, int]:
    """Return the first row of each identity, and how many identities came with different values.

    Examples
    --------
    >>> rows = pl.DataFrame({"id": [1, 1, 2, 2], "price": ["5", "5", "7", "8"]})
    >>> kept, conflicts = first_of_each(rows, ["id"])
    >>> kept.height, conflicts
    (2, 1)
    """
    distinct = rows.unique(maintain_order=True, keep="first")
    kept = distinct.unique(subset=identity, maintain_order=True, keep="first")
    if kept.height == distinct.height:
        return kept, 0
    conflicts = distinct.group_by(identity).len().filter(pl.col("len") > 1).height
    return kept, conflicts
