"""Rows of text cells out of files: CSV, plain, gzipped or zipped, streamed line by line; Parquet in slices."""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Protocol, cast

import polars as pl

from contracts.errors import BadInputError
from exchanges.recorded.archives import only_file

PARQUET_SLICE_ROWS = 65_536
GZIP_MAGIC, PARQUET_MAGIC, ZIP_MAGIC = b"\x1f\x8b", b"PAR1", b"PK\x03\x04"
FLOAT_DIGITS = 15

#: Line number, the line as it stands, its cells.
Line = tuple[int, str, Sequence[str]]


class Table(Protocol):
    """A file as rows of text."""

    #: Whether the first line is names whatever stands in it.
    has_names: bool

    def first_line(self) -> Sequence[str]:
        """Return the cells of the first line (text) or the column names (Parquet)."""

    def lines(self, skip_first: bool) -> Iterator[Line]:
        """Return every row; `skip_first` leaves out a header line."""

    def row_count(self) -> int | None:
        """Return the number of rows where that costs nothing."""


def open_table(path: Path) -> Table:
    """Return `path` as a table, by its first bytes.

    Raises
    ------
    BadInputError
        If it is missing, empty, a directory, a zip of several files, or not what ``.gz`` or ``.parquet`` says.
    """
    if not path.is_file():
        raise BadInputError("path", "a file of recorded trades", str(path))
    with path.open("rb") as file:
        start = file.read(4)
    if not start:
        raise BadInputError("path", "a file with trades in it", f"{path} (empty)")
    if start == ZIP_MAGIC:
        return TextTable(path, partial(_open_zip, path))
    if start == PARQUET_MAGIC or path.suffix == ".parquet":
        return ParquetTable(path)
    is_gzip = start.startswith(GZIP_MAGIC)
    if path.suffix == ".gz" and not is_gzip:
        raise BadInputError("path", "a gzip file, as its name says", f"{path} (starts with {start!r})")
    return TextTable(path, lambda: cast(BinaryIO, gzip.GzipFile(path) if is_gzip else path.open("rb")))


class TextTable:
    """A CSV file; bytes that are not UTF-8 become replacement characters and so a bad row.

    Cells are apart by commas; in a file whose first line has none by semicolons or tabs.
    """

    has_names = False

    def __init__(self, path: Path, open_bytes: Callable[[], BinaryIO]) -> None:
        self._path = path
        self._open_bytes = open_bytes
        self._delimiter = ","
        first = next((text for _, text in self._texts()), "")
        if "," not in first:
            self._delimiter = next((mark for mark in ";\t" if mark in first), ",")

    def first_line(self) -> Sequence[str]:
        for _, _, cells in self.lines(skip_first=False):
            return cells
        raise BadInputError("path", "a file with trades in it", f"{self._path} (only blank lines)")

    def lines(self, skip_first: bool) -> Iterator[Line]:
        mark = self._delimiter
        for number, text in islice(self._texts(), int(skip_first), None):
            yield number, text, _cells(text, mark) if '"' in text else text.split(mark)

    def _texts(self) -> Iterator[tuple[int, str]]:
        """Return the lines that are not blank, with their numbers."""
        try:
            with io.TextIOWrapper(self._open_bytes(), "utf-8-sig", "replace", newline="\n") as file:
                for number, line in enumerate(file, start=1):
                    text = line.rstrip("\r\n")
                    if text:
                        yield number, text
        except (EOFError, gzip.BadGzipFile, zipfile.BadZipFile, zlib.error, NotImplementedError) as error:
            raise BadInputError(
                "path", "an undamaged gzip or zip file (of a zip, unzip it first)", f"{self._path} ({error})"
            ) from error
        except RuntimeError as error:  # a zip with a password
            raise BadInputError("path", "a zip without a password", f"{self._path} ({error})") from error

    def row_count(self) -> int | None:
        return None


def _open_zip(path: Path) -> BinaryIO:
    archive = zipfile.ZipFile(path)
    return cast(BinaryIO, archive.open(only_file(archive, "path", path)))


def _cells(text: str, delimiter: str) -> Sequence[str]:
    try:
        return next(csv.reader([text], delimiter=delimiter))
    except csv.Error:
        return [text]


class ParquetTable:
    """A Parquet file.

    Prices and quantities are best stored as strings or decimals. A float is read as its shortest decimal spelling,
    which is what was written if that had at most 15 significant digits; one that needs more is no exact price and
    makes a bad row, unless prices and quantities are rounded.
    """

    has_names = True

    def __init__(self, path: Path) -> None:
        self._path = path
        with _undamaged(path):
            self._schema = pl.read_parquet_schema(path)

    def first_line(self) -> Sequence[str]:
        return list(self._schema)

    def lines(self, skip_first: bool) -> Iterator[Line]:
        rows = self.row_count()
        for offset in range(0, rows, PARQUET_SLICE_ROWS):
            with _undamaged(self._path):
                part = pl.scan_parquet(self._path, glob=False).slice(offset, PARQUET_SLICE_ROWS).collect()
                columns = [_texts(part[name]) for name in part.columns]
            for number, cells in enumerate(zip(*columns, strict=True), start=offset + 1):
                yield number, ",".join(cells), cells

    def row_count(self) -> int:
        with _undamaged(self._path):
            return int(pl.scan_parquet(self._path, glob=False).select(pl.len()).collect().item())


@contextmanager
def _undamaged(path: Path) -> Iterator[None]:
    """Say that a Parquet file is damaged where Polars says so, or panics, which is no `Exception` to Python."""
    try:
        yield
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        raise BadInputError("path", "a readable Parquet file", f"{path} ({error})") from error


def _texts(column: pl.Series) -> list[str]:
    """Return a column's values as text; nulls as ''."""
    if column.dtype.is_float():
        return ["" if value is None else _float_text(value) for value in column.to_list()]
    if isinstance(column.dtype, pl.Datetime):
        # With their zone, so that they stand for themselves in whatever column; without one they are UTC.
        column = column.dt.convert_time_zone("UTC") if column.dtype.time_zone else column
        column = column.dt.cast_time_unit("us").dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")
    if column.dtype == pl.Boolean:
        return ["" if value is None else str(value).lower() for value in column.to_list()]
    return ["" if value is None else value for value in column.cast(pl.String, strict=False).to_list()]


def _float_text(value: float) -> str:
    text = repr(value)
    digits = text.split("e")[0].replace(".", "").replace("-", "").strip("0")
    return text if len(digits) <= FLOAT_DIGITS else f"{text} (a float of {len(digits)} digits)"
