"""From a file to its rows: archives are opened, and the first bytes tell what it is, not its name."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import polars as pl

from contracts.errors import BadInputError
from exchanges.recorded.archives import only_file
from exchanges.recorded.tables import GZIP_MAGIC, PARQUET_MAGIC, ZIP_MAGIC
from exchanges.recorded_bars.json_rows import json_rows
from exchanges.recorded_bars.rows import PLACE, Rows
from exchanges.recorded_bars.text_rows import text_rows

_KNOWN = "CSV, JSON, Parquet or Feather, plain, gzipped or in a zip"
_ARROW_MAGIC = b"ARROW1"
#: Excel's and MetaTrader's text.
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_LOOKED_AT = 4_096
#: What else people have, by its first bytes, and what they can do.
_NOT_READ = {
    b"FEA1": "the first version of Feather (write it again with pandas' to_feather)",
    b"\x89HDF": "HDF5 (freqtrade convert-data --format-to feather writes what can be read)",
    b"BZh": "bzip2 (unpack it first)",
    b"\xfd7zXZ": "xz (unpack it first)",
    b"\x28\xb5\x2f\xfd": "Zstandard (unpack it first)",
    b"7z\xbc\xaf": "7-Zip (unpack it first)",
}
DAMAGE = (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile, NotImplementedError, RuntimeError)
#: Of archives around a file: some archives contain themselves.
_MOST_LAYERS = 2

Found = TypeVar("Found")


def open_rows(path: Path) -> Rows:
    """Return the rows of a file.

    Raises
    ------
    BadInputError
        If it is missing, empty, damaged, or none of the kinds that are read.
    """
    if not path.is_file():
        raise BadInputError("bars", "a file of recorded bars", f"{path} (a folder)" if path.is_dir() else str(path))
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadInputError("bars", "a file that can be read", f"{path} ({error.strerror})") from error
    return _rows(path.name, content)


def _rows(name: str, content: bytes, inner_name: str = "", layers: int = 0) -> Rows:
    if not content.strip():
        raise BadInputError("bars", "a file with bars in it", f"{name} (empty)")
    if layers > _MOST_LAYERS:
        raise BadInputError("bars", _KNOWN, f"{name}, an archive of archives")
    if content.startswith(GZIP_MAGIC):
        return _rows(name, _undamaged(name, "gzip", lambda: gzip.decompress(content)), inner_name, layers + 1)
    if content.startswith(ZIP_MAGIC):
        inner_name, inside = _undamaged(name, "zip", lambda: _unzipped(name, content))
        return _rows(name, inside, inner_name, layers + 1)
    for start, what in _NOT_READ.items():
        if content.startswith(start):
            raise BadInputError("bars", _KNOWN, f"{name}, which is {what}")
    if content.startswith(PARQUET_MAGIC):
        return replace(_table(name, "Parquet", lambda: pl.read_parquet(io.BytesIO(content))), inner_name=inner_name)
    if content.startswith(_ARROW_MAGIC):
        return replace(_table(name, "Feather", lambda: pl.read_ipc(io.BytesIO(content))), inner_name=inner_name)
    text = _decoded(name, content)
    read = json_rows if _is_json(text) else text_rows
    return replace(read(name, text), inner_name=inner_name)


def is_lines(beginning: bytes) -> bool:
    """Return whether a file that begins so is a text of lines in UTF-8, one bar each.

    Returns
    -------
    bool
        False also where it is too short to tell.
    """
    others = (GZIP_MAGIC, ZIP_MAGIC, PARQUET_MAGIC, _ARROW_MAGIC, *_UTF_16, *_NOT_READ)
    is_text = not beginning.startswith(tuple(others)) and b"\0" not in beginning[:_LOOKED_AT]
    text = beginning.decode("utf-8-sig", errors="replace")
    return is_text and bool(text.strip()) and not _is_json(text)


def _is_json(text: str) -> bool:
    return text.lstrip()[:1] in ("{", "[")


def _unzipped(name: str, content: bytes) -> tuple[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        found = only_file(archive, "bars", name)
        return Path(found.filename).name, archive.read(found)


def _undamaged(name: str, kind: str, read: Callable[[], Found]) -> Found:
    try:
        return read()
    except DAMAGE as error:
        raise BadInputError("bars", f"an undamaged {kind} file without a password", f"{name} ({error})") from error


def _table(name: str, kind: str, read: Callable[[], pl.DataFrame]) -> Rows:
    try:
        frame = read()
    # To Python a panic is no `Exception`.
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        came = f"{name} ({str(error).splitlines()[0]})"
        raise BadInputError("bars", f"a readable {kind} file", came) from error
    if frame.is_empty():
        raise BadInputError("bars", "a file with bars in it", f"{name} (no rows)")
    return Rows(name, frame.with_row_index(PLACE, offset=1), named=True, unit="row")


def _decoded(name: str, content: bytes) -> str:
    if content.startswith(_UTF_16):
        return content.decode("utf-16", errors="replace")
    if b"\0" in content[:_LOOKED_AT]:
        raise BadInputError("bars", _KNOWN, f"{name} (starts with {content[:8]!r})")
    return content.decode("utf-8-sig", errors="replace")
