"""A file of recorded trades as trade frames, exactly as the venue's feed would have given them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path

from contracts.errors import BadInputError
from contracts.trade_frame import TradeFrame
from contracts.units import US_PER_MS
from exchanges.recorded.bad_row import BadRow
from exchanges.recorded.batches import Flawed, read_batch
from exchanges.recorded.column_format import ColumnFormat, Row, RowReader
from exchanges.recorded.formats import FORMATS
from exchanges.recorded.names import exchange_of_file, pair_of_file, pair_of_symbol
from exchanges.recorded.tables import Line, Table, open_table

SAMPLE_ROWS = 1_000
BATCH_ROWS = 1_000

#: Venues that number the trades of a pair without holes.
CONSECUTIVE_VENUES = frozenset({"binance", "coinbase", "kraken", "simulator"})


@dataclass(frozen=True)
class Recording:
    """An opened recording.

    Parameters
    ----------
    path, format
        The file, and the name of the format it was recognised as.
    exchange, pair
        Of every trade in it.
    consecutive_ids
        Whether a hole in the ids means lost trades; False where ids are row numbers.
    rows
        How many rows it has, where that is known without reading it.
    first_ms
        Time of its first trade.
    last_ms
        Time of its last trade where that is known without reading it.
    """

    path: Path
    format: str
    exchange: str
    pair: str
    consecutive_ids: bool
    rows: int | None
    first_ms: int
    last_ms: int | None
    _table: Table
    _layout: ColumnFormat
    _reader: RowReader
    _chosen: Chosen

    def frames(self, on_bad_row: Callable[[BadRow], None], frame_rows: int = 1_000) -> Iterator[TradeFrame]:
        """Return the trades, up to `frame_rows` to a frame; reading starts anew with each call.

        Ids increase within a frame. A row whose id is not greater than the one before it starts a new frame, so late
        rows come later, in a frame of their own.

        Parameters
        ----------
        on_bad_row
            Told of every row that is not a trade; the rest goes on.
        frame_rows
            At most this many trades in a frame.

        Yields
        ------
        TradeFrame
            Frames of at most `frame_rows` trades.

        Raises
        ------
        BadInputError
            If the file is damaged, or names a second pair while none was asked for.
        """
        rows: list[Row] = []
        last_id = -1
        for row in self._rows(on_bad_row):
            if rows and (len(rows) >= frame_rows or row[0] <= last_id):
                yield self._frame(rows)
                rows = []
            rows.append(row)
            last_id = row[0]
        if rows:
            yield self._frame(rows)

    def _rows(self, on_bad_row: Callable[[BadRow], None]) -> Iterator[Row]:
        lines = self._ours()
        while batch := list(islice(lines, BATCH_ROWS)):
            try:
                yield from read_batch(self._reader, [line[0] for line in batch], [line[1][2] for line in batch])
            except (Flawed, BadInputError):
                yield from self._one_by_one(batch, on_bad_row)

    def _ours(self) -> Iterator[tuple[int, Line]]:
        """Return each row of our pair, with its ordinal in the file."""
        numbered = enumerate(self._table.lines(skip_first=not self._layout.headerless), start=1)
        if self._layout.symbol is None:
            return numbered
        takes, symbol = self._chosen.takes, self._reader.symbol
        return ((ordinal, line) for ordinal, line in numbered if takes(symbol(line[2])))

    def _one_by_one(self, batch: list[tuple[int, Line]], on_bad_row: Callable[[BadRow], None]) -> Iterator[Row]:
        for ordinal, (number, text, cells) in batch:
            try:
                yield self._reader.row(ordinal, cells)
            except BadInputError as error:
                on_bad_row(BadRow(number, text, error.field, error.expected, error.got))

    def _frame(self, rows: Sequence[Row]) -> TradeFrame:
        ids, times, prices, quantities, sides = zip(*rows, strict=True)
        return TradeFrame(
            exchange=self.exchange,
            pair=self.pair,
            consecutive_ids=self.consecutive_ids,
            trade_ids=list(ids),
            timestamps_us=list(times),
            prices=list(prices),
            quantities=list(quantities),
            sides=list(sides),
        )


class Chosen:
    """Which rows of a file that names pairs belong to the recording."""

    def __init__(self, pair: str, first_symbol: str | None, asked_for: bool) -> None:
        self.pair = pair
        self._asked_for = asked_for
        self._known: dict[str | None, bool] = {None: True}
        if first_symbol is not None and pair_of_symbol(first_symbol) is None:
            self._known[first_symbol] = True

    def takes(self, symbol: str | None) -> bool:
        """Say whether a row with this symbol is one of ours; one too broken to have a symbol is, to be complained of.

        Raises
        ------
        BadInputError
            On a second pair while none was asked for.
        """
        if symbol not in self._known:
            ours = pair_of_symbol(symbol or "") == self.pair
            if not ours and not self._asked_for:
                raise BadInputError("pair", f"only {self.pair} in the file, or pair= to choose one", symbol)
            self._known[symbol] = ours
        return self._known[symbol]


def open_recording(path: str | Path, pair: str | None = None, exchange: str | None = None) -> Recording:
    """Open a file of recorded trades; its format is recognised by its columns.

    Parameters
    ----------
    path
        CSV, gzipped CSV or Parquet.
    pair
        BASE/QUOTE; by default from the file's symbol column, else from its name. In a file of several pairs it
        chooses the rows.
    exchange
        By default from the file's exchange column, else the first word of its name, else ``recorded``.

    Returns
    -------
    Recording
        Its trades are read when asked for.

    Raises
    ------
    BadInputError
        If the file is missing, empty, damaged, of no known format, newest first, or does not tell its pair.
    """
    file = Path(path)
    table = open_table(file)
    first_line = table.first_line()
    layout = _recognise(file, first_line)
    reader = RowReader(layout, layout.header(first_line))
    lines = list(islice(table.lines(skip_first=not layout.headerless), SAMPLE_ROWS))
    if not lines:
        raise BadInputError("path", "a file with trades in it", f"{file} (a header and nothing else)")
    first_cells = lines[0][2]
    symbol = reader.symbol(first_cells)
    the_pair = pair or pair_of_symbol(symbol or "") or pair_of_file(file)
    if the_pair is None:
        raise BadInputError("pair", f"pair= to name the pair, as {file.name} does not", None)
    the_exchange = exchange or reader.exchange(first_cells) or exchange_of_file(file)
    chosen = Chosen(the_pair, symbol, asked_for=pair is not None)
    first_us = _check_sample(file, reader, lines, chosen)
    return Recording(
        path=file,
        format=layout.name,
        exchange=the_exchange,
        pair=the_pair,
        consecutive_ids=reader.id_place is not None and _consecutive(layout, the_exchange),
        rows=table.row_count(),
        first_ms=first_us // US_PER_MS,
        last_ms=None,
        _table=table,
        _layout=layout,
        _reader=reader,
        _chosen=chosen,
    )


def _recognise(file: Path, first_line: Sequence[str]) -> ColumnFormat:
    for layout in FORMATS:
        if layout.matches(first_line):
            return layout
    known = "; ".join(f"{layout.name} ({', '.join(layout.columns)})" for layout in FORMATS)
    raise BadInputError(f"columns of {file.name}", f"those of a known format: {known}", ", ".join(first_line)[:200])


def _consecutive(layout: ColumnFormat, exchange: str) -> bool:
    return exchange in CONSECUTIVE_VENUES if layout.consecutive_ids is None else layout.consecutive_ids


def _check_sample(file: Path, reader: RowReader, lines: Sequence[Line], chosen: Chosen) -> int:
    """Return the time of the first trade; complain of a file that holds none or runs backwards."""
    rows: list[Row] = []
    complaint: BadInputError | None = None
    for ordinal, (_, _, cells) in enumerate(lines, start=1):
        if not chosen.takes(reader.symbol(cells)):
            continue
        try:
            rows.append(reader.row(ordinal, cells))
        except BadInputError as error:
            complaint = complaint or error
    if not rows and complaint is not None:
        raise BadInputError(f"{file.name}: {complaint.field}", complaint.expected, complaint.got) from complaint
    if not rows:
        raise BadInputError("pair", f"a pair with trades in the first {len(lines)} rows of {file.name}", chosen.pair)
    backwards = sum(later[1] < earlier[1] for earlier, later in pairwise(rows))
    if backwards * 2 > len(rows):
        raise BadInputError(file.name, "trades oldest first", "newest first")
    return rows[0][1]
