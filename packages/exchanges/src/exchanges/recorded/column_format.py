"""A format is which column holds what; reading a row is the same for all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from contracts.errors import BadInputError
from exchanges.recorded.cells import positive, trade_id

TAKER_SIDES: Mapping[str, str] = {
    "buy": "buy",
    "sell": "sell",
    "b": "buy",
    "s": "sell",
    "unknown": "unknown",
    "": "unknown",
}


#: One trade of a recording: trade id, time in microseconds, price, quantity, the taker's side.
Row = tuple[int, int, str, str, str]


@dataclass(frozen=True)
class ColumnFormat:
    """A shape of file, recognised by its columns.

    Parameters
    ----------
    name
        As in messages and settings.
    time, read_time
        The column of the trade's own time (not of its reporting), and how to read it in microseconds.
    price, quantity
        Columns.
    trade_id
        Column of the venue's id; None where rows count as ids.
    side, sides
        Column of the side, and what its texts in lower case mean for the taker; None where unknown.
    symbol, exchange
        Columns that name the pair and the venue, or None.
    consecutive_ids
        Whether the venue numbers without holes; None where that depends on the venue.
    optional
        Columns above that a file may lack.
    aliases
        Other names of the columns, used where a file has no column of the real name.
    headerless
        Column names for a file without a header line.
    """

    name: str
    time: str
    read_time: Callable[[str, str], int]
    price: str
    quantity: str
    trade_id: str | None = None
    side: str | None = None
    sides: Mapping[str, str] = field(default_factory=lambda: TAKER_SIDES)
    symbol: str | None = None
    exchange: str | None = None
    consecutive_ids: bool | None = False
    optional: frozenset[str] = frozenset()
    aliases: Mapping[str, str] = field(default_factory=dict)
    headerless: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns it needs."""
        if self.headerless:
            return self.headerless
        named = (self.symbol, self.exchange, self.trade_id, self.time, self.price, self.quantity, self.side)
        return tuple(column for column in named if column and column not in self.optional)

    def matches(self, first_line: Sequence[str]) -> bool:
        """Say whether a file that starts with these cells has this format."""
        if self.headerless:
            return len(first_line) == len(self.headerless) and all(map(_is_number, first_line))
        return set(self.columns) <= set(self.header(first_line))

    def header(self, first_line: Sequence[str]) -> list[str]:
        """Return the names of a file's columns as this format knows them."""
        if self.headerless:
            return list(self.headerless)
        names = [cell.strip().lower() for cell in first_line]
        for place, name in enumerate(names):
            real = self.aliases.get(name)
            if real is not None and real not in names:
                names[place] = real
        return names


def _is_number(text: str) -> bool:
    return text.isascii() and text.replace(".", "", 1).strip().isdigit()


class RowReader:
    """Reads rows of one format with one order of columns.

    Parameters
    ----------
    layout
        The format.
    header
        Column names in the order of the file, as `ColumnFormat.header` returns them.
    """

    def __init__(self, layout: ColumnFormat, header: Sequence[str]) -> None:
        self.layout = layout
        self.width = len(header)
        places = {name: place for place, name in enumerate(header)}
        self.time_place, self.price_place = places[layout.time], places[layout.price]
        self.quantity_place = places[layout.quantity]
        self.id_place, self.side_place, self._symbol_place, self._exchange_place = (
            None if name is None else places.get(name)
            for name in (layout.trade_id, layout.side, layout.symbol, layout.exchange)
        )

    def row(self, ordinal: int, cells: Sequence[str]) -> Row:
        """Return the trade in `cells`; `ordinal` is its id where the file has none.

        Raises
        ------
        BadInputError
            Naming the column, what was expected and what came.
        """
        layout = self.layout
        if len(cells) != self.width:
            raise BadInputError("row", f"{self.width} columns", f"{len(cells)} columns")
        return (
            ordinal if self.id_place is None else trade_id(cells[self.id_place], layout.trade_id or ""),
            layout.read_time(cells[self.time_place], layout.time),
            positive(cells[self.price_place], layout.price),
            positive(cells[self.quantity_place], layout.quantity),
            self._side(cells),
        )

    def _side(self, cells: Sequence[str]) -> str:
        if self.side_place is None:
            return "unknown"
        sides, text = self.layout.sides, cells[self.side_place]
        side = sides.get(text.strip().lower())
        if side is None:
            raise BadInputError(self.layout.side or "", f"one of {', '.join(filter(None, sides))}", text)
        return side

    def symbol(self, cells: Sequence[str]) -> str | None:
        """Return the text that names the row's pair, if the format has one."""
        return cells[self._symbol_place] if self._symbol_place is not None and len(cells) == self.width else None

    def exchange(self, cells: Sequence[str]) -> str | None:
        """Return the text that names the row's venue, if the format has one."""
        return cells[self._exchange_place] if self._exchange_place is not None and len(cells) == self.width else None
