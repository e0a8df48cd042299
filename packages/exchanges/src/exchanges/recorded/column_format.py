"""A format is which columns may hold what; finding them in a file and reading a row is the same for all of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from contracts.counted import counted
from contracts.errors import BadInputError
from exchanges.recorded.cells import any_time, microseconds, milliseconds, nanoseconds, positive, trade_id
from exchanges.recorded.steps import Steps

TAKER_SIDES: Mapping[str, str] = {
    "buy": "buy",
    "sell": "sell",
    "b": "buy",
    "s": "sell",
    "buyer": "buy",
    "seller": "sell",
    "unknown": "unknown",
    "none": "unknown",
    "": "unknown",
}
#: Where a column says whether the buyer was the maker: then the taker sold.
BUYER_IS_MAKER: Mapping[str, str] = {"true": "sell", "false": "buy", "1": "sell", "0": "buy"}

#: Bitstamp numbers them in a column of this name.
_TYPE_SIDES: Mapping[str, str] = {**TAKER_SIDES, "0": "buy", "1": "sell"}

#: One trade of a recording: trade id, time in microseconds, price, quantity, the taker's side.
Row = tuple[int, int, str, str, str]
ReadTime = Callable[[str, str], int]

#: A time column whose name ends so holds whole numbers of that unit; for others the size of the number tells.
_UNITS: Mapping[str, ReadTime] = {"_us": microseconds, "_ms": milliseconds, "_ns": nanoseconds}
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?").fullmatch
#: Words in the name of a column that may tell who took.
_SIDE_WORDS = ("side", "maker", "taker", "direction", "aggress")


@dataclass(frozen=True)
class ColumnFormat:
    """A shape of file, recognised by its columns and by what is in them.

    Parameters
    ----------
    name
        As in messages.
    time, price, quantity
        Names of columns, the preferred first: the trade's own time, not that of its reporting.
    trade_id
        Names of the column of the venue's id; rows count as ids in a file without one.
    side, sides
        Names of the column of the side, and what its texts in lower case mean for the taker.
    symbol, exchange
        Names of the columns that name the pair and the venue.
    needs_side
        Whether a file without a column of the side is of another format.
    venue
        Whose format it is, for files that name no venue.
    consecutive_ids
        Whether the venue numbers without holes; None where that depends on the venue.
    headerless
        Column names for a file without a header line.
    usual
        How a header usually calls the columns, for messages.
    """

    name: str
    time: tuple[str, ...]
    price: tuple[str, ...]
    quantity: tuple[str, ...]
    trade_id: tuple[str, ...] = ()
    side: tuple[str, ...] = ()
    sides: Mapping[str, str] = field(default_factory=lambda: TAKER_SIDES)
    symbol: tuple[str, ...] = ()
    exchange: tuple[str, ...] = ()
    needs_side: bool = False
    venue: str | None = None
    consecutive_ids: bool | None = None
    headerless: tuple[str, ...] = ()
    usual: tuple[str, ...] = ()

    def matches(self, first_line: Sequence[str]) -> bool:
        """Say whether a file that starts with these cells can have this format."""
        if self.headerless:
            return len(first_line) == len(self.headerless) and is_headerless(first_line)
        names = self.header(first_line)
        needed = (self.time, self.price, self.quantity, *([self.side] if self.needs_side else []))
        return all(any(name in names for name in role) for role in needed)

    def header(self, first_line: Sequence[str]) -> list[str]:
        """Return the names of a file's columns as this format knows them."""
        return list(self.headerless) or [_name(cell) for cell in first_line]


def is_headerless(first_line: Sequence[str]) -> bool:
    """Say whether a first line holds values: numbers in it, exponents and all, and no name."""
    return any(map(_NUMBER, map(str.strip, first_line)))


def read_time_of(column: str) -> ReadTime:
    """Return how to read a time, by the name of its column."""
    in_unit = _UNITS.get(column[-3:])
    if in_unit is None:
        return any_time
    return lambda text, name: in_unit(text, name) if text.isdigit() else any_time(text, name)


def _name(cell: str) -> str:
    """Return a column's name: ``createdTime`` for ``createdTime/成交时间``, in lower case."""
    return cell.strip().split("/")[0].lower().replace(" ", "_")


class RowReader:
    """Reads rows of one format with one order of columns.

    Which of several columns holds a role is decided by the rows of the sample: the preferred one that can be read.

    Parameters
    ----------
    layout
        The format.
    header
        Column names in the order of the file, as `ColumnFormat.header` returns them.
    sample
        Cells of some rows.
    steps
        What prices and quantities are rounded to.

    Attributes
    ----------
    unused
        Names of columns that seem to tell who took or to number trades and cannot be read so.
    """

    def __init__(
        self, layout: ColumnFormat, header: Sequence[str], sample: Sequence[Sequence[str]], steps: Steps | None = None
    ) -> None:
        self.layout = layout
        self.width = len(header)
        self._header = header
        self._steps = steps or Steps()
        self._sample = [cells for cells in sample if len(cells) == self.width]
        self.unused: list[str] = []
        times = self._places(layout.time)
        self.time_place = self._readable(times, lambda place: read_time_of(header[place])) or times[0]
        self.time_name = header[self.time_place]
        self.read_time = read_time_of(self.time_name)
        self.price_place = self._required(layout.price)
        self.quantity_place = self._required(layout.quantity)
        self.id_place = self._readable(self._places(layout.trade_id), lambda _place: trade_id)
        self.side_place = self._readable(self._places(layout.side), lambda _place: self._read_side)
        # Of columns without names a negative one is as likely a flaw.
        self._signed = self.side_place is None and not layout.headerless and self._has_signs()
        #: Whether rows need more than to be read.
        self.is_special = self._signed or self._steps.are_given
        self._symbol_place, self._exchange_place = (
            next(iter(self._places(names)), None) for names in (layout.symbol, layout.exchange)
        )
        roles = {self.time_place, self.price_place, self.quantity_place, self.id_place, self.side_place}
        self.unused += [
            name
            for place, name in enumerate(header)
            if place not in roles and name not in self.unused and any(word in name for word in _SIDE_WORDS)
        ]

    def _places(self, names: Sequence[str]) -> list[int]:
        return [self._header.index(name) for name in names if name in self._header]

    def _required(self, names: Sequence[str]) -> int:
        places = self._places(names)
        readable = self._readable(places, lambda _place: _amount)
        return places[0] if readable is None else readable

    def _readable(self, places: Sequence[int], read: Callable[[int], Callable[[str, str], object]]) -> int | None:
        """Return the first of `places` that can be read in a row of the sample; the others before it are unused."""
        for place in places:
            for cells in self._sample or [[""] * self.width]:
                try:
                    read(place)(cells[place], self._header[place])
                except BadInputError:
                    continue
                return place
            self.unused.append(self._header[place])
        return None

    def _has_signs(self) -> bool:
        """Say whether quantities are negative where the taker sold, as Bitfinex writes them."""
        negative = sum(cells[self.quantity_place].startswith("-") for cells in self._sample)
        return negative * 10 > len(self._sample)

    def row(self, ordinal: int, cells: Sequence[str]) -> Row:
        """Return the trade in `cells`; `ordinal` is its id where the file has none.

        Raises
        ------
        BadInputError
            Naming the column, what was expected and what came.
        """
        if len(cells) != self.width:
            raise BadInputError("row", counted(self.width, "column"), counted(len(cells), "column"))
        name, side = self._header, self._side(cells)
        price, quantity = cells[self.price_place], cells[self.quantity_place]
        if self._signed:
            side, quantity = ("sell", quantity[1:]) if quantity.startswith("-") else ("buy", quantity)
        if self._steps.are_given:
            price = self._steps.round(price, self._steps.price)
            quantity = self._steps.round(quantity, self._steps.quantity)
        return (
            ordinal if self.id_place is None else trade_id(cells[self.id_place], name[self.id_place]),
            self.read_time(cells[self.time_place], self.time_name),
            positive(price, name[self.price_place]),
            positive(quantity, name[self.quantity_place]),
            side,
        )

    def _side(self, cells: Sequence[str]) -> str:
        if self.side_place is None:
            return "unknown"
        return self._read_side(cells[self.side_place], self._header[self.side_place])

    def _read_side(self, text: str, column: str) -> str:
        sides = _TYPE_SIDES if column == "type" else self.layout.sides
        side = sides.get(text.strip().lower())
        if side is None:
            raise BadInputError(column, f"one of {', '.join(filter(None, sides))}", text)
        return side

    def symbol(self, cells: Sequence[str]) -> str | None:
        """Return the text that names the row's pair, if the format has one."""
        return cells[self._symbol_place] if self._symbol_place is not None and len(cells) == self.width else None

    def exchange(self, cells: Sequence[str]) -> str | None:
        """Return the text that names the row's venue, if the format has one."""
        return cells[self._exchange_place] if self._exchange_place is not None and len(cells) == self.width else None


def _amount(text: str, column: str) -> str:
    return positive(text.removeprefix("-").partition(" (")[0], column)
