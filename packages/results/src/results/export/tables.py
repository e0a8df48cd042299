"""The exported tables: their files, identities and orders; their columns come from the contracts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from contracts.columns import ID_COLUMNS, WINDOW_COLUMNS, Kind, columns_of
from contracts.message import Message
from contracts.topics import (
    CANDLES,
    FILLS,
    MODEL_QUALITY,
    ORDERS,
    PNL,
    POSITIONS,
    PREDICTIONS,
    PREDICTIONS_SHADOW,
    RISK_ALERTS,
    SIGNALS,
    TECHNICAL_INDICATORS,
    TopicSpec,
)
from contracts.trade_frame import TRADE_COLUMNS

#: Exact decimals stay strings: a decimal type would need one scale for all pairs.
_TYPES: dict[Kind, Any] = {
    "integer": pl.Int64,
    "float": pl.Float64,
    "decimal": pl.String,
    "text": pl.String,
    "boolean": pl.Boolean,
    "json": pl.String,
}


@dataclass(frozen=True)
class Table:
    """A Parquet file made of the messages of a topic.

    Parameters
    ----------
    spec
        The topic.
    order
        Columns by which rows are sorted; with `identity` the order is total.
    first
        Columns that stand first; the others follow in the order of the contract.
    """

    spec: TopicSpec
    order: tuple[str, ...]
    first: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """File name without ``.parquet``."""
        return self.spec.name.replace("-", "_")

    @property
    def message(self) -> type[Message]:
        """The class of its messages."""
        return self.spec.messages[0]

    @property
    def identity(self) -> tuple[str, ...]:
        """Columns that together are the message id."""
        return ID_COLUMNS[self.message]

    @property
    def schema(self) -> dict[str, Any]:
        """Column types, in the order of the file."""
        types = {column.name: _TYPES[column.kind] for column in columns_of(self.message)}
        return {name: types[name] for name in dict.fromkeys((*self.first, *types))}

    @property
    def sorting(self) -> list[str]:
        """Columns of a total, deterministic order."""
        return list(dict.fromkeys((*self.order, *self.identity)))


_CANDLE_FIRST = (
    *WINDOW_COLUMNS,
    "open",
    "high",
    "low",
    "close",
    "volume",
    "trade_count",
    "quality",
    "revision",
)

TABLES: tuple[Table, ...] = (
    Table(CANDLES, ("window_start_ms",), _CANDLE_FIRST),
    Table(TECHNICAL_INDICATORS, ("window_start_ms",)),
    Table(PREDICTIONS, ("window_start_ms",)),
    Table(PREDICTIONS_SHADOW, ("window_start_ms",)),
    Table(MODEL_QUALITY, ("to_ms",)),
    Table(SIGNALS, ("window_start_ms",)),
    Table(ORDERS, ("decided_at_ms", "order_id", "updated_at_ms")),
    Table(FILLS, ("filled_at_ms",)),
    Table(POSITIONS, ("updated_at_ms",)),
    Table(PNL, ("time_ms",)),
    Table(RISK_ALERTS, ("time_ms",)),
)

TRADES_TABLE = "trades"
TRADE_IDENTITY = ["exchange", "pair", "trade_id"]
TRADES_SCHEMA: dict[str, Any] = {
    "exchange": pl.String,
    "pair": pl.String,
    "trade_id": pl.Int64,
    "timestamp_us": pl.Int64,
    "price": pl.String,
    "quantity": pl.String,
    "side": pl.String,
}
#: What is read of a message of the trades topic.
FRAME_SCHEMA: dict[str, Any] = {
    **dict.fromkeys(("type", "exchange", "pair"), pl.String),
    **{name: pl.List(TRADES_SCHEMA[column]) for name, column in TRADE_COLUMNS.items()},
}


def table(name: str) -> Table:
    """Return the table called `name`.

    Returns
    -------
    Table
        With its columns and identity.
    """
    return {each.name: each for each in TABLES}[name]
