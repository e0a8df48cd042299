"""The tables, made from the message classes: a field added to a message is a column on the next start."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import Any

from contracts.candle import Candle
from contracts.columns import ID_COLUMNS, WINDOW_COLUMNS, Column, columns_of
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
    description
        What a row says, in a line.
    own_key
        Columns that tell rows apart where those are not the ones of the message id.
    newest
        Column that decides between two messages of one key: the stored one stays if it is greater. Without it the
        later write wins, which is the same message again.
    """

    name: str
    message: type[Message]
    description: str
    own_key: tuple[str, ...] = ()
    newest: str | None = None

    @property
    def key(self) -> tuple[str, ...]:
        """Columns that tell rows apart."""
        return self.own_key or ID_COLUMNS[self.message]

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The message's fields in their order, and its id."""
        return (*columns_of(self.message), Column(MESSAGE_ID, "text"))

    @cached_property
    def row(self) -> Callable[[Message], tuple[Any, ...]]:
        """How a message becomes the values of a row."""
        return attrgetter(*(column.name for column in self.columns))


_POSITION = ("account", "exchange", "pair")

TABLES: tuple[Table, ...] = (
    Table("candles", Candle, "each candle, as last corrected", WINDOW_COLUMNS, "revision"),
    Table("candles_history", Candle, "each candle and each correction of it"),
    Table("technical_indicators", FeatureRow, "each feature row, as last corrected", WINDOW_COLUMNS, "revision"),
    Table(
        "technical_indicators_history",
        FeatureRow,
        "each feature row and each correction; revision 0 is what models were served",
    ),
    Table("predictions", Prediction, "one per final candle and model version"),
    Table("signals", Signal, "one decision per account, pair and final candle"),
    Table("orders", Order, "each order, as it stands", ("order_id",), "updated_at_ms"),
    Table("orders_history", Order, "each step in an order's life"),
    Table("fills", Fill, "each execution"),
    Table("positions", Position, "what each account holds now", _POSITION, "updated_at_ms"),
    Table("positions_history", Position, "the position after each fill"),
    Table("pnl", Pnl, "each account, once a minute"),
    Table("risk_alerts", RiskAlert, "limits approached, met or broken", (MESSAGE_ID,)),
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
