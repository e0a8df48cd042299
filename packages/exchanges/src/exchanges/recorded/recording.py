"""A file of recorded trades as trade frames, exactly as the venue's feed would have given them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise
from pathlib import Path

from contracts.counted import counted
from contracts.errors import BadInputError
from contracts.trade_frame import TradeFrame
from contracts.units import US_PER_MS
from exchanges.recorded.bad_row import BadRow
from exchanges.recorded.batches import Flawed, read_batch
from exchanges.recorded.column_format import Row, RowReader
from exchanges.recorded.names import DEFAULT_EXCHANGE, exchange_of_file
from exchanges.recorded.order import InOrder, Placed
from exchanges.recorded.recognise import Found, recognise
from exchanges.recorded.steps import Steps
from exchanges.recorded.tables import Line, Table, open_table
from exchanges.recorded.whose import Chosen, whose

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
    has_ids
        Whether the file has the venue's ids; otherwise its rows are numbered.
    rows
        How many rows it has, where that is known without reading it.
    first_ms
        Time of its first trade.
    last_ms
        Time of its last trade where that is known without reading it.
    notes
        What a reader must know of how it was read, in whole sentences.
    """

    path: Path
    format: str
    exchange: str
    pair: str
    consecutive_ids: bool
    has_ids: bool
    rows: int | None
    first_ms: int
    last_ms: int | None
    notes: tuple[str, ...]
    _table: Table
    _skip_first: bool
    _reader: RowReader
    _chosen: Chosen
    _steps: Steps = field(default_factory=Steps)

    def frames(
        self, on_bad_row: Callable[[BadRow], None], frame_rows: int = 1_000, *, refuse_restarts: bool = False
    ) -> Iterator[TradeFrame]:
        """Return the trades, up to `frame_rows` to a frame; reading starts anew with each call.

        Ids increase within a frame. A row whose id is not greater than the one before it starts a new frame, so late
        rows come later, in a frame of their own.

        Parameters
        ----------
        on_bad_row
            Told of every row that is not a trade; the rest goes on.
        frame_rows
            At most this many trades in a frame.
        refuse_restarts
            Whether ids that start again end the reading; otherwise their trades come as they stand.

        Yields
        ------
        TradeFrame
            Frames of at most `frame_rows` trades.

        Raises
        ------
        BadInputError
            If the file is damaged, names a second pair while none was asked for, or is not in the order of time.
        """
        rows: list[Row] = []
        last_id = -1
        in_order = InOrder(
            self.path.name,
            has_ids=self.has_ids,
            consecutive=self.consecutive_ids,
            on_bad_row=on_bad_row,
            refuse_restarts=refuse_restarts,
        )
        for row in in_order.rows(self._rows(on_bad_row)):
            if rows and (len(rows) >= frame_rows or row[0] <= last_id):
                yield self._frame(rows)
                rows = []
            rows.append(row)
            last_id = row[0]
        if rows:
            yield self._frame(rows)

    def _rows(self, on_bad_row: Callable[[BadRow], None]) -> Iterator[list[Placed]]:
        lines = self._ours()
        while batch := list(islice(lines, BATCH_ROWS)):
            try:
                rows = read_batch(self._reader, [line[0] for line in batch], [line[1][2] for line in batch])
            except (Flawed, BadInputError):
                yield self._one_by_one(batch, on_bad_row)
            else:
                yield [(line[1], row) for line, row in zip(batch, rows, strict=True)]

    def _ours(self) -> Iterator[tuple[int, Line]]:
        """Return each row of our pair, with its ordinal in the file."""
        numbered = enumerate(self._table.lines(skip_first=self._skip_first), start=1)
        if not self._reader.layout.symbol:
            return numbered
        takes, symbol = self._chosen.takes, self._reader.symbol
        return ((ordinal, line) for ordinal, line in numbered if takes(symbol(line[2])))

    def _one_by_one(self, batch: list[tuple[int, Line]], on_bad_row: Callable[[BadRow], None]) -> list[Placed]:
        rows: list[Placed] = []
        for ordinal, line in batch:
            try:
                rows.append((line, self._reader.row(ordinal, line[2])))
            except BadInputError as error:
                on_bad_row(BadRow(line[0], line[1], error.field, error.expected, error.got))
        return rows

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


def open_recording(
    path: str | Path, pair: str | None = None, exchange: str | None = None, steps: Steps | None = None
) -> Recording:
    """Open a file of recorded trades; its format is recognised by its columns and by what is in them.

    Parameters
    ----------
    path
        CSV, plain, gzipped or zipped, or Parquet.
    pair
        BASE/QUOTE; by default from the file's symbol column, else from its name. In a file of several pairs it
        chooses the rows.
    exchange
        By default from the file's exchange column, else the first word of its name, else the venue whose format it
        is, else ``recorded``.
    steps
        What prices and quantities are rounded to; by default nothing is.

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
    steps = steps or Steps()
    found = recognise(file, table, steps)
    reader = found.reader
    chosen, notes = whose(file, reader, found.lines[0][2], pair)
    from_name = exchange_of_file(file)
    in_format = reader.layout.venue if from_name == DEFAULT_EXCHANGE else None
    the_exchange = exchange or reader.exchange(found.lines[0][2]) or in_format or from_name
    first_us = _check_sample(file, found, chosen)
    has_ids = reader.id_place is not None
    return Recording(
        path=file,
        format=reader.layout.name,
        exchange=the_exchange,
        pair=chosen.pair,
        consecutive_ids=has_ids and _consecutive(reader, the_exchange),
        has_ids=has_ids,
        rows=table.row_count(),
        first_ms=first_us // US_PER_MS,
        last_ms=None,
        notes=(*notes, *(_unused(file, name) for name in reader.unused)),
        _table=table,
        _skip_first=found.skip_first,
        _reader=reader,
        _chosen=chosen,
        _steps=steps,
    )


def _unused(file: Path, column: str) -> str:
    return f"{file.name}: the column {column} is not used: it holds neither whole numbers for ids nor sides."


def _consecutive(reader: RowReader, exchange: str) -> bool:
    given = reader.layout.consecutive_ids
    return exchange in CONSECUTIVE_VENUES if given is None else given


def _check_sample(file: Path, found: Found, chosen: Chosen) -> int:
    """Return the time of the first trade; complain of a file that holds none or runs backwards."""
    rows: list[Row] = []
    complaint: tuple[int, BadInputError] | None = None
    for ordinal, (number, _, cells) in enumerate(found.lines, start=1):
        if not chosen.takes(found.reader.symbol(cells)):
            continue
        try:
            rows.append(found.reader.row(ordinal, cells))
        except BadInputError as error:
            complaint = complaint or (number, error)
    if not rows and complaint is not None:
        number, first = complaint
        where = f"{file.name} ({found.reader.layout.name}), line {number}: {first.field}"
        raise BadInputError(where, first.expected, first.got) from first
    if not rows:
        asked = f"a pair with trades in the first {counted(len(found.lines), 'row')} of {file.name}"
        raise BadInputError("pair", asked, chosen.pair)
    backwards = sum(later[1] < earlier[1] for earlier, later in pairwise(rows))
    if backwards * 2 > len(rows):
        raise BadInputError(file.name, "trades oldest first (sort the file by time)", "newest first")
    return rows[0][1]
