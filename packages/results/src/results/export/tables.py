"""The exported tables: their files, identities and orders; their columns come from the contracts."""

from __future__ import annotations

import types
from dataclasses import dataclass
from typing import Any, Literal, Union, get_args, get_origin

import polars as pl

from contracts.candle import Candle
from contracts.feature_row import FeatureRow
from contracts.fill import Fill
from contracts.message import Message
from contracts.order import Order
from contracts.pnl import Pnl
from contracts.position import Position
from contracts.prediction import Prediction
from contracts.risk_alert import RiskAlert
from contracts.signal import Signal
from contracts.topics import (
    CANDLES,
    FILLS,
    ORDERS,
    PNL,
    POSITIONS,
    PREDICTIONS,
    RISK_ALERTS,
    SIGNALS,
    TECHNICAL_INDICATORS,
    TRADES,
    TopicSpec,
)
from contracts.trade_frame import TradeFrame

_TYPES: dict[type, type[pl.DataType]] = {int: pl.Int64, float: pl.Float64, str: pl.String, bool: pl.Boolean}


@dataclass(frozen=True)
class Table:
    """A Parquet file made of one message class.

    Parameters
    ----------
    name
        File name without ``.parquet``.
    identity
        Columns that together are the message id.
    order
        Columns by which rows are sorted; with `identity` the order is total.
    first
        Columns that stand first; the others follow in the order of the contract.
    """

    name: str
    spec: TopicSpec
    message: type[Message]
    identity: tuple[str, ...]
    order: tuple[str, ...]
    first: tuple[str, ...] = ()

    @property
    def schema(self) -> dict[str, Any]:
        """Column types, in the order of the file."""
        types = wire_schema(self.message)
        return {name: types[name] for name in self._columns()}

    def _columns(self) -> list[str]:
        names = list(self.message.model_fields)
        return [*self.first, *(name for name in names if name not in self.first)]

    @property
    def sorting(self) -> list[str]:
        """Columns of a total, deterministic order."""
        return list(dict.fromkeys((*self.order, *self.identity)))


def wire_schema(message: type[Message]) -> dict[str, Any]:
    """Return the column types of a message class.

    Exact decimals stay strings: a float would lose digits, and a decimal type would need one scale for all pairs.
    """
    return {name: column_type(field.annotation) for name, field in message.model_fields.items()}


def column_type(annotation: Any) -> Any:
    """Return the column type for a field's annotation.

    Examples
    --------
    >>> column_type(int | None), column_type(Literal["buy", "sell"]), column_type(list[str])
    (Int64, String, List(String))
    """
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        return column_type(next(choice for choice in arguments if choice is not type(None)))
    if origin is Literal:
        return _TYPES[type(arguments[0])]
    if origin is list:
        return pl.List(column_type(arguments[0]))
    if hasattr(annotation, "__metadata__"):
        return column_type(annotation.__origin__)
    return _TYPES[annotation]


_CANDLE_FIRST = (
    "exchange",
    "pair",
    "interval_s",
    "window_start_ms",
    "open",
    "high",
    "low",
    "close",
    "volume",
    "trade_count",
    "quality",
    "revision",
)
_WINDOW = ("exchange", "pair", "interval_s", "window_start_ms")

TABLES: tuple[Table, ...] = (
    Table("candles", CANDLES, Candle, (*_WINDOW, "revision"), ("window_start_ms",), _CANDLE_FIRST),
    Table("technical_indicators", TECHNICAL_INDICATORS, FeatureRow, (*_WINDOW, "revision"), ("window_start_ms",)),
    Table("predictions", PREDICTIONS, Prediction, (*_WINDOW, "model_name", "model_version"), ("window_start_ms",)),
    Table("signals", SIGNALS, Signal, ("account", *_WINDOW), ("window_start_ms",)),
    Table("orders", ORDERS, Order, ("order_id", "status"), ("decided_at_ms", "order_id", "updated_at_ms")),
    Table("fills", FILLS, Fill, ("fill_id",), ("filled_at_ms",)),
    Table("positions", POSITIONS, Position, ("fill_id",), ("updated_at_ms",)),
    Table("pnl", PNL, Pnl, ("account", "time_ms"), ("time_ms",)),
    Table("risk_alerts", RISK_ALERTS, RiskAlert, ("account", "rule", "severity", "pair", "time_ms"), ("time_ms",)),
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
#: Column of a frame -> column of the table.
FRAME_COLUMNS = {
    "trade_ids": "trade_id",
    "timestamps_us": "timestamp_us",
    "prices": "price",
    "quantities": "quantity",
    "sides": "side",
}
TRADE_FRAME_SPEC, TRADE_FRAME = TRADES, TradeFrame


def table(name: str) -> Table:
    """Return the table called `name`."""
    return {each.name: each for each in TABLES}[name]
