"""The tables, made from the message classes: a field added to a message is a column on the next start."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import Any

from contracts.candle import Candle
from contracts.columns import Column, columns_of
from contracts.feature_row import FeatureRow
from contracts.fill import Fill
from contracts.message import Message
from contracts.order import Order
from contracts.pnl import Pnl
from contracts.position import Position
from contracts.prediction import Prediction
from contracts.risk_alert import RiskAlert
from contracts.signal import Signal

#: Every table has it: the ids by which messages name each other, so lineage is a join.
MESSAGE_ID = "message_id"


@dataclass(frozen=True)
class Table:
    """Messages of one class, one row for each `key`.

    Parameters
    ----------
    name
        In SQL.
    message
        Class of the messages.
    key
        Columns that tell rows apart.
    newest
        Column that decides between two messages of one key: the stored one stays if it is greater. Without it the
        later write wins, which is the same message again.
    description
        What a row says, in a line.
    """

    name: str
    message: type[Message]
    key: tuple[str, ...]
    description: str
    newest: str | None = None

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The message's fields in their order, and its id."""
        return (*columns_of(self.message), Column(MESSAGE_ID, "text"))

    @cached_property
    def row(self) -> Callable[[Message], tuple[Any, ...]]:
        """How a message becomes the values of a row."""
        return attrgetter(*(column.name for column in self.columns))


_WINDOW = ("exchange", "pair", "interval_s", "window_start_ms")
_PREDICTION = (*_WINDOW, "model_name", "model_version")
_POSITION = ("account", "exchange", "pair")

TABLES: tuple[Table, ...] = (
    Table("candles", Candle, _WINDOW, "each candle, as last corrected", newest="revision"),
    Table("candles_history", Candle, (*_WINDOW, "revision"), "each candle and each correction of it"),
    Table("technical_indicators", FeatureRow, _WINDOW, "each feature row, as last corrected", newest="revision"),
    Table(
        "technical_indicators_history",
        FeatureRow,
        (*_WINDOW, "revision"),
        "each feature row and each correction; revision 0 is what models were served",
    ),
    Table("predictions", Prediction, _PREDICTION, "one per final candle and model version"),
    Table("signals", Signal, ("account", *_WINDOW), "one decision per account, pair and final candle"),
    Table("orders", Order, ("order_id",), "each order, as it stands", newest="updated_at_ms"),
    Table("orders_history", Order, ("order_id", "status"), "each step in an order's life"),
    Table("fills", Fill, ("fill_id",), "each execution"),
    Table("positions", Position, _POSITION, "what each account holds now", newest="updated_at_ms"),
    Table("positions_history", Position, ("fill_id",), "the position after each fill"),
    Table("pnl", Pnl, ("account", "time_ms"), "each account, once a minute"),
    Table("risk_alerts", RiskAlert, (MESSAGE_ID,), "limits approached, met or broken"),
)


def tables_of(message: type[Message]) -> tuple[Table, ...]:
    """Return the tables that keep messages of a class, the latest and the history.

    Raises
    ------
    TypeError
        If none does.
    """
    found = tuple(table for table in TABLES if table.message is message)
    if not found:
        raise TypeError(f"no table keeps {message.__name__}")
    return found


def table(name: str) -> Table:
    """Return the table called `name`.

    Raises
    ------
    KeyError
        If there is none.
    """
    return {table.name: table for table in TABLES}[name]


def quoted(name: str) -> str:
    """Return a column's name as SQL takes it even where it is one of its words, such as `limit`."""
    return f'"{name}"'


def quoted_names(columns: Iterable[str]) -> str:
    """Return a list of columns."""
    return ", ".join(map(quoted, columns))


def quoted_text(text: str) -> str:
    """Return a text as SQL takes it.

    Examples
    --------
    >>> quoted_text("five o'clock")
    "'five o''clock'"
    """
    return "'" + text.replace("'", "''") + "'"
