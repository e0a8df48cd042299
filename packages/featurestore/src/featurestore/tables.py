"""The tables, made from the message classes: a field added to a message is a column on the next start."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from operator import attrgetter
from typing import Any

from pydantic_core import to_jsonable_python

from contracts import topics
from contracts.candle import Candle
from contracts.columns import ID_COLUMNS, WINDOW_COLUMNS, Column, Kind, columns_of
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
from contracts.trade_frame import TRADE_COLUMNS, TradeFrame

#: Every table has it: the ids by which messages name each other, so lineage is a join.
MESSAGE_ID = "message_id"
#: An exact decimal is a number in the column of its name, and its digits are text in a second one: `close_text`.
TEXT_SUFFIX = "_text"


def digits_of(column: Column) -> Column:
    """Return the column that holds the digits of an exact decimal.

    Examples
    --------
    >>> digits_of(Column("close", "decimal")).name
    'close_text'
    """
    return Column(f"{column.name}{TEXT_SUFFIX}", "text", column.nullable)


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
    gained
        Columns without which rows of older versions would stand in the way, and what those are given in them, in SQL.
        Where one is of the key the table is made anew from its rows.
    narrow
        Rows are short and stay as they were first written: SQLite keeps them in the key, without a second copy of it.
    """

    name: str
    message: type[Message]
    description: str
    own_key: tuple[str, ...] = ()
    newest: str | None = None
    gained: Mapping[str, str] = field(default_factory=dict, hash=False)
    narrow: bool = False

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
        plain = attrgetter(*(column.name for column in self.columns))
        parts = [place for place, column in enumerate(self.columns) if column.kind == "json"]
        if not parts:
            return plain

        def with_parts(message: Message) -> tuple[Any, ...]:
            values = list(plain(message))
            for place in parts:
                values[place] = _as_json(values[place])
            return tuple(values)

        return with_parts

    def rows(self, messages: Iterable[Any]) -> Iterator[tuple[Any, ...]]:
        """Return the rows that messages of the class become."""
        return map(self.row, messages)

    @property
    def required(self) -> tuple[str, ...]:
        """Columns without which a table of this name is somebody else's."""
        own = {column.name for column in self.columns}
        key = tuple(name for name in self.key if name not in self.gained)
        return (*key, *({MESSAGE_ID} & own - set(key)))

    @cached_property
    def shown(self) -> tuple[Column, ...]:
        """What a query finds: `columns`, and beside each exact decimal its digits."""
        return tuple(shown_of(self.columns))


class TradesTable(Table):
    """Trades, one by one: what arrived in frames of up to a thousand."""

    @property
    def key(self) -> tuple[str, ...]:
        """What a venue tells one from another by."""
        return ("exchange", "pair", "trade_id")

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """Whose trade it is, and the columns of a frame."""
        kinds: dict[str, Kind] = {"trade_id": "integer", "timestamp_us": "integer", "side": "text"}
        of_trade = (Column(name, kinds.get(name, "decimal")) for name in TRADE_COLUMNS.values())
        return (Column("exchange", "text"), Column("pair", "text"), *of_trade)

    def rows(self, messages: Iterable[Any]) -> Iterator[tuple[Any, ...]]:
        """Return a row for each trade of the frames."""
        return ((frame.exchange, frame.pair, *trade) for frame in messages for trade in frame.rows())


def _as_json(value: Any) -> str | None:
    """Return what has parts of its own as a text that is the same for the same value."""
    return None if value is None else json.dumps(to_jsonable_python(value), sort_keys=True, ensure_ascii=False)


def shown_of(columns: Sequence[Column]) -> Iterator[Column]:
    """Yield each column, and after an exact decimal that of its digits."""
    for column in columns:
        yield column
        if column.kind == "decimal":
            yield digits_of(column)


def exact(columns: Sequence[Column]) -> str:
    """Return what a query selects to read `columns` exactly: of a decimal its digits, under its name."""
    return ", ".join(
        quoted(column.name)
        if column.kind != "decimal"
        else f"{quoted(digits_of(column).name)} AS {quoted(column.name)}"
        for column in columns
    )


_POSITION = ("account", "exchange", "pair")
#: Orders had two steps at most before they were numbered.
_STEPS = {"step": "CASE WHEN status IN ('PLACED', 'DENIED') THEN 1 ELSE 2 END"}

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
    Table("predictions_shadow", ShadowPrediction, "what challengers said of the same rows, in shadow"),
    Table("model_quality", ModelQuality, "how each version did on each pair, a row for every 200 predictions"),
    Table(
        "signals",
        Signal,
        "one decision per account, pair and final candle",
        # Not the strategy: an account has one, and older stores have a key without it.
        own_key=("account", *WINDOW_COLUMNS),
    ),
    Table("orders", Order, "each order, as it stands", ("order_id",), "step", _STEPS),
    Table("orders_history", Order, "each step in an order's life", gained=_STEPS),
    Table("fills", Fill, "each execution"),
    Table("positions", Position, "what each account holds now", _POSITION, "updated_at_ms"),
    Table("positions_history", Position, "the position after each fill"),
    Table("pnl", Pnl, "each account, once a minute"),
    Table("risk_alerts", RiskAlert, "limits approached, met or broken", (MESSAGE_ID,)),
    Table("strategy_settings", StrategySetting, "what operators have set of strategies: parameters, off and on"),
    Table("strategy_checks", StrategyCheck, "verdicts on files of strategies, with their texts"),
    Table(
        "forward_test_events", ForwardTestEvent, "when forward tests were started and stopped, with their accounts"
    ),
)
TRADES = TradesTable(topics.TRADES.name, TradeFrame, "each trade once", narrow=True)
#: What services write. RisingWave has the last one as a view over the frames.
STORED: tuple[Table, ...] = (*TABLES, TRADES)


def tables_of(message: type[Message]) -> tuple[Table, ...]:
    """Return the tables that keep messages of a class, the latest and the history.

    Raises
    ------
    TypeError
        If none does.
    """
    found = tuple(table for table in STORED if table.message is message)
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
    return {table.name: table for table in STORED}[name]


def quoted(name: str) -> str:
    """Return a column's name as SQL takes it even where it is one of its words, such as `limit`."""
    return f'"{name}"'


def quoted_names(columns: Iterable[str]) -> str:
    """Return a list of columns."""
    return ", ".join(map(quoted, columns))


def quoted_text(text: str) -> str:
    """Return a text as SQL takes it.

    Returns
    -------
    str
        In quotes.

    Examples
    --------
    >>> quoted_text("five o'clock")
    "'five o''clock'"
    """
    return "'" + text.replace("'", "''") + "'"
