"""Rows of a file, some at a time: texts by lines, Parquet by rows."""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, cast

import polars as pl

from exchanges.recorded.archives import only_file
from exchanges.recorded.tables import GZIP_MAGIC, PARQUET_MAGIC, ZIP_MAGIC
from exchanges.recorded_bars.content import is_lines
from exchanges.recorded_bars.rows import PLACE, Rows
from exchanges.recorded_bars.text_rows import Head, head_of, rows_of

#: A month of minutes, roughly.
PART_BYTES, PART_ROWS = 3_000_000, 44_640


class WholeError(Exception):
    """What a file is does not show in parts: it is to be read whole."""


def row_parts(path: Path) -> Iterator[Rows]:
    """Yield the rows of a file in their order; places count within a part.

    Raises
    ------
    WholeError
        If it is none of the kinds that can be read so.
    """
    with path.open("rb") as file:
        magic = file.read(len(PARQUET_MAGIC))
    if magic == PARQUET_MAGIC:
        yield from _table_parts(path)
        return
    with _unpacked(path) as (file, inner_name):
        yield from (replace(rows, inner_name=inner_name) for rows in _text_parts(path.name, file))


@contextmanager
def _unpacked(path: Path) -> Iterator[tuple[IO[bytes], str]]:
    with path.open("rb") as file:
        magic = file.read(len(ZIP_MAGIC))
        file.seek(0)
        if magic.startswith(GZIP_MAGIC):
            with gzip.open(file) as inside:
                yield cast("IO[bytes]", inside), ""
        elif magic == ZIP_MAGIC:
            with zipfile.ZipFile(file) as archive:
                found = only_file(archive, "bars", path.name)
                with archive.open(found) as inside:
                    yield inside, Path(found.filename).name
        else:
            yield file, ""


def _text_parts(name: str, file: IO[bytes]) -> Iterator[Rows]:
    head: Head | None = None
    for content in _whole_lines(file):
        is_first = head is None
        if is_first and not is_lines(content):
            raise WholeError
        text = content.decode("utf-8-sig" if is_first else "utf-8", errors="replace")
        head = head or head_of(name, text)
        rows = rows_of(name, text, head, is_first=is_first)
        if rows.frame.height:
            yield rows


def _whole_lines(file: IO[bytes]) -> Iterator[bytes]:
    rest = b""
    while block := file.read(PART_BYTES):
        end = block.rfind(b"\n") + 1
        if end:
            yield rest + block[:end]
            rest = b""
        rest += block[end:]
    if rest:
        yield rest


def _table_parts(path: Path) -> Iterator[Rows]:
    table = pl.scan_parquet(path)
    length = int(table.select(pl.len()).collect().item())
    for begin in range(0, length, PART_ROWS):
        frame = table.slice(begin, PART_ROWS).collect()
        yield Rows(path.name, frame.with_row_index(PLACE, offset=1), named=True, unit="row")
