"""Messages as rows of a table: what kind of value each column holds, and which columns the message id is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from contracts.candle import Candle
from contracts.feature_row import FeatureRow
from contracts.fill import Fill
from contracts.forward_test_event import ForwardTestEvent
from contracts.message import Message
from contracts.model_quality import ModelQuality
from contracts.order import Order
from contracts.pnl import Pnl
from contracts.position import Position
from contracts.prediction import Prediction
from contracts.risk_alert import RiskAlert
from contracts.shadow_prediction import ShadowPrediction
from contracts.signal import Signal
from contracts.strategy_check import StrategyCheck
from contracts.strategy_setting import StrategySetting
from contracts.units import DECIMAL_PATTERN, POSITIVE_DECIMAL_PATTERN

Kind = Literal["integer", "float", "decimal", "text", "boolean", "json"]

WINDOW_COLUMNS = ("exchange", "pair", "interval_s", "window_start_ms")
#: Class of messages that tables are made of -> the columns that its `message_id` is made of, in that order.
ID_COLUMNS: Mapping[type[Message], tuple[str, ...]] = {
    Candle: (*WINDOW_COLUMNS, "revision"),
    FeatureRow: (*WINDOW_COLUMNS, "revision"),
    Prediction: (*WINDOW_COLUMNS, "model_name", "model_version"),
    ShadowPrediction: (*WINDOW_COLUMNS, "model_name", "model_version"),
    ModelQuality: ("model_name", "model_version", "exchange", "pair", "interval_s", "to_ms"),
    Signal: ("account", "strategy", *WINDOW_COLUMNS),
    Order: ("order_id", "step"),
    Fill: ("fill_id",),
    Position: ("fill_id",),
    Pnl: ("account", "time_ms"),
    RiskAlert: ("account", "rule", "severity", "pair", "fill_id", "time_ms"),
    StrategySetting: ("account", "pair", "setting_id"),
    StrategyCheck: ("strategy", "file_hash", "check_id"),
    ForwardTestEvent: ("account", "action"),
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column and what kind of value it holds.

    Parameters
    ----------
    name
        As the table has it.
    kind
        Of its values.
    nullable
        Whether a value may be missing.
    """

    name: str
    kind: Kind
    nullable: bool = False


@cache
def columns_of(message: type[Message]) -> tuple[Column, ...]:
    """Return a column for each field of a message class, in their order.

    Parameters
    ----------
    message
        With fields of one value each; what has parts of its own is a value of JSON.

    Returns
    -------
    tuple[Column, ...]
        Exact decimals have a kind of their own: a float would lose digits.

    Raises
    ------
    TypeError
        If a field has several types of values.
    """
    properties: dict[str, Any] = message.model_json_schema()["properties"]
    return tuple(_column(name, schema) for name, schema in properties.items())


def _column(name: str, schema: dict[str, Any]) -> Column:
    choices = schema.get("anyOf", [schema])
    values = [choice for choice in choices if choice.get("type") != "null"]
    if len(values) != 1:
        raise TypeError(f"{name}: expected one type of value, was {schema}")
    return Column(name, _kind(name, values[0]), nullable=len(values) < len(choices))


def _kind(name: str, schema: dict[str, Any]) -> Kind:
    if schema.get("type") == "string":
        return "decimal" if schema.get("pattern") in (DECIMAL_PATTERN, POSITIVE_DECIMAL_PATTERN) else "text"
    if schema.get("type") == "integer":
        return "integer"
    if schema.get("type") == "number":
        return "float"
    if schema.get("type") == "boolean":
        return "boolean"
    if schema.get("type") in ("object", "array") or "$ref" in schema:
        return "json"
    raise TypeError(f"{name}: expected a string, integer, number, boolean, list or object, was {schema}")
